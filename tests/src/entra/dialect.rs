//! Entra's two PATCH dialects.

use serde_json::{Map, Value, json};

use super::attribute::Target;
use super::mapping::Attributes;
use crate::scim::PATCH_SCHEMA;

/// A PATCH dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// Entra's default: capitalised operations, one per attribute, booleans as strings.
    Legacy,
    /// With the flag `aadOptscim062020`: separate operations for paths with filters, all others in one operation
    /// without a path, with dotted and URN keys.
    Fixed,
}

/// The body of the PATCH that writes `changes` to a user that has `has`.
pub fn patch(dialect: Dialect, has: &Attributes, changes: &Attributes) -> Value {
    let operations = match dialect {
        Dialect::Legacy => legacy(has, changes),
        Dialect::Fixed => fixed(changes),
    };
    json!({ "schemas": [PATCH_SCHEMA], "Operations": operations })
}

/// The operations that add people to a group or remove them.
pub fn patch_members(dialect: Dialect, adds: bool, people: &[String]) -> Vec<Value> {
    let references: Vec<_> = people.iter().map(|id| json!({ "$ref": null, "value": id })).collect();
    match (dialect, adds) {
        (Dialect::Legacy, true) => vec![json!({ "op": "Add", "path": "members", "value": references })],
        (Dialect::Legacy, false) => vec![json!({ "op": "Remove", "path": "members", "value": references })],
        (Dialect::Fixed, true) => vec![json!({ "op": "add", "path": "members", "value": references })],
        (Dialect::Fixed, false) => people
            .iter()
            .map(|id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }))
            .collect(),
    }
}

fn legacy(has: &Attributes, changes: &Attributes) -> Vec<Value> {
    changes
        .iter()
        .map(|(target, value)| {
            let op = if has.contains_key(target) { "Replace" } else { "Add" };
            let value = match (*target, value) {
                (_, Value::Bool(true)) => json!("True"),
                (_, Value::Bool(false)) => json!("False"),
                (Target::MANAGER, id) => json!([{ "$ref": null, "value": id }]),
                (_, value) => value.clone(),
            };
            json!({ "op": op, "path": target.path(), "value": value })
        })
        .collect()
}

fn fixed(changes: &Attributes) -> Vec<Value> {
    let mut operations = Vec::new();
    let mut rest = Map::new();
    for (target, value) in changes {
        match *target {
            Target::ACTIVE => operations.push(json!({ "op": "replace", "path": "active", "value": value })),
            Target::MANAGER => {
                operations.push(json!({ "op": "add", "path": target.path(), "value": { "value": value } }));
            }
            filtered if filtered.is_filtered() => {
                operations.push(json!({ "op": "replace", "path": target.path(), "value": value }));
            }
            plain => {
                rest.insert(plain.path(), value.clone());
            }
        }
    }
    if !rest.is_empty() {
        operations.push(json!({ "op": "replace", "value": rest }));
    }
    operations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes() -> Attributes {
        [
            (Target::ACTIVE, json!(false)),
            (Target::Simple("displayName"), json!("x")),
            (Target::Part("name", "givenName"), json!("y")),
            (Target::Element("emails", "work", "value"), json!("x@acme.example")),
        ]
        .into()
    }

    #[test]
    fn the_legacy_dialect_has_an_operation_for_each_attribute_and_strings_for_booleans() {
        let has = [(Target::ACTIVE, json!(true))].into();

        let body = patch(Dialect::Legacy, &has, &changes());

        let operations = body["Operations"].as_array().unwrap();
        assert_eq!(operations.len(), 4);
        assert!(operations.contains(&json!({"op": "Replace", "path": "active", "value": "False"})));
        assert!(operations.contains(&json!({"op": "Add", "path": "displayName", "value": "x"})));
    }

    #[test]
    fn the_fixed_dialect_puts_everything_without_a_filter_into_one_operation() {
        let body = patch(Dialect::Fixed, &Attributes::new(), &changes());

        assert_eq!(
            body["Operations"],
            json!([
                {"op": "replace", "path": "active", "value": false},
                {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x@acme.example"},
                {"op": "replace", "value": {"displayName": "x", "name.givenName": "y"}}
            ])
        );
    }
}
