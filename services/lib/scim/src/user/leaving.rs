//! Finds out whether a document deactivates its user, whatever else is in it or wrong with it.

use serde_json::Value;

use crate::filter::parse_patch_path;
use crate::patch::{Op, readable};
use crate::schema::{self, AttrPath};
use crate::{Profile, coerce};

/// Returns whether the body of a PUT deactivates the user, in any spelling that
/// [`canonicalize`](super::canonicalize) accepts, and says the contrary nowhere.
pub fn replace_leaves(body: &Value, profile: Profile) -> bool {
    let said: Vec<bool> = said_by(body, profile).collect();
    !said.is_empty() && said.iter().all(|active| !active)
}

/// Returns whether the body of a PATCH deactivates the user, in any spelling that
/// [`patch::apply`](crate::patch::apply) accepts. The last operation that sets `active` decides; operations
/// that can't be parsed are ignored.
pub fn patch_leaves(body: &Value, profile: Profile) -> bool {
    let said =
        readable(body, profile).filter(|operation| operation.op != Op::Remove).filter_map(|operation| {
            let value = operation.value.as_ref()?;
            let Some(text) = &operation.path else { return said_by(value, profile).last() };
            match parse_patch_path(text, profile) {
                Ok((path, None, None)) if path.name.is_empty() => said_in(text.trim(), value, profile).last(),
                Ok((path, None, None)) => said_of(&path, value, profile),
                _ => None,
            }
        });
    said.last() == Some(false)
}

/// Returns the values of `active` in an object that names attributes, in the object's order.
fn said_by(attributes: &Value, profile: Profile) -> impl Iterator<Item = bool> {
    attributes.as_object().into_iter().flatten().flat_map(move |(name, value)| {
        let path = AttrPath::parse(name);
        let whole = said_of(&path, value, profile);
        let parts = path.name.is_empty().then(|| said_in(name, value, profile));
        whole.into_iter().chain(parts.into_iter().flatten())
    })
}

/// Returns the values of `active` among the attributes of a schema.
fn said_in(urn: &str, attributes: &Value, profile: Profile) -> impl Iterator<Item = bool> {
    let parts = attributes.as_object().into_iter().flatten();
    parts.filter_map(move |(name, value)| said_of(&AttrPath::parse(&format!("{urn}:{name}")), value, profile))
}

/// Returns the value as a boolean if the path is that of `active`.
fn said_of(path: &AttrPath, value: &Value, profile: Profile) -> Option<bool> {
    let found = path.resolve_as(schema::user(), profile)?;
    if found.extension.is_some() || found.sub.is_some() || found.attribute.name != "active" {
        return None;
    }
    coerce::attribute(found.attribute, value, profile).ok()??.as_bool()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(operations: &Value) -> bool {
        patch_leaves(&json!({ "Operations": operations }), Profile::Default)
    }

    #[test]
    fn a_patch_deactivates_in_every_accepted_spelling_whatever_else_is_wrong() {
        let core = "urn:ietf:params:scim:schemas:core:2.0:User";
        for operation in [
            json!({ "op": "Replace", "path": "active", "value": "False" }),
            json!({ "OP": "add", "Path": " Active ", "Value": false }),
            json!({ "op": "replace", "path": format!("{core}:active"), "value": " false" }),
            json!({ "op": "replace", "path": core, "value": { "displayName": 7, "active": false } }),
            json!({ "op": "replace", "value": { "active": false, "userName": "" } }),
            json!({ "op": "replace", "value": { format!("{core}:active"): "FALSE" } }),
            json!({ "op": "replace", "value": { core: { "active": false } } }),
        ] {
            for other in
                [json!("x"), json!({ "op": "shout" }), json!({ "op": "add", "path": "no", "value": 1 })]
            {
                assert!(
                    patch(&json!([other, operation])) && patch(&json!([operation, other])),
                    "{operation}"
                );
            }
        }
        assert!(patch_leaves(
            &json!({ "operations": [{ "op": "add", "path": "active", "value": false }] }),
            Profile::Default
        ));
        let strict = json!({ "Operations": [{ "op": "replace", "path": "active", "value": "False" }] });
        assert!(!patch_leaves(&strict, Profile::Strict), "a text is no boolean");
    }

    #[test]
    fn an_unclear_document_deactivates_nobody() {
        let active = |value: &str| json!({ "op": "replace", "path": "active", "value": value });
        assert!(!patch(&json!([active("False"), active("True")])));
        assert!(patch(&json!([active("True"), active("False"), active("perhaps")])));
        for operations in [
            json!([{ "op": "remove", "path": "active" }]),
            json!([{ "op": "replace", "path": "emails[value eq \"x\"].primary", "value": false }]),
            json!([{ "op": "replace", "path": "title", "value": "False" }]),
            json!([{ "op": "replace", "path": "urn:ietf:params:scim:schemas:extension:custom:2.0:User:active", "value": false }]),
            json!([active("")]),
            json!({ "active": false }),
        ] {
            assert!(!patch(&operations), "{operations}");
        }
    }

    #[test]
    fn a_put_deactivates_unless_something_in_it_says_the_contrary() {
        let core = "urn:ietf:params:scim:schemas:core:2.0:User";
        let put = |body: Value| replace_leaves(&body, Profile::Default);
        assert!(put(json!({ "schemas": ["urn:nope"], "ACTIVE": "False", "displayName": 7 })));
        assert!(put(json!({ core: { "active": false } })));
        assert!(!put(json!({ "active": false, format!("{core}:active"): true })));
        for body in
            [json!({ "userName": "a" }), json!({ "active": null }), json!({ "active": "no" }), json!([false])]
        {
            assert!(!put(body.clone()), "{body}");
        }
    }
}
