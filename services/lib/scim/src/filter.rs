//! Filters (RFC 7644 section 3.4.2.2). The parser reads the whole grammar, and these forms outside it that
//! identity providers are known to send; it turns them into forms of the grammar:
//!
//! - `emails[type eq "work"].value eq "x"` and `emails[type eq "work"] eq "x"` mean
//!   `emails[type eq "work" and value eq "x"]`;
//! - unquoted values: `externalId eq jyoung`.

mod ast;
mod bound;
mod lexer;
mod parser;

pub use ast::{CompareOp, Comparison, Filter, Literal};
pub use bound::{Bound, Case, Order, Place, Test, TextOp, bind, bind_element};
pub(crate) use parser::parse_patch_path;

use crate::Profile;
use crate::error::{ScimError, ScimType};

/// The maximum length of a filter, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;
/// The maximum nesting of brackets and `not`.
pub const MAX_DEPTH: usize = 32;
/// The maximum number of comparisons.
pub const MAX_TERMS: usize = 200;

/// Where and why a filter can't be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset} of the filter")]
pub struct FilterError {
    /// The byte offset of the fault.
    pub offset: usize,
    /// What is wrong at the offset.
    pub message: String,
}

impl From<FilterError> for ScimError {
    fn from(error: FilterError) -> Self {
        Self::new(ScimType::InvalidFilter, error.to_string())
    }
}

/// Parses a filter. The strict profile accepts the grammar only.
///
/// # Errors
/// Returns an error if the text is not a filter, or if it exceeds a limit.
pub fn parse(text: &str, profile: Profile) -> Result<Filter, FilterError> {
    parser::parse(text, profile)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Profile::{Default as Lenient, Strict};
    use crate::schema::{AttrPath, user};

    fn printed(text: &str) -> String {
        parse(text, Lenient).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_tightest() {
        assert_eq!(printed("a pr or b pr and not (c pr)"), "a pr or (b pr and not (c pr))");
        assert_eq!(printed("(a pr or b pr) and c pr"), "(a pr or b pr) and c pr");
    }

    #[test]
    fn known_dialects_of_filters_become_forms_of_the_grammar() {
        for (sent, meant) in [
            (r"externalId eq jyoung", r#"externalId eq "jyoung""#),
            (r#"emails[type eq "work"] eq "x""#, r#"emails[type eq "work" and value eq "x"]"#),
            (r#"emails[type eq "work"].value eq "x""#, r#"emails[type eq "work" and value eq "x"]"#),
            (r#"userName EQ "a""#, r#"userName eq "a""#),
            (r"not(title pr)", "not (title pr)"),
            (r#"roles[primary eq "True"]"#, r#"roles[primary eq "True"]"#),
            (
                r"meta.Created gt 2015-10-10T14:38:21.8617979-07:00",
                r#"meta.Created gt "2015-10-10T14:38:21.8617979-07:00""#,
            ),
            (
                r"name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)",
                r#"name.FamilyName eq "Employee" and (emails.Value co "example.com" or emails.Value co "example.org")"#,
            ),
            (
                r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26""#,
                r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26""#,
            ),
            (r#"x eq "a\"b\\c\u00e9""#, r#"x eq "a\"b\\cé""#),
            ("x eq 12.5e3", "x eq 12.5e3"),
            ("active eq True", r#"active eq "True""#),
            ("title eq null", "title eq null"),
            ("userName eq 'x'", r#"userName eq "x""#),
            ("(userName eq 'O'Brien') and title eq 'a b'", r#"userName eq "O'Brien" and title eq "a b""#),
            ("members[value eq 'id']", r#"members[value eq "id"]"#),
            ("title eq ''", r#"title eq """#),
            (r#"members.$ref eq "x""#, r#"members.$ref eq "x""#),
        ] {
            assert_eq!(printed(sent), meant, "{sent}");
        }
    }

    #[test]
    fn the_strict_profile_parses_only_the_grammar() {
        for text in [
            "externalId eq jyoung",
            "userName eq 'x'",
            "members[value eq 'id']",
            "active eq True",
            r#"emails[type eq "work"] eq "x""#,
            r#"emails[type eq "work"].value eq "x""#,
        ] {
            assert!(parse(text, Strict).is_err(), "{text}");
        }
        for text in [r#"userName EQ "a" and not (emails[type eq "work"])"#, "active eq true", "title eq null"]
        {
            assert_eq!(parse(text, Strict), parse(text, Lenient), "{text}");
        }
        let short = parse("department pr", Strict).unwrap();
        assert!(bind(&short, user(), Strict).is_err() && bind(&short, user(), Lenient).is_ok());
    }

    #[test]
    fn parse_errors_have_a_byte_offset() {
        for (text, offset) in [
            ("", 0),
            ("userName", 8),
            ("userName eq", 11),
            (r#"é eq "x" x"#, 0),
            (r#"a eq "x" b"#, 9),
            ("(a pr", 5),
            (r#"a eq "x"#, 5),
            ("a[b pr", 6),
            ("a eq 'x", 5),
        ] {
            assert_eq!(parse(text, Lenient).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn depth_terms_and_length_are_limited() {
        assert!(parse(&format!("{}a pr{}", "(".repeat(20), ")".repeat(20)), Lenient).is_ok());
        assert!(parse(&format!("{}a pr{}", "(".repeat(40), ")".repeat(40)), Lenient).is_err());
        assert!(parse(&format!("{}a pr{}", "not (".repeat(40), ")".repeat(40)), Lenient).is_err());
        assert!(parse(&vec!["a pr"; 200].join(" and "), Lenient).is_ok());
        assert!(parse(&vec!["a pr"; 201].join(" and "), Lenient).is_err());
        assert!(parse(&format!("a eq \"{}\"", "x".repeat(17_000)), Lenient).is_err());
    }

    #[test]
    fn unknown_attributes_are_refused_anywhere_in_a_filter() {
        for text in [
            "nope pr",
            "userName pr and nope eq 1",
            "not (name.nope pr)",
            "emails[nope pr]",
            "emails[type[value pr] pr]",
            "userName[value pr]",
            "name.familyName[value pr]",
            r#"urn:ietf:params:scim:schemas:extension:custom:2.0:User:badge eq "x""#,
            "badge pr",
        ] {
            let fault = parse(text, Lenient)
                .map_err(ScimError::from)
                .and_then(|filter| bind(&filter, user(), Lenient).map(|_| ()));
            assert_eq!(fault.unwrap_err().scim_type, ScimType::InvalidFilter, "{text}");
        }
    }

    #[test]
    fn a_comparison_must_fit_the_attribute() {
        for text in [
            "active gt true",
            "active co \"t\"",
            "active eq \"maybe\"",
            "name eq \"x\"",
            "addresses eq \"x\"",
            "meta.created gt \"yesterday\"",
            "meta.created co \"2026\"",
            "title gt null",
            "x509Certificates.value lt \"x\"",
            r#"userName eq "a\u0000b""#,
        ] {
            let fault = bind(&parse(text, Lenient).unwrap(), user(), Lenient).unwrap_err();
            assert_eq!(fault.scim_type, ScimType::InvalidFilter, "{text}");
        }
        for text in [
            r#"emails[type eq "work"] and department pr and meta.created gt "2026-01-01T00:00:00Z""#,
            "ActiVe EQ \"TRUE\" and roles[primary eq \"True\"] and name pr and emails eq \"x\"",
            "schemas eq \"urn:x\" and manager eq \"m\" and externalId eq 007 and userName ne 1",
            "meta.Created gt 2015-10-10T14:38:21.8617979-07:00",
        ] {
            bind(&parse(text, Lenient).unwrap(), user(), Lenient).unwrap();
        }
    }

    fn path() -> impl Strategy<Value = AttrPath> {
        ("[a-z][a-zA-Z0-9_-]{0,8}", prop::option::of("[$a-z][a-zA-Z]{0,6}"), any::<bool>())
            .prop_filter("a keyword is no attribute", |(name, _, _)| name != "not")
            .prop_map(|(name, sub, urn)| AttrPath {
                urn: urn.then(|| crate::schema::ENTERPRISE_USER.to_owned()),
                name,
                sub,
            })
    }

    fn literal() -> impl Strategy<Value = Literal> {
        prop_oneof![
            "\\PC{0,12}".prop_map(Literal::String),
            any::<bool>().prop_map(Literal::Boolean),
            any::<i64>().prop_map(|number| Literal::Number(number.to_string())),
            Just(Literal::Null),
        ]
    }

    fn leaf() -> impl Strategy<Value = Filter> {
        use CompareOp::{Co, Eq, Ew, Ge, Gt, Le, Lt, Ne, Sw};
        let op = prop::sample::select(vec![Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le]);
        prop_oneof![
            path().prop_map(Filter::Present),
            (path(), op, literal()).prop_map(|(path, op, value)| Filter::Compare(Comparison {
                path,
                op,
                value
            })),
        ]
    }

    fn filter() -> impl Strategy<Value = Filter> {
        leaf().prop_recursive(4, 24, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| Filter::And(Box::new(a), Box::new(b))),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| Filter::Or(Box::new(a), Box::new(b))),
                inner.clone().prop_map(|a| Filter::Not(Box::new(a))),
                (path(), leaf()).prop_map(|(path, inner)| Filter::ValuePath(path, Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_parser_never_panics(text in "\\PC{0,60}") {
            let _ = parse(&text, Lenient);
        }

        #[test]
        fn near_filters_never_panic(text in r#"[a-c \[\]().":\\eqnotpr$0-9é-]{0,40}"#) {
            let _ = parse(&text, Lenient);
        }

        #[test]
        fn a_printed_filter_parses_to_the_same_filter(filter in filter()) {
            prop_assert_eq!(parse(&filter.to_string(), Lenient).unwrap(), filter);
        }
    }
}
