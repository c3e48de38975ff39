//! Filters (RFC 7644 section 3.4.2.2): the whole grammar, and the forms outside it that identity
//! providers are known to send, which become forms inside it:
//!
//! - `emails[type eq "work"].value eq "x"` and `emails[type eq "work"] eq "x"` mean
//!   `emails[type eq "work" and value eq "x"]`;
//! - unquoted values: `externalId eq jyoung`.

mod ast;
mod lexer;
mod parser;

pub use ast::{CompareOp, Comparison, Filter, Literal};
pub(crate) use parser::parse_patch_path;

use crate::error::{ScimError, ScimType};
use crate::schema::{Attribute, Kind, ResourceType};

/// Longest filter, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;
/// Deepest nesting of brackets and `not`.
pub const MAX_DEPTH: usize = 32;
/// Most comparisons.
pub const MAX_TERMS: usize = 200;

/// Where and why a filter can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset} of the filter")]
pub struct FilterError {
    /// Byte offset.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

impl From<FilterError> for ScimError {
    fn from(error: FilterError) -> Self {
        Self::new(ScimType::InvalidFilter, error.to_string())
    }
}

/// Reads a filter.
///
/// # Errors
/// Not a filter, or over a budget.
pub fn parse(text: &str) -> Result<Filter, FilterError> {
    parser::parse(text)
}

/// Checks that every attribute exists and can be compared so.
///
/// # Errors
/// `invalidFilter` naming the attribute.
pub fn check(filter: &Filter, resource_type: &ResourceType) -> Result<(), ScimError> {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => {
            check(left, resource_type)?;
            check(right, resource_type)
        }
        Filter::Not(inner) => check(inner, resource_type),
        Filter::Present(path) => path.resolve_in_filter(resource_type).map(|_| ()),
        Filter::Compare(comparison) => {
            let found = comparison.path.resolve_in_filter(resource_type)?;
            let kind = found.sub.map_or(found.attribute.kind, |sub| sub.kind);
            let ordered =
                matches!(comparison.op, CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le);
            if ordered && matches!(kind, Kind::Boolean | Kind::Binary) {
                return Err(ScimError::new(
                    ScimType::InvalidFilter,
                    format!("{} can't be compared with {}", comparison.path, comparison.op),
                ));
            }
            Ok(())
        }
        Filter::ValuePath(path, inner) => {
            check_element(inner, path.resolve_in_filter(resource_type)?.attribute)
        }
    }
}

/// Checks a filter on the elements of one attribute.
///
/// # Errors
/// `invalidFilter` naming the part that does not exist.
pub(crate) fn check_element(filter: &Filter, attribute: &Attribute) -> Result<(), ScimError> {
    filter.paths().into_iter().try_for_each(|part| {
        if part.urn.is_none() && part.sub.is_none() && attribute.sub(&part.name).is_some() {
            return Ok(());
        }
        let detail = format!("the filter names an unknown attribute: {}.{part}", attribute.name);
        Err(ScimError::new(ScimType::InvalidFilter, detail))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::{AttrPath, user};

    fn printed(text: &str) -> String {
        parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_tightest() {
        assert_eq!(printed("a pr or b pr and not (c pr)"), "a pr or (b pr and not (c pr))");
        assert_eq!(printed("(a pr or b pr) and c pr"), "(a pr or b pr) and c pr");
    }

    #[test]
    fn real_world_forms_become_forms_of_the_grammar() {
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
            ("x eq 12.5e3", "x eq 12500.0"),
            ("active eq True", "active eq true"),
            ("title eq null", "title eq null"),
            (r#"members.$ref eq "x""#, r#"members.$ref eq "x""#),
        ] {
            assert_eq!(printed(sent), meant, "{sent}");
        }
    }

    #[test]
    fn faults_are_told_by_byte_offset() {
        for (text, offset) in [
            ("", 0),
            ("userName", 8),
            ("userName eq", 11),
            (r#"é eq "x" x"#, 0),
            (r#"a eq "x" b"#, 9),
            ("(a pr", 5),
            (r#"a eq "x"#, 5),
            ("a[b pr", 6),
        ] {
            assert_eq!(parse(text).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn depth_terms_and_length_have_budgets() {
        assert!(parse(&format!("{}a pr{}", "(".repeat(20), ")".repeat(20))).is_ok());
        assert!(parse(&format!("{}a pr{}", "(".repeat(40), ")".repeat(40))).is_err());
        assert!(parse(&format!("{}a pr{}", "not (".repeat(40), ")".repeat(40))).is_err());
        assert!(parse(&vec!["a pr"; 200].join(" and ")).is_ok());
        assert!(parse(&vec!["a pr"; 201].join(" and ")).is_err());
        assert!(parse(&format!("a eq \"{}\"", "x".repeat(9_000))).is_err());
    }

    #[test]
    fn unknown_attributes_are_found_wherever_they_stand() {
        for text in [
            "nope pr",
            "userName pr and nope eq 1",
            "not (name.nope pr)",
            "emails[nope pr]",
            "active gt true",
        ] {
            assert!(check(&parse(text).unwrap(), user()).is_err(), "{text}");
        }
        check(
            &parse(r#"emails[type eq "work"] and department pr and meta.created gt "2026-01-01T00:00:00Z""#)
                .unwrap(),
            user(),
        )
        .unwrap();
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
            any::<i64>().prop_map(|number| Literal::Number(number.into())),
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
            let _ = parse(&text);
        }

        #[test]
        fn near_filters_never_panic(text in r#"[a-c \[\]().":\\eqnotpr$0-9é-]{0,40}"#) {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_printed_parses_to_the_same(filter in filter()) {
            prop_assert_eq!(parse(&filter.to_string()).unwrap(), filter);
        }
    }
}
