//! The components that operations refer to.

use serde_json::{Value, json};
use usher_scim::Object;
use usher_scim::discovery::{DEFAULT_COUNT, MAX_BULK_OPERATIONS, MAX_COUNT};
use usher_scim::schema::{Attribute, Kind as Type, Mutability, ResourceType};

use crate::kind::Kind;

/// The errors that any operation may return.
pub(super) const REFUSALS: &[(&str, &str)] = &[
    ("400", "The request is invalid; scimType and detail say what to change"),
    ("401", "The token is missing, or not valid for this workspace"),
    ("403", "The workspace's plan, domains or seat limit do not allow it"),
    ("404", "There is no such resource in this workspace"),
    ("409", "Another resource has this name"),
    ("412", "The resource has another version than If-Match names"),
    ("413", "The body, or the number of operations, is too large"),
    ("415", "The body is not JSON"),
    ("429", "The workspace exceeds its rate limit; Retry-After says how long to wait"),
    ("501", "Not implemented"),
    ("503", "Try again after Retry-After"),
];

pub(super) fn all() -> Value {
    let mut schemas = Object::new();
    for kind in Kind::ALL {
        let resource_type = kind.resource_type();
        schemas.insert(resource_type.name.to_string(), resource(resource_type));
    }
    for (name, schema) in messages() {
        schemas.insert(name.to_owned(), schema);
    }
    json!({
        "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        "parameters": parameters(),
        "schemas": schemas,
    })
}

fn parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    let text = json!({ "type": "string" });
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "description": description, "schema": text });
    let path = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": text });
    json!({
        "filter": query("filter", "RFC 7644 section 3.4.2.2", text.clone()),
        "startIndex": query("startIndex", "1-based", json!({ "type": "integer", "minimum": 1, "default": 1 })),
        "count": query("count", "Resources of a page", json!({ "type": "integer", "minimum": 0, "maximum": MAX_COUNT, "default": DEFAULT_COUNT })),
        "cursor": query("cursor", "RFC 9865; empty for the first page", text.clone()),
        "sortBy": query("sortBy", "Attribute to sort by", text.clone()),
        "sortOrder": query("sortOrder", "Direction", json!({ "type": "string", "enum": ["ascending", "descending"] })),
        "attributes": query("attributes", "Attributes to return, separated by commas", text.clone()),
        "excludedAttributes": query("excludedAttributes", "Attributes not to return, separated by commas", text.clone()),
        "ifMatch": header("If-Match", "Only if the resource has this version"),
        "ifNoneMatch": header("If-None-Match", "304 if the resource has this version"),
        "id": path("id"),
        "urn": path("urn"),
    })
}

fn messages() -> [(&'static str, Value); 7] {
    let strings = json!({ "type": "array", "items": { "type": "string" } });
    let number = json!({ "type": "integer", "minimum": 0 });
    let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required });
    let text = json!({ "type": "string" });
    let operation = object(
        json!({ "op": { "type": "string", "enum": ["add", "replace", "remove"] }, "path": text, "value": {} }),
        &["op"],
    );
    let bulk = |properties: Value| {
        let list = json!({ "type": "array", "maxItems": MAX_BULK_OPERATIONS, "items": properties });
        object(json!({ "schemas": strings, "failOnErrors": number, "Operations": list }), &["Operations"])
    };
    [
        ("Document", json!({ "type": "object" })),
        (
            "Error",
            object(
                json!({ "schemas": strings, "status": text, "scimType": text, "detail": text }),
                &["schemas", "status", "detail"],
            ),
        ),
        (
            "ListResponse",
            object(
                json!({
                    "schemas": strings, "totalResults": number, "startIndex": number, "itemsPerPage": number,
                    "nextCursor": text, "previousCursor": text,
                    "Resources": { "type": "array", "items": { "type": "object" } },
                }),
                &["schemas", "itemsPerPage", "Resources"],
            ),
        ),
        (
            "SearchRequest",
            object(
                json!({
                    "schemas": strings, "filter": text, "startIndex": number, "count": number, "cursor": text,
                    "sortBy": text, "sortOrder": text, "attributes": strings, "excludedAttributes": strings,
                }),
                &[],
            ),
        ),
        (
            "PatchOp",
            object(
                json!({ "schemas": strings, "Operations": { "type": "array", "minItems": 1, "items": operation } }),
                &["Operations"],
            ),
        ),
        (
            "BulkRequest",
            bulk(object(
                json!({ "method": text, "bulkId": text, "version": text, "path": text, "data": {} }),
                &["method", "path"],
            )),
        ),
        (
            "BulkResponse",
            bulk(object(
                json!({
                    "method": text, "bulkId": text, "version": text, "location": text, "status": text,
                    "response": { "$ref": "#/components/schemas/Error" },
                }),
                &["method", "status"],
            )),
        ),
    ]
}

fn resource(of: &ResourceType) -> Value {
    let mut properties = Object::new();
    properties.insert("schemas".to_owned(), json!({ "type": "array", "items": { "type": "string" } }));
    for part in of.common.iter().chain(&of.schema.attributes) {
        properties.insert(part.name.to_string(), attribute(part));
    }
    for extension in &of.extensions {
        properties.insert(extension.id.to_string(), object(&extension.attributes));
    }
    let required: Vec<_> =
        of.schema.attributes.iter().filter(|part| part.required).map(|part| part.name.to_string()).collect();
    json!({ "type": "object", "description": of.description, "properties": properties, "required": required })
}

fn object(parts: &[Attribute]) -> Value {
    let properties: Object = parts.iter().map(|part| (part.name.to_string(), attribute(part))).collect();
    json!({ "type": "object", "properties": properties })
}

fn attribute(of: &Attribute) -> Value {
    let mut schema = match of.kind {
        Type::Complex => object(&of.sub_attributes),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Decimal => json!({ "type": "number" }),
        Type::DateTime => json!({ "type": "string", "format": "date-time" }),
        _ => json!({ "type": "string" }),
    };
    if of.multi_valued {
        schema = json!({ "type": "array", "items": schema });
    }
    schema["description"] = of.description.to_string().into();
    if of.mutability == Mutability::ReadOnly {
        schema["readOnly"] = true.into();
    }
    schema
}
