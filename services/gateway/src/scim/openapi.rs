//! `/scim/v2/openapi.json`: the API as an OpenAPI 3.1 description. Resources are described from the schema registry,
//! so that it agrees with `/Schemas`. A test compares the paths with the router's.

mod components;

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use usher_scim::Object;

use crate::gateway::Gateway;

/// One operation: path, method, name, summary, the schema of the body, the status and schema of the response, and the
/// parameters other than those of every list.
struct Operation(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    (&'static str, Option<&'static str>),
    &'static [&'static str],
);

const LIST: &[&str] =
    &["filter", "startIndex", "count", "cursor", "sortBy", "sortOrder", "attributes", "excludedAttributes"];
const SHOWN: &[&str] = &["attributes", "excludedAttributes"];
const READ: &[&str] = &["id", "attributes", "excludedAttributes", "ifNoneMatch"];
const WRITE: &[&str] = &["id", "attributes", "excludedAttributes", "ifMatch"];
const DELETE: &[&str] = &["id", "ifMatch"];

#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    Operation("/", "get", "listAll", "List users and groups", None, ("200", Some("ListResponse")), LIST),
    Operation("/.search", "post", "searchAll", "List users and groups, with the query in the body", Some("SearchRequest"), ("200", Some("ListResponse")), &[]),
    Operation("/Users", "get", "listUsers", "List users", None, ("200", Some("ListResponse")), LIST),
    Operation("/Users", "post", "createUser", "Create a user; a matching inactive user is reactivated", Some("User"), ("201", Some("User")), SHOWN),
    Operation("/Users/.search", "post", "searchUsers", "List users, with the query in the body", Some("SearchRequest"), ("200", Some("ListResponse")), &[]),
    Operation("/Users/{id}", "get", "getUser", "Read a user", None, ("200", Some("User")), READ),
    Operation("/Users/{id}", "put", "replaceUser", "Replace a user; omitted attributes are kept, except in \
         the strict profile", Some("User"), ("200", Some("User")), WRITE),
    Operation("/Users/{id}", "patch", "patchUser", "Change a user, all operations or none", Some("PatchOp"), ("200", Some("User")), WRITE),
    Operation("/Users/{id}", "delete", "deleteUser", "Delete a user; the id is never reused", None, ("204", None), DELETE),
    Operation("/Groups", "get", "listGroups", "List groups", None, ("200", Some("ListResponse")), LIST),
    Operation("/Groups", "post", "createGroup", "Create a group", Some("Group"), ("201", Some("Group")), SHOWN),
    Operation("/Groups/.search", "post", "searchGroups", "List groups, with the query in the body", Some("SearchRequest"), ("200", Some("ListResponse")), &[]),
    Operation("/Groups/{id}", "get", "getGroup", "Read a group", None, ("200", Some("Group")), READ),
    Operation("/Groups/{id}", "put", "replaceGroup", "Write a group", Some("Group"), ("200", Some("Group")), WRITE),
    Operation("/Groups/{id}", "patch", "patchGroup", "Change a group; returns 200 and the group if \
         attributes are requested", Some("PatchOp"), ("204", None), WRITE),
    Operation("/Groups/{id}", "delete", "deleteGroup", "Delete a group; its members are kept", None, ("204", None), DELETE),
    Operation("/Bulk", "post", "bulk", "Execute many operations, each with its own status", Some("BulkRequest"), ("200", Some("BulkResponse")), &[]),
    Operation("/ServiceProviderConfig", "get", "getServiceProviderConfig", "Features of the service", None, ("200", Some("Document")), &[]),
    Operation("/ResourceTypes", "get", "listResourceTypes", "List the resource types", None, ("200", Some("ListResponse")), &[]),
    Operation("/ResourceTypes/{id}", "get", "getResourceType", "Get one resource type", None, ("200", Some("Document")), &["id"]),
    Operation("/Schemas", "get", "listSchemas", "List the schemas, including the workspace's custom \
         attributes", None, ("200", Some("ListResponse")), &[]),
    Operation("/Schemas/{urn}", "get", "getSchema", "One schema", None, ("200", Some("Document")), &["urn"]),
    Operation("/Me", "get", "getMe", "Always 501: a token stands for no user", None, ("501", Some("Error")), &[]),
    Operation("/Me", "post", "createMe", "Always 501", None, ("501", Some("Error")), &[]),
    Operation("/Me", "put", "replaceMe", "Always 501", None, ("501", Some("Error")), &[]),
    Operation("/Me", "patch", "patchMe", "Always 501", None, ("501", Some("Error")), &[]),
    Operation("/Me", "delete", "deleteMe", "Always 501", None, ("501", Some("Error")), &[]),
];

/// All operations below a workspace's URL, as method and path: `("GET", "/Users/{id}")`. Tests use it to cover each
/// of them.
pub fn operations() -> impl Iterator<Item = (String, &'static str)> {
    OPERATIONS.iter().map(|Operation(path, method, ..)| (method.to_uppercase(), *path))
}

/// The description, split in two parts at the server's address.
static DESCRIPTION: LazyLock<(String, String)> = LazyLock::new(|| {
    let text = describe(SERVER).to_string();
    let (before, after) = text.split_once(&quoted(SERVER)).unwrap_or((&text, ""));
    (before.to_owned(), after.to_owned())
});
/// A placeholder for the server's address.
const SERVER: &str = "https://scim.invalid";

/// Serves the description. It requires no token, because it contains nothing about any workspace.
pub(crate) async fn document(State(gateway): State<Gateway>, headers: HeaderMap, uri: Uri) -> Response {
    let text = described_at(&gateway.locations.base(&headers, &uri, "{workspace}"));
    let digest = Sha256::digest(&text);
    let tag = digest.iter().take(16).fold("\"".to_owned(), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|sent| holds(sent, &tag));
    let head = [(CONTENT_TYPE, "application/json"), (ETAG, tag.as_str())];
    if known { (StatusCode::NOT_MODIFIED, head).into_response() } else { (head, text).into_response() }
}

fn described_at(server: &str) -> String {
    let (before, after) = &*DESCRIPTION;
    [before, quoted(server).as_str(), after].concat()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Whether a header's tags include this one, compared weakly (RFC 9110 section 13.1.2).
fn holds(sent: &HeaderValue, tag: &str) -> bool {
    let tags = sent.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.map(|sent| sent.strip_prefix("W/").unwrap_or(sent)).any(|sent| sent == "*" || sent == tag)
}

fn describe(server: &str) -> Value {
    let mut paths = Object::new();
    for operation in OPERATIONS {
        let Operation(path, method, ..) = operation;
        paths.entry(*path).or_insert_with(|| json!({}))[*method] = operation.describe();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Usher SCIM 2.0",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Users and groups of one workspace (RFC 7643, RFC 7644, RFC 9865).",
        },
        "servers": [{
            "url": server,
            "variables": { "workspace": { "default": "workspace", "description": "The workspace's name or id" } },
        }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": components::all(),
    })
}

impl Operation {
    fn describe(&self) -> Value {
        let Self(_, _, id, summary, body, (status, answer), parameters) = self;
        let content = |schema: &str| {
            let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
            json!({ "application/scim+json": { "schema": schema } })
        };
        let mut success = json!({ "description": "Done" });
        if let Some(answer) = answer {
            success["content"] = content(answer);
        }
        let mut responses = json!({ *status: success });
        for (refused, description) in components::REFUSALS {
            if refused != status {
                responses[*refused] = json!({ "description": description, "content": content("Error") });
            }
        }
        let mut described = json!({ "operationId": id, "summary": summary, "responses": responses });
        if !parameters.is_empty() {
            let refer = |name: &&str| json!({ "$ref": format!("#/components/parameters/{name}") });
            described["parameters"] = parameters.iter().map(refer).collect();
        }
        if let Some(body) = body {
            described["requestBody"] = json!({ "required": true, "content": content(body) });
        }
        described
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The methods of each path, in capitals.
    pub(crate) fn described() -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut described: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (method, path) in operations() {
            described.entry(path).or_default().insert(method);
        }
        described
    }

    /// Collects every `$ref` of a document.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    found.insert(reference.clone());
                }
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let document = describe("https://scim.example.com/scim/v2/{workspace}");
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in &found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        assert!(found.len() > 20, "no reference was found: {found:?}");

        let names: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.2).collect();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    #[test]
    fn only_the_server_s_address_is_not_built_once() {
        for server in ["https://a.test/scim/v2/{workspace}", "/scim/v2/{workspace}", "https://\"x\""] {
            assert_eq!(described_at(server), describe(server).to_string());
        }
    }

    #[test]
    fn resources_are_described_as_the_schemas_say() {
        let document = describe("");
        let user = &document["components"]["schemas"]["User"];

        assert_eq!(user["required"], json!(["userName"]));
        assert_eq!(user["properties"]["active"]["type"], "boolean");
        assert_eq!(user["properties"]["id"]["readOnly"], true);
        assert_eq!(user["properties"]["emails"]["items"]["properties"]["primary"]["type"], "boolean");
    }
}
