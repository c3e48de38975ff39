//! The attributes of Entra's default mapping, as Microsoft's validators set and check them.

use serde_json::{Map, Value, json};

use super::given::{CORE, ENTERPRISE, enterprise, named};
use super::row::{Row, row};

/// The body that the validator generates: every default attribute.
pub(super) fn generated() -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE],
        "userName": "ford_purdy@contoso.com", "active": true, "displayName": "D", "title": "T",
        "emails": [{ "type": "work", "value": "ford_purdy@contoso.com", "primary": true }],
        "preferredLanguage": "RJWNTUN", "userType": "Regular", "nickName": "N", "timezone": "X",
        "locale": "RJWNTUNNOHNZ", "profileUrl": "BAPNQLJSRQGD",
        "name": {
            "givenName": "G", "familyName": "F", "formatted": "GF", "middleName": "M",
            "honorificPrefix": "P", "honorificSuffix": "S",
        },
        "addresses": [{
            "type": "work", "formatted": "a", "streetAddress": "b", "locality": "c", "region": "d",
            "postalCode": "e", "primary": true, "country": "f",
        }],
        "phoneNumbers": [
            { "type": "work", "value": "1" }, {
                "type": "mobile", "value": "2",
            }, { "type": "fax", "value": "3" },
        ],
        "roles": [{ "primary": "True", "display": "d", "value": "v", "type": "t" }],
        ENTERPRISE: {
            "employeeNumber": "1", "department": "2", "costCenter": "3", "organization": "4", "division": "5",
            "manager": { "value": "XYMKVVRYDIOO" },
        },
    })
}

pub(super) fn of_ford(source: &'static str) -> Row {
    row(source).given("ford", "/Users", generated())
}

pub(super) fn of_nobody_much(source: &'static str) -> Row {
    row(source).given("ford", "/Users", named("ford_purdy@contoso.com"))
}

/// Expects that the user of the last answer has every generated value.
pub(super) fn as_generated(row: Row, prefix: &str) -> Row {
    let mut sent = generated();
    sent["roles"][0]["primary"] = json!(true);
    let row = sent
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !["schemas", ENTERPRISE].contains(&name.as_str()))
        .fold(row, |row, (name, value)| row.at(format!("{prefix}/{name}"), value.clone()));
    ["employeeNumber", "department", "costCenter", "organization", "division"]
        .into_iter()
        .zip(1..)
        .fold(row, |row, (name, n)| row.at(format!("{prefix}{}", enterprise(name)), n.to_string()))
        .at(format!("{prefix}{}", enterprise("manager/value")), "XYMKVVRYDIOO")
}

/// Every attribute as a path, as tests 6 and 7 of the validator write it, and the JSON pointer to its value.
pub fn by_path() -> Vec<(String, String)> {
    let work =
        |list: &str, part: &str| (format!("{list}[type eq \"work\"].{part}"), format!("/{list}/0/{part}"));
    let plain = ["displayName", "title", "preferredLanguage", "nickName", "locale", "timezone", "profileUrl"];
    let names = ["givenName", "familyName", "formatted", "middleName", "honorificPrefix", "honorificSuffix"];
    let address = ["formatted", "streetAddress", "locality", "region", "postalCode", "country"];
    let company = ["employeeNumber", "department", "costCenter", "organization", "division"];
    let plain = plain.map(|name| (name.to_owned(), format!("/{name}")));
    let names = names.map(|name| (format!("name.{name}"), format!("/name/{name}")));
    let company = company.map(|name| (format!("{ENTERPRISE}:{name}"), enterprise(name)));
    let lists = [work("emails", "value"), work("phoneNumbers", "value")];
    let more = [("mobile", 1), ("fax", 2)].map(|(kind, n)| {
        (format!("phoneNumbers[type eq \"{kind}\"].value"), format!("/phoneNumbers/{n}/value"))
    });
    let addresses = address.map(|name| work("addresses", name));
    plain.into_iter().chain(names).chain(company).chain(lists).chain(more).chain(addresses).collect()
}

/// The verbose dialect: one operation per path.
pub(super) fn verbose(op: &str, value: impl Fn(&str) -> Value) -> Value {
    by_path().iter().map(|(path, _)| json!({ "op": op, "path": path, "value": value(path) })).collect()
}

/// The compact dialect: one operation per path with brackets, and one whose value has all other paths.
pub(super) fn compact(op: &str, value: impl Fn(&str) -> Value) -> Value {
    let paths = by_path().into_iter().map(|(path, _)| path);
    let (filtered, plain): (Vec<_>, Vec<_>) = paths.partition(|path| path.contains('['));
    let rest: Map<_, _> = plain.into_iter().map(|path| (path.clone(), value(&path))).collect();
    filtered
        .iter()
        .map(|path| json!({ "op": op, "path": path, "value": value(path) }))
        .chain([json!({ "op": op, "value": rest })])
        .collect()
}

/// The value that [`written`] expects at a path.
pub(super) fn anew(path: &str) -> Value {
    // The primary address must be a valid e-mail address.
    if path.starts_with("emails") { "new@contoso.com".into() } else { format!("new {path}").into() }
}

pub(super) fn written(row: Row) -> Row {
    by_path().into_iter().fold(row, |row, (path, pointer)| row.at(pointer, anew(&path)))
}
