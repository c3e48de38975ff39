//! Groups: their documents, and operations on members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use usher_scim::group::{Delta, GroupChange, Step, canonicalize, create, membership_alone, patch, replace};
use usher_scim::schema::CORE_GROUP;
use usher_scim::{Object, Profile, ScimError, ScimType, patch as operations};

fn delta(clear: bool, add: &[&str], remove: &[&str]) -> Delta {
    Delta {
        clear,
        add: add.iter().map(|id| ((*id).to_owned(), None)).collect(),
        remove: remove.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn team() -> Object {
    Object::from_iter([("displayName".to_owned(), json!("Team")), ("externalId".to_owned(), json!("e"))])
}

fn made(body: Value) -> Result<GroupChange, ScimError> {
    create(canonicalize(body, Profile::Default)?)
}

fn put(body: Value, profile: Profile) -> Result<GroupChange, ScimError> {
    replace(&team(), canonicalize(body, profile)?, profile)
}

fn read(sent: &Value, profile: Profile) -> Result<Vec<operations::Operation>, ScimError> {
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
    operations::parse(&json!({"schemas": schemas, "Operations": sent}), profile)
}

fn patched(sent: &Value) -> Result<GroupChange, ScimError> {
    patch(&team(), &read(sent, Profile::Default)?, Profile::Default)
}

fn steps(sent: &Value) -> Vec<Step> {
    patched(sent).unwrap().members
}

#[test]
fn a_new_group_has_a_name_and_the_members_that_were_sent() {
    let group = made(json!({
        "schemas": [CORE_GROUP], "displayName": "Team", "id": "x", "meta": {}, "Members": [{"value": "b"}, "a"],
    }))
    .unwrap();

    assert_eq!(Value::Object(group.changed.resource), json!({"displayName": "Team"}));
    assert_eq!(group.members, [Step::Delta(delta(false, &["a", "b"], &[]))]);
    for none in [json!(null), json!([]), json!(""), json!({}), json!([null])] {
        assert_eq!(made(json!({"displayName": "g", "members": none})).unwrap().members, [], "{none}");
    }
    for name in [json!(null), json!(""), json!("  ")] {
        let fault = made(json!({"displayName": name})).unwrap_err();
        assert_eq!(fault.detail, "displayName is required and can't be empty");
    }
    assert_eq!(made(json!([])).unwrap_err().scim_type, ScimType::InvalidSyntax);
    assert_eq!(
        made(json!({"displayName": "g", "members": 7})).unwrap_err().scim_type,
        ScimType::InvalidValue
    );
}

#[test]
fn a_member_is_named_by_id_or_url_and_keeps_its_display() {
    let members = |sent: Value| match made(json!({"displayName": "g", "members": sent})) {
        Ok(group) => match group.members.as_slice() {
            [Step::Delta(delta)] => Ok(delta.add.clone()),
            other => panic!("{other:?}"),
        },
        Err(fault) => Err(fault.detail),
    };
    let named =
        |id: &str, display: Option<&str>| Ok(BTreeMap::from([(id.to_owned(), display.map(str::to_owned))]));
    let id = "01890000-0000-7000-8000-00000000000a";
    for (sent, expected) in [
        (json!(" 7 "), named("7", None)),
        (json!({"VALUE": " 7 ", "Display": " Ada "}), named("7", Some("Ada"))),
        (json!([{"value": "7", "display": "", "type": "User"}]), named("7", None)),
        (json!([{"$ref": "https://x/Users/7"}]), named("7", None)),
        (json!([{"value": "", "$ref": "../Users/7"}]), named("7", None)),
        (json!([{"value": id.to_uppercase()}]), named(id, None)),
        (json!([{"value": "7", "display": "a"}, {"value": "7", "display": "b"}]), named("7", Some("b"))),
        (json!([{"value": "7", "display": "é".repeat(1_000)}]), named("7", Some(&"é".repeat(1_000)))),
    ] {
        assert_eq!(members(sent.clone()), expected, "{sent}");
    }
    for (sent, told) in [
        (json!([" "]), "a member must be an object"),
        (json!([{}]), "a member must be an object"),
        (json!([{"display": "x"}]), "a member must be an object"),
        (json!([7]), "a member must be an object"),
        (json!([{"value": 7}]), "a member must be an object"),
        (json!(["a\0"]), "a member's id contains a NUL character"),
        (json!([{"value": "7", "display": "a\0"}]), "a member's display"),
        (json!([{"value": "7", "display": "é".repeat(1_001)}]), "a member's display has more than 1000"),
    ] {
        assert!(members(sent.clone()).unwrap_err().starts_with(told), "{sent}");
    }
    let strict = |members: Value| {
        canonicalize(
            json!({"schemas": [CORE_GROUP], "displayName": "g", "members": members}),
            Profile::Strict,
        )
    };
    for read in [json!([{"value": "7"}]), json!([]), json!(null), json!(""), json!({})] {
        assert!(strict(read.clone()).is_ok(), "{read}");
    }
    assert!(strict(json!({"value": "7"})).is_err());
    assert!(strict(json!(["7"])).is_err());
}

#[test]
fn a_put_without_members_keeps_them_except_in_the_strict_profile() {
    let schemas = json!([CORE_GROUP]);
    let silent = json!({"schemas": schemas, "displayName": "New"});
    let kept = put(silent.clone(), Profile::Default).unwrap();
    assert_eq!(kept.members, []);
    assert_eq!(kept.changed.resource["externalId"], "e");
    let cleared = put(silent, Profile::Strict).unwrap();
    assert_eq!(cleared.members, [Step::Delta(delta(true, &[], &[]))]);
    assert_eq!(cleared.changed.resource.get("externalId"), None);
    for profile in [Profile::Default, Profile::Strict] {
        let named =
            put(json!({"schemas": schemas, "displayName": "New", "members": [{"value": "a"}]}), profile);
        assert_eq!(named.unwrap().members, [Step::Delta(delta(true, &["a"], &[]))]);
        let nameless = put(json!({"schemas": schemas, "members": []}), profile).unwrap_err();
        assert_eq!(nameless.detail, "displayName is required and must be sent");
    }
    let nobody = put(json!({"displayName": "New", "members": []}), Profile::Default).unwrap();
    assert_eq!(nobody.members, [Step::Delta(delta(true, &[], &[]))]);
}

#[test]
fn operations_on_members_become_one_change_of_membership() {
    let add = |id: &str| json!({"op": "add", "path": "members", "value": [{"value": id}]});
    let remove = |id: &str| json!({"op": "remove", "path": "members", "value": [{"value": id}]});
    let replace = |id: &str| json!({"op": "replace", "path": "members", "value": [{"value": id}]});
    for (sent, expected) in [
        (json!([add("a"), add("b")]), delta(false, &["a", "b"], &[])),
        (json!([add("a"), remove("a")]), delta(false, &[], &["a"])),
        (json!([remove("a"), add("a")]), delta(false, &["a"], &[])),
        (json!([remove("a"), remove("b")]), delta(false, &[], &["a", "b"])),
        (json!([add("a"), replace("b")]), delta(true, &["b"], &[])),
        (json!([replace("a"), add("b"), remove("a")]), delta(true, &["b"], &["a"])),
        (json!([{"op": "remove", "path": "members"}]), delta(true, &[], &[])),
        (json!([{"op": "remove", "path": "members", "value": null}, add("a")]), delta(true, &["a"], &[])),
        (json!([{"op": "replace", "path": "members", "value": null}]), delta(true, &[], &[])),
        (json!([{"op": "remove", "path": "members[value eq \"a\"]"}]), delta(false, &[], &["a"])),
        (json!([{"op": "remove", "path": "members[value eq \"a\"].value"}]), delta(false, &[], &["a"])),
        (
            json!([{"op": "remove", "path": "members[VALUE eq \"a\" or value eq 7]"}]),
            delta(false, &[], &["a", "7"]),
        ),
        (
            json!([{"op": "add", "path": format!("{CORE_GROUP}:Members"), "value": "a"}]),
            delta(false, &["a"], &[]),
        ),
        (json!([{"op": "add", "path": CORE_GROUP, "value": {"members": ["a"]}}]), delta(false, &["a"], &[])),
        (json!([{"op": "replace", "value": {"members": ["a"]}}]), delta(true, &["a"], &[])),
        (json!([{"op": "add", "value": {CORE_GROUP: {"members": ["a"]}}}]), delta(false, &["a"], &[])),
    ] {
        assert_eq!(steps(&sent), [Step::Delta(expected.clone())], "{sent}");
        let alone = membership_alone(&read(&sent, Profile::Default).unwrap(), Profile::Default).unwrap();
        let named_with_schema = sent[0]["value"].get(CORE_GROUP).is_some();
        assert_eq!(alone, (!named_with_schema).then_some(expected), "{sent}");
    }
    assert_eq!(steps(&json!([{"op": "add", "path": "members", "value": []}])), [], "nothing is no step");
    let nothing = read(&json!([{"op": "add", "value": {}}]), Profile::Default).unwrap();
    assert_eq!(membership_alone(&nothing, Profile::Default).unwrap(), Some(Delta::default()));
}

#[test]
fn members_that_a_filter_selects_are_a_separate_step() {
    let chosen = json!({"op": "remove", "path": "members[type eq \"Group\"]"});
    let add = json!({"op": "add", "path": "members", "value": ["a"]});
    let found = steps(&json!([add, chosen, add, add]));
    let [Step::Delta(first), Step::RemoveWhere(filter), Step::Delta(last)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((first, last), (&delta(false, &["a"], &[]), &delta(false, &["a"], &[])));
    assert_eq!(filter.to_string(), "type eq \"Group\"");
    for path in [
        "members[value eq null]",
        "members[value ne \"a\"]",
        "members[display eq \"a\"]",
        "members[value eq \"a\" and type eq \"User\"]",
        "members[value eq \"a\" or display eq \"b\"]",
        "members[value pr]",
    ] {
        let sent = json!([{"op": "remove", "path": path}]);
        assert!(matches!(steps(&sent).as_slice(), [Step::RemoveWhere(_)]), "{path}");
        let alone = membership_alone(&read(&sent, Profile::Default).unwrap(), Profile::Default).unwrap();
        assert_eq!(alone, None, "{path}");
    }
    assert_eq!(
        steps(&json!([chosen, {"op": "remove", "path": "members"}])),
        [Step::Delta(delta(true, &[], &[]))]
    );
    assert_eq!(steps(&json!(vec![chosen.clone(); 10])).len(), 10);
    let fault = patched(&json!(vec![chosen; 11])).unwrap_err();
    assert_eq!(fault.scim_type, ScimType::TooMany);
    assert!(fault.detail.starts_with("operation 11: at most 10"), "{fault}");
}

#[test]
fn changes_of_a_member_and_unreadable_members_are_refused() {
    for (operation, scim_type) in [
        (
            json!({"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "b"}}),
            ScimType::Mutability,
        ),
        (json!({"op": "add", "path": "members[value eq \"a\"].display", "value": "b"}), ScimType::Mutability),
        (json!({"op": "remove", "path": "members[value eq \"a\"].display"}), ScimType::Mutability),
        (json!({"op": "replace", "path": "members.value", "value": "b"}), ScimType::Mutability),
        (json!({"op": "remove", "path": "members.value"}), ScimType::Mutability),
        (json!({"op": "remove", "path": "members[nope eq \"a\"]"}), ScimType::InvalidPath),
        (json!({"op": "remove", "path": "members[value eq"}), ScimType::InvalidPath),
        (json!({"op": "add", "path": "members", "value": [{}]}), ScimType::InvalidValue),
        (json!({"op": "add", "value": {"members": 7}}), ScimType::InvalidValue),
        (json!({"op": "replace", "path": "displayName", "value": ""}), ScimType::InvalidValue),
        (json!({"op": "replace", "path": "id", "value": "x"}), ScimType::Mutability),
        (json!({"op": "add", "path": "nope", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "add", "path": "memberships", "value": "x"}), ScimType::InvalidPath),
        (json!({"op": "add", "value": "x"}), ScimType::InvalidValue),
    ] {
        let fault = patched(&json!([{"op": "add", "value": {}}, operation])).unwrap_err();
        assert_eq!(fault.scim_type, scim_type, "{operation}: {fault}");
        assert!(fault.detail.starts_with("operation 2: "), "{fault}");
    }
    let strict = read(&json!([{"op": "add", "path": "members", "value": ["a"]}]), Profile::Strict).unwrap();
    let alone = membership_alone(&strict, Profile::Strict).unwrap_err();
    assert!(alone.detail.starts_with("operation 1: "), "{alone}");
    assert!(patch(&team(), &strict, Profile::Strict).is_err());
}

#[test]
fn one_patch_changes_attributes_and_members() {
    let sent = json!([
        {"op": "replace", "value": {"id": "7", "displayName": "New", "members": [{"value": "a"}]}},
        {"op": "replace", "path": "externalId", "value": null},
    ]);
    let done = patched(&sent).unwrap();
    assert_eq!(Value::Object(done.changed.resource), json!({"displayName": "New"}));
    let paths: BTreeSet<_> = done.changed.changes.into_iter().map(|change| change.path).collect();
    assert_eq!(paths, BTreeSet::from(["displayName".to_owned(), "externalId".to_owned()]));
    assert_eq!(done.members, [Step::Delta(delta(true, &["a"], &[]))]);
    let read = read(&sent, Profile::Default).unwrap();
    assert_eq!(membership_alone(&read, Profile::Default).unwrap(), None);
}

#[test]
fn a_later_change_of_members_overrides_an_earlier_one() {
    for (earlier, later, expected) in [
        (delta(false, &["a"], &["b"]), delta(false, &["b"], &["a"]), delta(false, &["b"], &["a"])),
        (delta(true, &["a"], &[]), delta(false, &["b"], &[]), delta(true, &["a", "b"], &[])),
        (delta(false, &["a"], &["b"]), delta(true, &["c"], &[]), delta(true, &["c"], &[])),
        (delta(false, &["a"], &["b"]), Delta::default(), delta(false, &["a"], &["b"])),
    ] {
        let mut merged = earlier;
        merged.merge(later);
        assert_eq!(merged, expected);
    }
}
