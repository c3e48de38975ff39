//! Which texts are filters, and the errors for those that are not.

use usher_scim::filter::{MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse};
use usher_scim::{Profile, ScimError, ScimType};

fn printed(text: &str, profile: Profile) -> Result<String, String> {
    parse(text, profile).map(|filter| filter.to_string()).map_err(|error| error.to_string())
}

#[test]
fn operators_parse_in_any_case_and_print_in_lower_case() {
    for operator in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
        for written in [operator.to_owned(), operator.to_uppercase()] {
            for profile in [Profile::Default, Profile::Strict] {
                let found = printed(&format!("title {written} \"x\""), profile);
                assert_eq!(found, Ok(format!("title {operator} \"x\"")));
            }
        }
    }
    assert_eq!(printed("title PR", Profile::Strict), Ok("title pr".to_owned()));
    for literal in ["true", "false", "null", "7", "-1.5e3"] {
        let text = format!("title eq {literal}");
        assert_eq!(printed(&text, Profile::Strict), Ok(text.clone()));
        assert_eq!(printed(&text, Profile::Default), Ok(text));
    }
}

#[test]
fn white_space_is_allowed_between_all_tokens() {
    for text in [
        "  title eq \"x\" and ( not ( nickName pr ) )  ",
        "\ttitle\teq\t\"x\"\tand\t(\tnot\t(\tnickName\tpr\t)\t)\t",
        "title eq\"x\"and(not(nickName pr))",
    ] {
        assert_eq!(
            printed(text, Profile::Default).as_deref(),
            Ok("title eq \"x\" and not (nickName pr)"),
            "{text}"
        );
    }
}

#[test]
fn only_brackets_that_change_the_meaning_are_printed() {
    for (text, expected) in [
        ("((a pr))", "a pr"),
        ("(a pr and b pr) and c pr", "a pr and b pr and c pr"),
        ("a pr and (b pr and c pr)", "a pr and (b pr and c pr)"),
        ("(a pr or b pr) or c pr", "a pr or b pr or c pr"),
        ("a pr or (b pr or c pr)", "a pr or (b pr or c pr)"),
        ("(a pr and b pr) or c pr", "(a pr and b pr) or c pr"),
        ("a pr and (b pr or c pr)", "a pr and (b pr or c pr)"),
        ("not (not (a pr))", "not (not (a pr))"),
        ("e[(a pr) or b pr]", "e[a pr or b pr]"),
    ] {
        assert_eq!(printed(text, Profile::Default).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_keyword_is_a_whole_word() {
    for (text, expected) in [
        ("notes pr", "notes pr"),
        ("not-a pr", "not-a pr"),
        ("order eq 1", "order eq 1"),
        ("not eq 1", "not eq 1"),
        ("and pr and or pr", "and pr and or pr"),
        ("$ref pr", "$ref pr"),
    ] {
        assert_eq!(printed(text, Profile::Default).as_deref(), Ok(expected), "{text}");
    }
    for text in
        ["a pr andb pr", "a pr orb pr", "a prx", "a pr and.b pr", "a pr or_b pr", "a pr and:b pr", "1 pr"]
    {
        assert!(parse(text, Profile::Default).is_err(), "{text}");
    }
}

#[test]
fn a_comparison_after_a_value_path_moves_into_its_brackets() {
    for (text, expected) in [
        (r#"e[a eq "x"].b pr"#, r#"e[a eq "x" and b pr]"#),
        (r#"e[a eq "x"] pr"#, r#"e[a eq "x" and value pr]"#),
        (r#"e[a eq "x"] ne "y""#, r#"e[a eq "x" and value ne "y"]"#),
        (r#"e[a eq "x"] and b pr"#, r#"e[a eq "x"] and b pr"#),
        (r#"e[a eq "x"] or b pr"#, r#"e[a eq "x"] or b pr"#),
        (r#"e[a eq "x"]"#, r#"e[a eq "x"]"#),
    ] {
        assert_eq!(printed(text, Profile::Default).as_deref(), Ok(expected), "{text}");
    }
    assert!(parse(r#"e[a eq "x"]."#, Profile::Default).unwrap_err().message.contains("sub-attribute"));
}

#[test]
fn a_parse_error_has_an_offset_and_says_what_was_expected() {
    for (text, profile, told) in [
        ("", Profile::Default, "expected an attribute at byte 0"),
        ("a", Profile::Default, "expected an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr at byte 1"),
        (
            "a is b",
            Profile::Default,
            "expected an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr at byte 2",
        ),
        ("a eq ", Profile::Default, "expected a value at byte 5"),
        ("a eq )", Profile::Default, "expected a value at byte 5"),
        ("a eq x", Profile::Strict, "expected a JSON value; strings need double quotes at byte 5"),
        ("a eq 'x'", Profile::Strict, "expected a JSON value; strings need double quotes at byte 5"),
        ("a pr b", Profile::Default, "expected `and`, `or` or the end at byte 5"),
        ("a pr )", Profile::Default, "expected `and`, `or` or the end at byte 5"),
        ("(a pr", Profile::Default, "expected `)` at byte 5"),
        ("(a pr ]", Profile::Default, "expected `)` at byte 6"),
        ("e[a pr)", Profile::Default, "expected `]` at byte 6"),
        (r#"a eq "x"#, Profile::Default, "the string has no closing quote at byte 5"),
        (r#"a eq "x\""#, Profile::Default, "the string has no closing quote at byte 5"),
        (r#"a eq "\q""#, Profile::Default, "the string is not a JSON string at byte 5"),
        ("a eq 'x", Profile::Default, "the string has no closing quote at byte 5"),
        ("a eq 'x'y", Profile::Default, "the string has no closing quote at byte 5"),
        ("a pr and", Profile::Default, "expected an attribute at byte 8"),
    ] {
        assert_eq!(printed(text, profile), Err(format!("{told} of the filter")), "{text}");
    }
    let fault = ScimError::from(parse("", Profile::Default).unwrap_err());
    assert_eq!(fault.scim_type, ScimType::InvalidFilter);
    assert_eq!(fault.detail, "expected an attribute at byte 0 of the filter");
}

#[test]
fn a_filter_of_the_maximum_size_parses_and_a_larger_one_does_not() {
    let of_length = |bytes: usize| format!("a eq \"{}\"", "x".repeat(bytes - 7));
    let of_depth = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    let of_terms = |terms: usize| vec!["a pr"; terms].join(" or ");

    for (fits, too_much) in [
        (of_length(MAX_LENGTH), of_length(MAX_LENGTH + 1)),
        (of_depth(MAX_DEPTH), of_depth(MAX_DEPTH + 1)),
        (of_terms(MAX_TERMS), of_terms(MAX_TERMS + 1)),
    ] {
        assert!(parse(&fits, Profile::Default).is_ok());
        assert!(parse(&too_much, Profile::Default).is_err());
    }
    // Only brackets inside each other count as nesting.
    assert!(parse(&vec!["(a pr)"; 100].join(" and "), Profile::Default).is_ok());
}
