//! Which comparisons each type of attribute allows.

use serde_json::{Value, json};
use usher_scim::schema::CUSTOM_USER;
use usher_scim::{Object, Profile, ScimType, eval, filter};

use crate::evaluator::{each, users};

#[test]
fn ids_of_the_service_match_in_every_spelling_and_other_values_do_not() {
    each(
        true,
        &[
            r#"id eq "0189000000007000800000000000000A""#,
            r#"id eq "01890000-0000-7000-8000-00000000000A""#,
            r#"groups.value eq "0189000000007000800000000000000B""#,
            r#"groups[value eq "01890000-0000-7000-8000-00000000000B"]"#,
            r#"groups eq "01890000-0000-7000-8000-00000000000B""#,
            r#"id ne "7""#,
        ],
    );
    each(
        false,
        &[
            r#"id ne "01890000-0000-7000-8000-00000000000A""#,
            r#"id co "00A""#,
            r#"groups.display eq "01890000-0000-7000-8000-00000000000B""#,
            r#"id eq "01890000-0000-7000-8000-00000000000b""#,
        ],
    );
    let users = users();
    let at = |name: &str, value: &str| {
        let text = format!("{name} eq \"{}\"", value.to_uppercase());
        let read = filter::parse(&text, Profile::Default).unwrap();
        let bound = filter::bind(&read, &users, Profile::Default).unwrap();
        eval::matches(&bound, &Object::from_iter([(name.to_owned(), json!(value))]))
    };
    assert!(at("id", "01890000-0000-7000-8000-00000000000a"));
    assert!(!at("externalId", "01890000-0000-7000-8000-00000000000a"), "that is the client's");
}

#[test]
fn a_filter_counts_its_terms_and_lists_those_that_must_all_hold() {
    let read = |text: &str| filter::parse(text, Profile::Default).unwrap();
    for (text, terms, conjunction) in [
        (r#"a eq "x""#, 1, Some(1)),
        ("a pr", 1, None),
        (r#"a eq "x" and b ne 1 and c co "y""#, 3, Some(3)),
        (r#"a eq "x" and b pr"#, 2, None),
        (r#"b pr and a eq "x""#, 2, None),
        (r#"a eq "x" or b eq "y""#, 2, None),
        (r#"not (a eq "x" and b pr)"#, 2, None),
        (r#"e[a eq "x" or b eq "y"] or c pr"#, 3, None),
    ] {
        assert_eq!(read(text).terms(), terms, "{text}");
        assert_eq!(read(text).conjunction().map(|all| Vec::len(&all)), conjunction, "{text}");
    }
}

#[test]
fn a_comparison_that_does_not_fit_its_attribute_is_refused_with_a_reason() {
    let users = users();
    let custom = |rest: &str| format!("{CUSTOM_USER}:{rest}");
    for (text, reason) in [
        ("active gt true".to_owned(), "use eq or ne"),
        ("active co \"t\"".to_owned(), "use eq or ne"),
        ("active eq 7".to_owned(), "\": it is true or false"),
        ("name eq \"x\"".to_owned(), "name one of them"),
        ("meta.created co \"2026\"".to_owned(), "for strings"),
        ("meta.created gt \"2026\"".to_owned(), "such as"),
        ("title gt null".to_owned(), "eq and ne only"),
        ("title co null".to_owned(), "eq and ne only"),
        ("x509Certificates.value gt \"x\"".to_owned(), "no order"),
        (r#"title co "a\u0000""#.to_owned(), "NUL"),
        (custom("badge eq 7.5"), "whole number"),
        (custom("badge eq 9223372036854775808"), "whole number"),
        (custom("badge co \"7\""), "a number"),
        (custom("load sw 1"), "a number"),
        (custom("load eq \"NaN\""), "a number"),
        (custom("load eq \"inf\""), "a number"),
        (custom("load eq \"x\""), "a number"),
        ("title[value pr]".to_owned(), "has no sub-attributes"),
        ("name.familyName[value pr]".to_owned(), "has no sub-attributes"),
        ("emails.value[value pr]".to_owned(), "has no sub-attributes"),
        ("emails[emails[value pr]]".to_owned(), "has no sub-attributes"),
        ("emails[nope pr]".to_owned(), "unknown attribute: emails.nope"),
        ("emails[nope eq 1]".to_owned(), "unknown attribute: emails.nope"),
        ("emails[value.type pr]".to_owned(), "unknown attribute: emails.value.type"),
        (format!("emails[{CUSTOM_USER}:value pr]"), "unknown attribute"),
        (custom("nope pr"), "unknown attribute"),
        ("badge pr".to_owned(), "unknown attribute"),
    ] {
        let read = filter::parse(&text, Profile::Default).unwrap();
        let fault = filter::bind(&read, &users, Profile::Default).unwrap_err();
        assert_eq!(fault.scim_type, ScimType::InvalidFilter, "{text}");
        assert!(fault.detail.contains(reason), "{text}: {fault}");
        assert_eq!(fault.detail.contains("use eq or ne"), reason == "use eq or ne", "{text}: {fault}");
    }
}

#[test]
fn a_stored_value_of_the_wrong_type_matches_no_comparison() {
    let users = users();
    let of = |text: &str, resource: Value| {
        let read = filter::parse(text, Profile::Default).unwrap();
        let bound = filter::bind(&read, &users, Profile::Default).unwrap();
        eval::matches(&bound, resource.as_object().unwrap())
    };
    assert!(!of("active eq true", json!({"active": "true"})));
    assert!(!of(r#"title ge "0""#, json!({"title": 7})));
    assert!(!of("meta.created ge \"2026-01-01T00:00:00Z\"", json!({"meta": {"created": "yesterday"}})));
    assert!(!of(&format!("{CUSTOM_USER}:badge eq 7"), json!({CUSTOM_USER: {"badge": 7.5}})));
    assert!(!of(&format!("{CUSTOM_USER}:badge eq 7"), json!({CUSTOM_USER: 7})));
    assert!(!of(r#"emails[value eq "x"]"#, json!({"emails": ["x"]})));
}
