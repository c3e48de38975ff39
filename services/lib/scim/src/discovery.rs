//! What the service says about itself (RFC 7643 sections 5 to 7), and list responses.

use serde_json::{Value, json};

use crate::Object;
use crate::schema::{self, Attribute, Kind, Schema};

/// The schema of list responses.
pub const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Resources of a page where the client names no number.
pub const DEFAULT_COUNT: u32 = 100;
/// Most resources of a page.
pub const MAX_COUNT: u32 = 200;
/// How long a cursor is good for, in seconds.
pub const CURSOR_TIMEOUT: u32 = 3_600;
/// Largest request body, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// `/ServiceProviderConfig`. Every member is there, also where something is not supported.
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": MAX_BODY },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "pagination": {
            "cursor": false,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A token of one of the workspace's API apps, as a bearer token",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": meta("ServiceProviderConfig", &format!("{base}/ServiceProviderConfig")),
    })
}

/// `/ResourceTypes`
pub fn resource_types(base: &str) -> Vec<Value> {
    let user = schema::user();
    vec![json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": user.name,
        "name": user.name,
        "endpoint": user.endpoint,
        "description": user.description,
        "schema": user.schema.id,
        "schemaExtensions": user.extensions.iter()
            .map(|extension| json!({ "schema": extension.id, "required": false }))
            .collect::<Vec<_>>(),
        "meta": meta("ResourceType", &format!("{base}/ResourceTypes/{}", user.name)),
    })]
}

/// `/Schemas`
pub fn schemas(base: &str) -> Vec<Value> {
    let user = schema::user();
    std::iter::once(&user.schema)
        .chain(&user.extensions)
        .map(|schema| schema_document(schema, base))
        .collect()
}

/// A list response (RFC 7644 section 3.4.2).
pub fn list_response(total: u64, start_index: u64, resources: &[Value]) -> Value {
    json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn meta(resource_type: &str, location: &str) -> Value {
    json!({ "resourceType": resource_type, "location": location })
}

fn schema_document(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": meta("Schema", &format!("{base}/Schemas/{}", schema.id)),
    })
}

fn attribute(attribute_of: &Attribute) -> Value {
    let mut document = Object::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("name", attribute_of.name.as_ref().into());
    put("type", attribute_of.kind.as_str().into());
    put("multiValued", attribute_of.multi_valued.into());
    put("description", attribute_of.description.as_ref().into());
    put("required", attribute_of.required.into());
    put("caseExact", attribute_of.case_exact.into());
    put("mutability", attribute_of.mutability.as_str().into());
    put("returned", attribute_of.returned.as_str().into());
    put("uniqueness", attribute_of.uniqueness.as_str().into());
    if !attribute_of.canonical_values.is_empty() {
        put("canonicalValues", attribute_of.canonical_values.iter().map(AsRef::as_ref).collect());
    }
    if attribute_of.kind == Kind::Reference {
        put("referenceTypes", attribute_of.reference_types.into());
    }
    if attribute_of.kind == Kind::Complex {
        put("subAttributes", attribute_of.sub_attributes.iter().map(attribute).collect());
    }
    Value::Object(document)
}
