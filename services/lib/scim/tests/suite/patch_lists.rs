//! PATCH of lists: whole lists, elements that a filter selects, and the maximum cost.

use serde_json::{Value, json};
use usher_scim::{Object, Profile, ScimType};

use crate::patch_paths::{after, lenient, refused};
use crate::{ada, patched, patched_in};

#[test]
fn a_list_is_replaced_added_to_and_removed() {
    let home = json!({"type": "home", "value": "ada@home.example"});
    let work = json!({"type": "work", "primary": true, "value": "ada@acme.example"});
    let emails = |operation: Value| lenient(&operation).get("emails").cloned().unwrap_or_default();
    for (operation, expected) in [
        (
            json!({"op": "replace", "path": "emails", "value": [{"value": "x", "type": "other"}]}),
            json!([{"value": "x", "type": "other"}]),
        ),
        (json!({"op": "replace", "path": "emails", "value": []}), json!(null)),
        (json!({"op": "replace", "path": "emails", "value": null}), json!(null)),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "x"}]}),
            json!([work, home, {"value": "x"}]),
        ),
        // An element with the same value and no type is the same element.
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "ada@home.example", "display": "d"}]}),
            json!([work, {"type": "home", "value": "ada@home.example", "display": "d"}]),
        ),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "ada@home.example", "type": "work"}]}),
            json!([work, home, {"value": "ada@home.example", "type": "work"}]),
        ),
        (
            json!({"op": "add", "path": "emails", "value": [{"display": "d", "type": "home"}]}),
            json!([work, home, {"display": "d", "type": "home"}]),
        ),
        (json!({"op": "remove", "path": "emails"}), json!(null)),
        (json!({"op": "remove", "path": "emails", "value": null}), json!(null)),
        (
            json!({"op": "remove", "path": "emails", "value": [{"value": "ada@home.example", "type": "x"}]}),
            json!([work]),
        ),
        (json!({"op": "remove", "path": "emails", "value": "ada@home.example"}), json!([work])),
        (json!({"op": "remove", "path": "emails", "value": [{"value": "ada"}]}), json!([work, home])),
        (json!({"op": "remove", "path": "emails", "value": []}), json!([work, home])),
    ] {
        assert_eq!(emails(operation.clone()), expected, "{operation}");
    }
    let addresses = patched(&json!([
        {"op": "add", "path": "addresses", "value": [{"country": "a"}, {"country": "b"}]},
        {"op": "add", "path": "addresses", "value": [{"country": "a"}]},
        {"op": "remove", "path": "addresses", "value": [{"country": "b"}]},
    ]));
    assert_eq!(
        addresses["addresses"],
        json!([{"country": "a"}]),
        "without a value, all parts tell elements apart"
    );
}

#[test]
fn a_sub_attribute_of_a_list_is_set_in_every_element() {
    let done = lenient(&json!({"op": "replace", "path": "emails.display", "value": "d"}));
    assert_eq!(done["emails"][0]["display"], "d");
    assert_eq!(done["emails"][1]["display"], "d");
    assert_eq!(done["emails"].as_array().unwrap().len(), 2);
    assert_eq!(lenient(&json!({"op": "remove", "path": "emails.value"})).get("emails"), None);
    assert_eq!(lenient(&json!({"op": "remove", "path": "emails.type"}))["emails"][0].get("type"), None);
    let made = lenient(&json!({"op": "add", "path": "phoneNumbers.value", "value": "+1"}));
    assert_eq!(made["phoneNumbers"], json!([{"value": "+1"}]));
    assert_eq!(lenient(&json!({"op": "remove", "path": "phoneNumbers.value"})).get("phoneNumbers"), None);
    let all = lenient(&json!({"op": "replace", "path": "emails.primary", "value": true}));
    assert_eq!(all["emails"][0]["primary"], false);
    assert_eq!(all["emails"][1]["primary"], true);
}

#[test]
fn any_filter_on_sub_attributes_selects_elements() {
    for (filter, chosen) in [
        (r#"type eq "home""#, [false, true]),
        (r#"type ne "home""#, [true, false]),
        (r#"value co "ACME""#, [true, false]),
        (r#"value sw "ada""#, [true, true]),
        (r#"value ew "home.example""#, [false, true]),
        ("primary eq true", [true, false]),
        ("primary pr", [true, false]),
        ("not (primary pr)", [false, true]),
        (r#"type eq "home" and value sw "ada""#, [false, true]),
        (r#"type eq "home" or primary eq "True""#, [true, true]),
        (r#"value gt "ada@b""#, [false, true]),
    ] {
        let marked = |at: usize, done: &Value| done["emails"][at].get("display").is_some();
        let part = json!({"op": "replace", "path": format!("emails[{filter}].display"), "value": "d"});
        let done = lenient(&part);
        assert_eq!([marked(0, &done), marked(1, &done)], chosen, "{filter}");
        let whole = json!({"op": "add", "path": format!("emails[{filter}]"), "value": {"display": "d"}});
        let done = lenient(&whole);
        assert_eq!([marked(0, &done), marked(1, &done)], chosen, "{filter}");
        let removed = lenient(&json!({"op": "remove", "path": format!("emails[{filter}]")}));
        let left: Vec<&Value> =
            removed["emails"].as_array().into_iter().flatten().map(|email| &email["type"]).collect();
        let stay = ["work", "home"].into_iter().zip(chosen).filter(|(_, gone)| !gone);
        assert_eq!(left, stay.map(|(kind, _)| kind).collect::<Vec<_>>(), "{filter}");
        let undone = lenient(&json!({"op": "remove", "path": format!("emails[{filter}].value")}));
        assert_eq!(
            undone.get("emails").and_then(Value::as_array).map_or(0, Vec::len),
            chosen.iter().filter(|chosen| !**chosen).count()
        );
    }
}

#[test]
fn an_element_keeps_omitted_sub_attributes_except_in_a_strict_replacement() {
    let path = "emails[type eq \"work\"]";
    let sent = json!({"value": "n@x"});
    let merged = json!({"type": "work", "primary": true, "value": "n@x"});
    for (profile, op, expected) in [
        (Profile::Default, "add", merged.clone()),
        (Profile::Default, "replace", merged.clone()),
        (Profile::Strict, "add", merged),
        (Profile::Strict, "replace", json!({"value": "n@x"})),
    ] {
        let done = after(profile, &json!({"op": op, "path": path, "value": sent})).unwrap();
        assert_eq!(done["emails"][0], expected, "{profile:?} {op}");
    }
    let listed = lenient(&json!({"op": "replace", "path": path, "value": [sent]}));
    assert_eq!(listed["emails"][0]["value"], "n@x", "clients wrap the one element into a list");
    for value in [json!(null), json!("")] {
        let gone = lenient(&json!({"op": "replace", "path": path, "value": value}));
        assert_eq!(gone["emails"].as_array().unwrap().len(), 1, "{value}");
    }
    let marked = lenient(
        &json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"Primary": "True", "nope": 1}}),
    );
    assert_eq!(marked["emails"][1], json!({"type": "home", "value": "ada@home.example", "primary": true}));
    assert_eq!(marked["emails"][0]["primary"], false);
    refused(
        &json!({"op": "replace", "path": path, "value": [sent, sent]}),
        Profile::Default,
        ScimType::InvalidValue,
        "list of objects",
    );
    refused(
        &json!({"op": "replace", "path": "emails[type eq \"x\"]", "value": 7.5}),
        Profile::Strict,
        ScimType::InvalidValue,
        "list of objects",
    );
}

#[test]
fn a_filter_without_a_match_creates_its_element_or_is_no_target() {
    let at = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
    for (path, value, expected) in [
        (r#"ims[type eq "x"].value"#, json!("v"), json!([{"type": "x", "value": "v"}])),
        (
            r#"ims[TYPE eq "x" and primary eq true].value"#,
            json!("v"),
            json!([{"type": "x", "primary": true, "value": "v"}]),
        ),
        (r#"ims[primary eq "True"].value"#, json!("v"), json!([{"primary": true, "value": "v"}])),
        ("ims[type eq 7]", json!({"value": "v"}), json!([{"type": "7", "value": "v"}])),
        (r#"ims[value eq "v"].display"#, json!("d"), json!([{"value": "v", "display": "d"}])),
        (r#"ims[type eq "x" and display eq ""].value"#, json!("v"), json!([{"type": "x", "value": "v"}])),
    ] {
        assert_eq!(lenient(&at(path, value))["ims"], expected, "{path}");
        refused(
            &at(path, json!("v")),
            Profile::Strict,
            if path.ends_with(']') { ScimType::InvalidValue } else { ScimType::NoTarget },
            "",
        );
    }
    for path in [
        r#"ims[type ne "x"].value"#,
        r#"ims[type co "x"].value"#,
        r#"ims[type eq "x" or type eq "y"].value"#,
        "ims[type pr].value",
        "ims[type eq null and value eq null].primary",
        r#"ims[not (type eq "x")].value"#,
        r#"ims[type eq "x" and value pr].value"#,
    ] {
        let operation = at(path, json!("true"));
        refused(&operation, Profile::Default, ScimType::NoTarget, "no element of ims matches");
    }
    let nothing = json!({"op": "remove", "path": "ims[type eq \"x\"]"});
    assert_eq!(lenient(&nothing), Value::Object(ada()));
    refused(&nothing, Profile::Strict, ScimType::NoTarget, "no element of ims matches type eq \"x\"");
    let cleared = lenient(&json!({"op": "replace", "path": "emails[type eq \"x\"].value", "value": ""}));
    assert_eq!(cleared, Value::Object(ada()));
}

#[test]
fn the_element_that_was_set_primary_last_is_the_only_primary_one() {
    let marks = |done: &Value| {
        done["emails"].as_array().unwrap().iter().map(|email| email["primary"] == true).collect::<Vec<_>>()
    };
    for (operations, expected) in [
        (
            json!([{"op": "add", "path": "emails", "value": [{"value": "x", "primary": true}]}]),
            vec![false, false, true],
        ),
        (
            json!([{"op": "add", "path": "emails", "value": [{"value": "x", "primary": false}]}]),
            vec![true, false, false],
        ),
        (
            json!([{"op": "add", "path": "emails", "value": [{"value": "ada@home.example", "primary": true}]}]),
            vec![false, true],
        ),
        (
            json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True"}]),
            vec![false, true],
        ),
        (
            json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": false}]),
            vec![true, false],
        ),
        (
            json!([{"op": "replace", "path": "emails[value sw \"ada\"].primary", "value": true}]),
            vec![false, true],
        ),
        (
            json!([{"op": "add", "path": "emails[type eq \"other\"]", "value": {"value": "x", "primary": true}}]),
            vec![false, false, true],
        ),
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"].display", "value": "d"}]),
            vec![true, false],
        ),
    ] {
        assert_eq!(marks(&patched(&operations)), expected, "{operations}");
    }
}

#[test]
fn a_list_grows_up_to_its_limit_and_can_shrink_from_above_it() {
    let of = |count: usize| {
        let emails: Vec<_> = (0..count).map(|at| json!({"value": at.to_string(), "type": "other"})).collect();
        let mut user = ada();
        user.insert("emails".to_owned(), emails.into());
        user
    };
    let after = |user: &Object, operation: &Value| patched_in(Profile::Default, user, &json!([operation]));
    let append = json!({"op": "add", "path": "emails", "value": [{"value": "x"}]});
    let describe = json!({"op": "add", "path": "emails[type eq \"x\"].value", "value": "x"});
    for operation in [append, describe] {
        assert!(after(&of(99), &operation).is_ok());
        let fault = after(&of(100), &operation).unwrap_err();
        assert!(fault.detail.contains("emails has 101 values; it can have at most 100"), "{fault}");
    }
    assert!(after(&of(200), &json!({"op": "remove", "path": "emails[value eq \"7\"]"})).is_ok());
}

#[test]
fn the_cost_of_a_patch_counts_elements_terms_and_bytes() {
    let of = |bytes: usize| {
        let emails: Vec<_> =
            (0..10).map(|at| json!({"value": at.to_string(), "display": "x".repeat(bytes - 1)})).collect();
        let mut user = ada();
        user.insert("emails".to_owned(), emails.into());
        user
    };
    let times = |user: &Object, operation: &Value, count: usize| {
        let done = patched_in(Profile::Default, user, &json!(vec![operation; count]));
        done.map(drop).map_err(|fault| fault.scim_type)
    };
    let one = json!({"op": "replace", "path": "emails[value eq \"0\"].primary", "value": false});
    let terms = "value eq \"0\" or value eq \"0\" or value eq \"0\"";
    let three = json!({"op": "replace", "path": format!("emails[{terms}].primary"), "value": false});
    let all = json!({"op": "replace", "path": "emails.primary", "value": false});
    let list = json!({"op": "add", "path": "emails", "value": [{"value": "0"}, {"value": "1"}]});
    // The maximum cost is 200,000. Each of the ten elements costs one per term and one per 64 bytes.
    for (bytes, operation, most) in [
        (62 * 64, &one, 200_000 / (10 * (1 + 62))),
        (62 * 64 - 1, &one, 200_000 / (10 * (1 + 61))),
        (62 * 64, &three, 200_000 / (10 * (3 + 62))),
        (62 * 64, &all, 200_000 / (10 * (1 + 62))),
        (62 * 64, &list, 200_000 / (10 * (2 + 62))),
    ] {
        let user = of(bytes);
        assert_eq!(times(&user, operation, most), Ok(()), "{operation}");
        assert_eq!(times(&user, operation, most + 1), Err(ScimType::TooMany), "{operation}");
    }
}
