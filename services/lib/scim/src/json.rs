//! Checks JSON from untrusted clients in one pass, without building a value.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::discovery::MAX_BODY;
use crate::error::{ScimError, short};

/// The maximum nesting of objects and lists. A bulk request with a PATCH of an extension needs eight.
pub const MAX_DEPTH: usize = 32;

/// The maximum length of a member's name, in bytes.
const MAX_NAME: usize = 1 << 10;

/// Checks a JSON text: its size, its syntax, its nesting, and that it has no duplicate name in an object
/// (names compare without case, as in SCIM), no NUL, no lone surrogate and no number out of range.
///
/// # Errors
/// `invalidSyntax`, with line and column.
pub fn check(text: &str) -> Result<(), ScimError> {
    if text.len() > MAX_BODY {
        return Err(ScimError::syntax(format!(
            "the body has {} bytes; it can have at most {MAX_BODY}",
            text.len()
        )));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Value { left: MAX_DEPTH }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| ScimError::syntax(format!("the body can't be read as JSON: {error}")))
}

/// Parses a JSON text after it was checked.
///
/// # Errors
/// Those of [`check`].
pub fn parse(text: &str) -> Result<serde_json::Value, ScimError> {
    check(text)?;
    serde_json::from_str(text)
        .map_err(|error| ScimError::syntax(format!("the body can't be read as JSON: {error}")))
}

/// The number of levels that may still be nested below a value.
#[derive(Clone, Copy)]
struct Value {
    left: usize,
}

impl Value {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| E::custom("it is nested too deeply"))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') { Err(E::custom("a text contains a NUL character")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while elements.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let below = self.below()?;
        let mut names = HashSet::new();
        while let Some(mut name) = members.next_key::<String>()? {
            below.visit_str::<A::Error>(&name)?;
            if name.len() > MAX_NAME {
                return Err(A::Error::custom(format!("a name is longer than {MAX_NAME} bytes")));
            }
            name.make_ascii_lowercase();
            if let Some(twice) = names.replace(name.clone()) {
                return Err(A::Error::custom(format!("{:?} occurs twice in one object", short(&twice))));
            }
            members.next_value_seed(below)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScimType;

    #[test]
    fn documents_of_identity_providers_pass_the_check() {
        for text in [
            r#"{"schemas":["a","a"],"name":{"givenName":"Ada"},"roles":[{"value":"x"},{"value":"x"}],"n":1.5e3,"b":true,"z":null}"#,
            "[]",
            "\"text\"",
            " {\"emoji\":\"\\ud83d\\ude00\"} \n",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn ambiguous_and_malformed_json_is_refused() {
        let deep = format!("{}1{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        let deeper = "[".repeat(1_000_000);
        let large = format!("\"{}\"", "x".repeat(MAX_BODY));
        let long_name = format!("{{\"{}\":1}}", "x".repeat(MAX_NAME + 1));
        for text in [
            "",
            "{",
            "{} {}",
            r#"{"active":true,"active":false}"#,
            r#"{"active":true,"Active":false}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            "{\"a\":\"\\u0000\"}",
            "{\"a\\u0000\":1}",
            "{\"a\":\"\\ud800\"}",
            r#"{"a":1e999}"#,
            r#"{"a":NaN}"#,
            &deep,
            &deeper,
            &large,
            &long_name,
        ] {
            let error = check(text).unwrap_err();
            assert_eq!(error.scim_type, ScimType::InvalidSyntax);
            assert!(error.detail.len() < 300, "{}", error.detail);
        }
    }

    #[test]
    fn json_within_the_limits_passes_and_json_beyond_them_is_refused_with_a_reason() {
        let lists = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let body = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        let name = |bytes: usize| format!("{{\"{}\":1}}", "x".repeat(bytes));
        for (fits, too_much, told) in [
            (lists(MAX_DEPTH), lists(MAX_DEPTH + 1), "it is nested too deeply"),
            (objects(MAX_DEPTH), objects(MAX_DEPTH + 1), "it is nested too deeply"),
            (body(MAX_BODY), body(MAX_BODY + 1), "the body has 1048577 bytes; it can have at most 1048576"),
            (name(MAX_NAME), name(MAX_NAME + 1), "a name is longer than 1024 bytes"),
        ] {
            assert_eq!(check(&fits), Ok(()));
            let detail = check(&too_much).unwrap_err().detail;
            assert!(detail.contains(told), "{detail}");
        }
        for (text, told) in [
            ("[\"\\u0000\"]", "a text contains a NUL character"),
            ("{\"\\u0000\":1}", "a text contains a NUL character"),
            ("{\"Ab\":1,\"aB\":2}", "\"ab\" occurs twice in one object"),
            ("[1 2]", "line 1 column 4"),
        ] {
            let detail = check(text).unwrap_err().detail;
            assert!(
                detail.contains(told) && detail.starts_with("the body can't be read as JSON: "),
                "{detail}"
            );
        }
    }

    #[test]
    fn json_that_passes_the_check_is_parsed_unchanged() {
        let text = r#"{"b":[-1,18446744073709551615,1.5,true,null,"x"],"a":{"c":{},"d":{"c":[]}}}"#;
        assert_eq!(parse(text).unwrap().to_string(), text);
        assert_eq!(parse("{").unwrap_err().scim_type, ScimType::InvalidSyntax);
    }
}
