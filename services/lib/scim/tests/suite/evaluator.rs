//! Filters on resources in memory: every operator on every type, lists, presence and logic.

use serde_json::{Value, json};
use usher_scim::schema::{self, CUSTOM_USER, CustomAttribute, Kind, ResourceType};
use usher_scim::user::{Envelope, canonicalize, create, render};
use usher_scim::{Object, Profile, eval, filter};

/// A user resource type with custom attributes of every type.
pub fn users() -> ResourceType {
    let custom = |name: &str, kind, case_exact| CustomAttribute {
        name: name.to_owned(),
        kind,
        description: String::new(),
        case_exact,
        canonical_values: Vec::new(),
    };
    schema::user_with(vec![
        custom("badge", Kind::Integer, false),
        custom("load", Kind::Decimal, false),
        custom("hired", Kind::DateTime, false),
        custom("remote", Kind::Boolean, false),
        custom("site", Kind::Reference, true),
        custom("userName", Kind::String, false),
        custom("code", Kind::String, true),
    ])
}

fn document(users: &ResourceType) -> Object {
    let sent = json!({
        "userName": "Lovelace@Acme.example", "externalId": "Mm", "title": "Majör", "active": true,
        "name": {"familyName": "Lovelace"},
        "emails": [
            {"type": "work", "primary": true, "value": "ada@acme.example"},
            {"type": "home", "value": "ada@home.example"},
        ],
        "phoneNumbers": [{"value": "+1"}],
        "x509Certificates": [{"value": "QUJD"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": "Engines", "manager": {"value": "Boss"},
        },
        CUSTOM_USER: {
            "badge": 7, "load": 1.5, "hired": "2026-06-01T12:00:00.0000005Z", "remote": false,
            "site": "https://a.example/B", "userName": " Mill ", "code": "Mill",
        },
    });
    let incoming = canonicalize(&sent, users, Profile::Default).unwrap();
    let resource = create(incoming, Profile::Default).unwrap().resource;
    let envelope = Envelope {
        id: "01890000-0000-7000-8000-00000000000a",
        version: 3,
        created: "2026-06-01T12:00:00.123456Z",
        last_modified: "2026-06-01T12:00:00Z",
        location: "https://x.example/Users/7",
    };
    let mut document = render(resource, &envelope);
    document.insert("groups".to_owned(), json!([{"value": "01890000-0000-7000-8000-00000000000b"}]));
    document
}

#[track_caller]
pub fn judged(text: &str) -> bool {
    let users = users();
    let read = filter::parse(text, Profile::Default).unwrap();
    let bound = filter::bind(&read, &users, Profile::Default).unwrap();
    eval::matches(&bound, &document(&users))
}

#[track_caller]
pub fn each(holds: bool, filters: &[&str]) {
    for text in filters {
        assert_eq!(judged(text), holds, "{text}");
    }
}

#[test]
fn values_are_in_the_order_of_their_type() {
    // For each operator: whether it holds if the literal is below, equal to and above the value.
    let operators = [
        ("eq", [false, true, false]),
        ("ne", [true, false, true]),
        ("gt", [true, false, false]),
        ("ge", [true, true, false]),
        ("lt", [false, false, true]),
        ("le", [false, true, true]),
    ];
    let custom = |name: &str| format!("{CUSTOM_USER}:{name}");
    for (path, literals) in [
        ("title".to_owned(), [r#""MAJOR""#, r#""MAJÖR""#, r#""Zed""#]),
        ("externalId".to_owned(), [r#""MM""#, r#""Mm""#, r#""mm""#]),
        ("userName".to_owned(), [r#""ada""#, r#"" lovelace@acme.example""#, r#""m""#]),
        ("name.familyName".to_owned(), [r#""l""#, r#""LOVELACE""#, r#""lovelaces""#]),
        ("department".to_owned(), [r#""Engine""#, r#""engines""#, r#""F""#]),
        ("phoneNumbers.value".to_owned(), [r#""+""#, r#""+1""#, r#""+2""#]),
        (
            "meta.created".to_owned(),
            [
                r#""2026-06-01T12:00:00.123455Z""#,
                r#""2026-06-01T14:00:00.123456+02:00""#,
                r#""2026-06-01T12:00:00.123457""#,
            ],
        ),
        // The time is stored to the microsecond, and half a microsecond is rounded up.
        (
            custom("hired"),
            [r#""2026-06-01T12:00:00""#, r#""2026-06-01T12:00:00.000001Z""#, r#""2026-06-02T00:00:00Z""#],
        ),
        (custom("badge"), ["6", "7", "\"8\""]),
        (custom("load"), ["-1e3", "1.50", "\"2\""]),
        (
            custom("site"),
            [r#""https://a.example/A""#, r#""https://a.example/B""#, r#""https://a.example/b""#],
        ),
        (custom("userName"), [r#"" Milk""#, r#"" MILL ""#, r#""mill""#]),
        (custom("code"), [r#""MILL""#, r#""Mill""#, r#""mill""#]),
    ] {
        for (operator, expected) in operators {
            let found = literals.map(|literal| judged(&format!("{path} {operator} {literal}")));
            assert_eq!(found, expected, "{path} {operator} {literals:?}");
        }
    }
}

#[test]
fn texts_contain_begin_and_end_in_the_case_of_their_attribute() {
    each(
        true,
        &[
            r#"title co "AJÖ""#,
            r#"title sw "maj""#,
            r#"title ew "JÖR""#,
            r#"title co """#,
            r#"externalId co "M""#,
            r#"externalId sw "M""#,
            r#"externalId ew "m""#,
            r#"userName co "@ACME""#,
            r#"userName sw "LOVE""#,
            r#"userName ew ".Example""#,
            r#"emails co "HOME""#,
            r#"emails.value ew "acme.example""#,
            r#"x509Certificates.value sw "QU""#,
            "manager sw \"bo\" or manager sw \"Bo\"",
        ],
    );
    each(
        false,
        &[
            r#"title co "x""#,
            r#"title sw "ajör""#,
            r#"title ew "maj""#,
            r#"externalId co "MM""#,
            r#"externalId sw "m""#,
            r#"externalId ew "M""#,
            r#"userName sw "acme""#,
            r#"userName ew "love""#,
            r#"userName co "mill""#,
            r#"x509Certificates.value sw "qu""#,
            r#"nickName co """#,
            // White space at the ends is ignored in user names only.
            r#"title eq " Majör""#,
            r#"department eq " Engines""#,
            r#"emails eq " ada@acme.example""#,
        ],
    );
}

#[test]
fn booleans_are_equal_or_not_in_any_spelling() {
    let remote = format!("{CUSTOM_USER}:remote");
    each(true, &["active eq true", "active eq \"TRUE\"", "active ne false", "active eq True"]);
    each(false, &["active eq false", "active ne true", "active eq \"False\""]);
    each(true, &[&format!("{remote} eq false"), &format!("{remote} ne true")]);
    each(false, &[&format!("{remote} eq true")]);
}

#[test]
fn an_absent_value_equals_nothing_and_differs_from_everything() {
    each(
        true,
        &[r#"nickName ne "x""#, "nickName eq null", "title ne null", r#"nickName ne """#, r#"title ne """#],
    );
    each(
        false,
        &[
            r#"nickName eq "x""#,
            r#"nickName eq """#,
            r#"nickName lt "x""#,
            r#"nickName ge """#,
            "title eq null",
            "nickName ne null",
        ],
    );
}

#[test]
fn an_empty_value_is_not_present() {
    let users = users();
    let present = |name: &str, value: Value| {
        let bound = filter::parse(&format!("{name} pr"), Profile::Default).unwrap();
        let bound = filter::bind(&bound, &users, Profile::Default).unwrap();
        eval::matches(&bound, &Object::from_iter([(name.to_owned(), value)]))
    };
    for (name, value, expected) in [
        ("title", json!("x"), true),
        ("title", json!(""), false),
        ("title", json!(null), false),
        ("active", json!(false), true),
        ("name", json!({"familyName": "x"}), true),
        ("name", json!({}), false),
        ("emails", json!([{"value": "x"}]), true),
        ("emails", json!([{}]), false),
        ("emails", json!([[]]), false),
        ("emails", json!([["x"]]), true),
        ("emails", json!([]), false),
    ] {
        assert_eq!(present(name, value.clone()), expected, "{name} {value}");
    }
    let title = filter::parse(r#"title ge """#, Profile::Default).unwrap();
    let title = filter::bind(&title, &users, Profile::Default).unwrap();
    assert!(!eval::matches(&title, &Object::from_iter([("title".to_owned(), json!(""))])));
    each(true, &["title pr", "name pr", "emails pr", "emails.primary pr", "manager pr", "department pr"]);
    each(false, &["nickName pr", "name.givenName pr", "addresses pr", "emails.display pr", "costCenter pr"]);
    each(true, &["not (nickName pr)", &format!("{CUSTOM_USER}:badge pr")]);
}

#[test]
fn a_value_path_tests_one_element_and_a_plain_path_any() {
    each(
        true,
        &[
            r#"emails[type eq "work" and value eq "ada@acme.example"]"#,
            r#"emails.type eq "work" and emails.value eq "ada@home.example""#,
            r#"emails[type eq "work" or type eq "other"]"#,
            r#"emails[not (type eq "work")]"#,
            "emails[primary eq true]",
            r#"emails[primary pr and value sw "ada"]"#,
            r#"emails[type eq "home" and not (primary eq true)]"#,
            r#"emails[value eq "x" or value co "HOME" and type eq "home"]"#,
            r#"emails.value ne "x""#,
            r#"emails[value ne "ada@acme.example"]"#,
            r#"emails eq "ADA@home.example""#,
            r#"name[familyName eq "lovelace"]"#,
            r#"manager[value eq "Boss"]"#,
            r#"meta[version eq "W/\"3\"" and lastModified le "2026-06-01T12:00:00Z"]"#,
            r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        ],
    );
    each(
        false,
        &[
            r#"emails[type eq "work" and value eq "ada@home.example"]"#,
            r#"emails[type eq "other" or value eq "x"]"#,
            r#"emails.value ne "ada@acme.example""#,
            r#"emails[not (value sw "ada")]"#,
            "emails[primary eq false]",
            r#"addresses[not (country eq "x")]"#,
            r#"name[familyName eq "x"]"#,
            r#"manager[value eq "boss"]"#,
            r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:user""#,
        ],
    );
}

#[test]
fn an_element_has_no_lists_inside() {
    let users = users();
    let inner = filter::parse("emails[value pr]", Profile::Default).unwrap();
    let bound = filter::bind(&inner, &users, Profile::Default).unwrap();

    assert!(!eval::matches_element(&bound, &document(&users)));
    assert!(eval::matches(&bound, &document(&users)));
}

#[test]
fn not_binds_tighter_than_and_which_binds_tighter_than_or() {
    let users = users();
    for at in 0..8 {
        let [a, b, c] = [1, 2, 4].map(|bit| at & bit != 0);
        let there = [("title", a), ("nickName", b), ("locale", c)];
        let resource: Object = there
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| (name.to_owned(), json!("x")))
            .collect();
        for (text, expected) in [
            ("title pr or nickName pr and locale pr", a || b && c),
            ("title pr and nickName pr or locale pr", a && b || c),
            ("(title pr or nickName pr) and locale pr", (a || b) && c),
            ("not (title pr) and nickName pr or locale pr", !a && b || c),
            ("not (title pr and nickName pr) or locale pr", !(a && b) || c),
            ("title pr and not (nickName pr or locale pr)", a && !(b || c)),
            ("title pr AND nickName pr AND locale pr", a && b && c),
            ("title pr OR nickName pr OR locale pr", a || b || c),
            ("NOT (NOT (title pr))", a),
        ] {
            let read = filter::parse(text, Profile::Default).unwrap();
            let bound = filter::bind(&read, &users, Profile::Default).unwrap();
            assert_eq!(eval::matches(&bound, &resource), expected, "{text} {resource:?}");
        }
    }
}
