//! Domain names, and the domains of e-mail addresses, in one canonical form.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A domain in its canonical form: at least two lower-case A-labels (UTS 46, strict).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// The text is not a domain that can have e-mail addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a domain name such as example.com")]
pub struct InvalidDomain(String);

/// The text is not a plain e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a plain e-mail address such as ada@example.com")]
pub struct InvalidAddress(String);

impl DomainName {
    /// Parses a domain in any case, in Unicode or A-label form.
    ///
    /// # Errors
    /// The text is not a domain: it has forbidden or unassigned characters, fewer than two labels, empty or overlong
    /// labels or a trailing dot, or it is an IP address.
    pub fn parse(text: &str) -> Result<Self, InvalidDomain> {
        let invalid = || InvalidDomain(text.to_owned());
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| invalid())?;
        let labels = ascii.split('.').count();
        if ascii.len() > 253 || labels < 2 || ascii.ends_with('.') || ascii.parse::<IpAddr>().is_ok() {
            return Err(invalid());
        }
        // If the last label consists of digits, it is an IPv4 address in one of its many notations (WHATWG URL 4.2).
        let last = ascii.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) { Err(invalid()) } else { Ok(Self(ascii)) }
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = InvalidDomain;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DomainName {
    type Error = InvalidDomain;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DomainName> for String {
    fn from(domain: DomainName) -> Self {
        domain.0
    }
}

/// Whether a user name is meant to be an e-mail address: it contains `@`, or a character that looks like one.
pub fn looks_like_address(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '@' | '＠' | '﹫'))
}

/// Whether a text can be an e-mail address at all: it has something on both sides of an `@`. Accepts what real
/// clients send, such as quoted local parts and hosts without a dot. Rejects what cannot be an address, such as
/// `n/a`.
pub fn can_be_address(text: &str) -> bool {
    let parts = text.rsplit_once(['@', '＠', '﹫']);
    parts.is_some_and(|(local, domain)| !local.trim().is_empty() && !domain.trim().is_empty())
}

/// Returns the domain of a plain address: one `@`, an unquoted local part, no hidden characters.
///
/// Quoted local parts, comments, two `@`, spaces, control and invisible characters are refused rather than
/// interpreted, because two systems that read them differently disagree about the domain.
///
/// # Errors
/// The text is not such an address.
pub fn email_domain(address: &str) -> Result<DomainName, InvalidAddress> {
    let invalid = || InvalidAddress(address.to_owned());
    let (local, domain) = address.split_once('@').ok_or_else(invalid)?;
    let hidden = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(
                c,
                '@' | '＠' | '﹫' | '"' | '(' | ')' | '<' | '>' | ',' | ';' | ':' | '\\' | '[' | ']'
            )
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}')
    };
    if local.is_empty() || local.chars().any(hidden) || domain.chars().any(hidden) {
        return Err(invalid());
    }
    DomainName::parse(domain).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Option<String> {
        email_domain(text).ok().map(String::from)
    }

    #[test]
    fn case_and_script_forms_of_one_domain_are_one() {
        for text in
            ["ada@Bücher.example", "ada@BÜCHER.EXAMPLE", "ada@xn--bcher-kva.example", "ada@bücher。example"]
        {
            assert_eq!(domain(text).as_deref(), Some("xn--bcher-kva.example"), "{text}");
        }
    }

    #[test]
    fn look_alikes_and_sub_domains_are_other_domains() {
        let acme = DomainName::parse("acme.example").unwrap();

        for text in
            ["a@аcme.example", "a@mail.acme.example", "a@acme.example.evil.example", "a@xacme.example"]
        {
            assert_ne!(email_domain(text).ok(), Some(acme.clone()), "{text}");
        }
    }

    #[test]
    fn ambiguous_addresses_are_refused() {
        for text in [
            "a@evil.example@acme.example",
            "\"a@evil.example\"@acme.example",
            "\"a b\"@acme.example",
            "a(comment)@acme.example",
            "a@acme.example.",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@1.2.3.0x4.5",
            "a@localhost",
            "@acme.example",
            "a@",
            "a",
            "a@acme.example\u{0}",
            "a@acme\u{200B}.example",
            "a @acme.example",
            "a＠evil.example@acme.example",
            "a@acme..example",
            "<a@acme.example>",
        ] {
            assert_eq!(domain(text), None, "{text:?}");
        }
    }

    #[test]
    fn impossible_addresses_are_refused_and_those_that_clients_send_are_accepted() {
        for none in ["n/a", "none", "-", "", " ", "@", "ada@", "@acme.example", " @acme.example", "ada@ "] {
            assert!(!can_be_address(none), "{none:?}");
        }
        for address in [
            "ada@acme.example",
            "ada@intern",
            "\"a@b\"@acme.example",
            "ada#EXT#@acme.example",
            "ada＠acme.example",
        ] {
            assert!(can_be_address(address), "{address:?}");
        }
    }

    #[test]
    fn a_full_width_at_sign_is_taken_for_an_address() {
        assert!(looks_like_address("a＠acme.example"));
        assert!(!looks_like_address("ada"));
    }

    #[test]
    fn a_domain_needs_two_labels_and_no_wildcard() {
        for text in ["com", "*.example.com", "exa mple.com", "", ".", "-a.example", "a_b.example", "10.0.0.1"]
        {
            assert!(DomainName::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(DomainName::parse("Example.COM").unwrap().as_str(), "example.com");
    }
}
