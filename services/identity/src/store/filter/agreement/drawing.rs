//! Generates random documents and filters.

use proptest::prelude::*;
use serde_json::{Value, json};
use usher_scim::schema::{self, Attribute, CustomAttribute, Kind, ResourceType, Schema};

use super::BASE;

/// The texts in attributes and filters: few, so that they match often, including texts that fold, escape or sort in
/// unusual ways.
const WORDS: [&str; 24] = [
    "a", "A", "ab", "AB ", "b", "ä", "Ä", "ΑΣ", "ας", "ß", "ẞ", "İx", "i̇x", "ﬁ", "%", "_", "a%", "O'x", "\\",
    "\"q\"", "work", "Home", "e\u{301}", "😀",
];

pub(super) fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned)
}

pub(super) fn user_types() -> ResourceType {
    let attribute = |name: &str, kind, case_exact| CustomAttribute {
        name: name.to_owned(),
        kind,
        description: String::new(),
        case_exact,
        canonical_values: Vec::new(),
    };
    schema::user_with(vec![
        attribute("badge", Kind::String, true),
        attribute("motto", Kind::String, false),
        attribute("remote", Kind::Boolean, false),
        attribute("desk", Kind::Integer, false),
        attribute("share", Kind::Decimal, false),
        attribute("joined", Kind::DateTime, false),
    ])
}

/// A value for an attribute, by its type; `None` if clients can't set it.
fn value(attribute: &Attribute) -> BoxedStrategy<Value> {
    match attribute.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Integer => (-2_i64..3).prop_map(Value::from).boxed(),
        Kind::Decimal => prop::sample::select(vec![json!(-0.5), json!(1), json!(1.5), json!(1e300)]).boxed(),
        Kind::DateTime => time().prop_map(Value::from).boxed(),
        Kind::Complex => {
            let parts: Vec<_> = attribute
                .sub_attributes
                .iter()
                .map(|sub| (Just(sub.name.to_string()), prop::option::weighted(0.7, value(sub))))
                .collect();
            parts
                .prop_map(|parts| {
                    let parts = parts.into_iter().filter_map(|(name, value)| Some((name, value?)));
                    Value::Object(parts.collect())
                })
                .boxed()
        }
        _ if attribute.name == "userType" => {
            prop::sample::select(vec!["Regular", "External", "Collaborator"]).prop_map(Value::from).boxed()
        }
        _ => word().prop_map(Value::from).boxed(),
    }
}

fn time() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00+01:00",
        "2025-12-31T23:59:59.999999Z",
        "0001-02-03T04:05:06.5Z",
        "9999-01-01T00:00:00-14:00",
    ])
}

/// A document with some of a schema's attributes.
pub(super) fn document(schema: &Schema) -> BoxedStrategy<Value> {
    let attributes: Vec<_> = schema
        .attributes
        .iter()
        .filter(|attribute| !matches!(attribute.name.as_ref(), "groups" | "userName"))
        .map(|attribute| {
            let value = if attribute.multi_valued {
                prop::collection::vec(value(attribute), 0..4).prop_map(Value::from).boxed()
            } else {
                value(attribute)
            };
            (Just(attribute.name.to_string()), prop::option::weighted(0.6, value))
        })
        .collect();
    attributes
        .prop_map(|all| {
            Value::Object(all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
        })
        .boxed()
}

pub(super) type Paths = Vec<(String, Kind)>;

/// The paths of everything that can be filtered, and the paths within elements of complex attributes.
pub(super) fn paths(types: &ResourceType) -> (Paths, Vec<(String, Paths)>) {
    let mut places = Vec::new();
    let mut elements = Vec::new();
    let schemas = types.extensions.iter().map(|schema| (format!("{}:", schema.id), &schema.attributes));
    let own = [(String::new(), &types.schema.attributes), (String::new(), &types.common)];
    for (prefix, attributes) in schemas.chain(own) {
        for attribute in attributes {
            let name = format!("{prefix}{}", attribute.name);
            let parts: Vec<_> =
                attribute.sub_attributes.iter().map(|sub| (sub.name.to_string(), sub.kind)).collect();
            places.extend(parts.iter().map(|(sub, kind)| (format!("{name}.{sub}"), *kind)));
            places.push((name.clone(), attribute.kind));
            if !parts.is_empty() {
                elements.push((name, parts));
            }
        }
    }
    (places, elements)
}

fn comparison(places: Vec<(String, Kind)>, ids: Vec<String>) -> BoxedStrategy<String> {
    let texts = vec!["eq", "NE", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];
    (
        prop::sample::select(places),
        prop::sample::select(texts),
        word(),
        time(),
        prop::sample::select(ids),
        0..8_u8,
    )
        .prop_map(|((path, kind), op, word, time, id, dice)| {
            let literal = match (kind, dice) {
                (_, 0) => "null".to_owned(),
                (Kind::Boolean, _) => ["true", "False", "\"TRUE\""][usize::from(dice % 3)].to_owned(),
                (Kind::Integer, _) => (i64::from(dice) - 3).to_string(),
                (Kind::Decimal, _) => ["-0.5", "1", "1.5", "1e300"][usize::from(dice % 4)].to_owned(),
                (Kind::DateTime, _) => format!("\"{time}\""),
                (_, 1) => format!("\"{id}\""),
                (_, 2) => format!("\"{BASE}/Users/{id}\""),
                (_, 3) => "\"\"".to_owned(),
                (_, 4) => format!("\"{}\"", schema::ENTERPRISE_USER),
                _ => Value::from(word).to_string(),
            };
            if op == "pr" { format!("{path} pr") } else { format!("{path} {op} {literal}") }
        })
        .boxed()
}

pub(super) fn filter(types: &ResourceType, ids: Vec<String>) -> BoxedStrategy<String> {
    fn combined(leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
        leaf.prop_recursive(3, 10, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
                inner.prop_map(|a| format!("not ({a})")),
            ]
        })
        .boxed()
    }
    let (places, elements) = paths(types);
    let inner: Vec<_> = elements
        .into_iter()
        .map(|(name, parts)| {
            combined(comparison(parts, ids.clone())).prop_map(move |inner| format!("{name}[{inner}]")).boxed()
        })
        .collect();
    let element = (0..inner.len()).prop_flat_map(move |at| inner[at].clone());
    combined(prop_oneof![2 => comparison(places, ids), 1 => element].boxed())
}
