//! Secrets that people and programs hold: SCIM tokens, service keys, and the services' own keys.
//!
//! The form is `ush_<lookup id>_<secret>_<checksum>`, all in base 62. The lookup id finds the row, the secret has 256
//! bits, and the checksum (CRC-32 of everything before it) detects typing errors and noise without any I/O.

use std::fmt;

use rand::RngExt as _;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOOKUP_LEN: usize = 12;
/// 43 base-62 digits hold 256 bits.
const SECRET_LEN: usize = 43;
const CHECKSUM_LEN: usize = 6;

/// The text is not a secret of this kind, or was mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed secret: it is incomplete or mistyped")]
pub struct MalformedSecret;

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// Generates a secret from the system's random source.
            pub fn generate() -> Self {
                Self(generate($prefix))
            }

            /// Parses a secret, without any I/O.
            ///
            /// # Errors
            /// The text has another form, or its checksum is wrong.
            pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
                check($prefix, text).map(|()| Self(text.to_owned()))
            }

            /// The part that finds the row. It is not secret.
            pub fn lookup_id(&self) -> &str {
                &self.0[$prefix.len() + 1..][..LOOKUP_LEN]
            }

            /// The part that is hashed.
            pub fn secret(&self) -> &[u8] {
                &self.0.as_bytes()[$prefix.len() + 1 + LOOKUP_LEN + 1..][..SECRET_LEN]
            }

            /// The whole text, which is shown only once.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}_…", $prefix, self.lookup_id())
            }
        }
    )*};
}

secrets! {
    /// The bearer token that an identity provider holds.
    ScimToken = "ush",
    /// The key with which a service or an operator requests credentials from the tenant service.
    ServiceKey = "usk",
    /// A service's own key, from its key file. It authenticates and encrypts what the service stores.
    ServerKey = "usv",
}

fn generate(prefix: &str) -> String {
    let mut rng = rand::rng();
    let mut digits = |count: usize| -> String {
        (0..count).map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())])).collect()
    };
    let body = format!("{prefix}_{}_{}", digits(LOOKUP_LEN), digits(SECRET_LEN));
    let sum = checksum(&body);
    format!("{body}_{sum}")
}

fn check(prefix: &str, text: &str) -> Result<(), MalformedSecret> {
    let mut parts = text.split('_');
    let (Some(found), Some(lookup), Some(secret), Some(sum), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MalformedSecret);
    };
    let digits =
        |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let shape = found == prefix
        && digits(lookup, LOOKUP_LEN)
        && digits(secret, SECRET_LEN)
        && digits(sum, CHECKSUM_LEN);
    if shape && checksum(&text[..text.len() - CHECKSUM_LEN - 1]) == sum {
        Ok(())
    } else {
        Err(MalformedSecret)
    }
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_generated_token_parses_and_hides_its_secret() {
        let token = ScimToken::generate();

        assert_eq!(ScimToken::parse(token.expose()).unwrap(), token);
        assert!(!format!("{token:?}").contains(std::str::from_utf8(token.secret()).unwrap()));
        assert!(ServiceKey::parse(token.expose()).is_err());
    }

    proptest! {
        #[test]
        fn one_changed_character_is_always_found(at in 4_usize..66, digit in 0_usize..62) {
            let token = ScimToken::generate();
            let mut bytes = token.expose().as_bytes().to_vec();
            prop_assume!(bytes[at] != b'_' && bytes[at] != DIGITS[digit]);
            bytes[at] = DIGITS[digit];

            prop_assert!(ScimToken::parse(&String::from_utf8(bytes).unwrap()).is_err());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = ScimToken::parse(&text);
        }
    }
}
