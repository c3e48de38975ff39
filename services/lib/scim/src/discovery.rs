//! The discovery documents (RFC 7643 sections 5 to 7), and list responses.

use serde_json::{Value, json};

use crate::Object;
use crate::schema::{self, Attribute, Kind, ResourceType, Schema};

/// The schema of list responses.
pub const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The number of resources per page if the client names none.
pub const DEFAULT_COUNT: u32 = 100;
/// The maximum number of resources per page.
pub const MAX_COUNT: u32 = 200;
/// How long a cursor is valid, in seconds.
pub const CURSOR_TIMEOUT: u32 = 3_600;
/// The maximum size of a request body, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// The maximum number of operations per bulk request.
pub const MAX_BULK_OPERATIONS: usize = 1_000;

/// The features of an endpoint that are optional here. Only what is supported is advertised.
#[derive(Clone, Copy, Debug, Default)]
pub struct Support {
    /// Whether `sortBy` and `sortOrder` are supported.
    pub sort: bool,
    /// Whether `cursor` (RFC 9865) is supported.
    pub cursor: bool,
    /// The maximum number of operations per `/Bulk` request; `None` if `/Bulk` is not supported.
    pub bulk: Option<usize>,
}

/// Returns the document of `/ServiceProviderConfig`. It has every member, also for features that are not
/// supported.
pub fn service_provider_config(base: &str, support: Support) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": support.bulk.is_some(),
            "maxOperations": support.bulk.unwrap_or_default(),
            "maxPayloadSize": MAX_BODY,
        },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": support.sort },
        "etag": { "supported": true },
        "pagination": {
            "cursor": support.cursor,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
            "cursorTimeout": CURSOR_TIMEOUT,
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

/// Returns the documents of `/ResourceTypes`, with the workspace's user resource type: [`schema::user`] or
/// [`schema::user_with`].
pub fn resource_types(base: &str, user: &ResourceType) -> Vec<Value> {
    [user, schema::group()].map(|resource_type| resource_type_document(resource_type, base)).into()
}

/// Returns the documents of `/Schemas`, with the workspace's user resource type.
pub fn schemas(base: &str, user: &ResourceType) -> Vec<Value> {
    let group = schema::group();
    let users = std::iter::once(&user.schema).chain(&user.extensions);
    users.chain([&group.schema]).map(|schema| schema_document(schema, base)).collect()
}

/// Returns a list response (RFC 7644 section 3.4.2).
pub fn list_response(total: u64, start_index: u64, resources: &[Value]) -> Value {
    json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

/// Returns a list response for a page by cursor (RFC 9865 section 2): it has no `startIndex`, and it omits
/// empty cursors.
pub fn cursor_response(total: Option<u64>, next: &str, previous: &str, resources: &[Value]) -> Value {
    let mut response = Object::new();
    response.insert("schemas".to_owned(), json!([LIST_SCHEMA]));
    if let Some(total) = total {
        response.insert("totalResults".to_owned(), total.into());
    }
    response.insert("itemsPerPage".to_owned(), resources.len().into());
    for (name, cursor) in [("nextCursor", next), ("previousCursor", previous)] {
        if !cursor.is_empty() {
            response.insert(name.to_owned(), cursor.into());
        }
    }
    response.insert("Resources".to_owned(), resources.into());
    Value::Object(response)
}

fn meta(resource_type: &str, location: &str) -> Value {
    json!({ "resourceType": resource_type, "location": location })
}

fn resource_type_document(resource_type: &ResourceType, base: &str) -> Value {
    let extensions = resource_type.extensions.iter();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": resource_type.name,
        "name": resource_type.name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": resource_type.schema.id,
        "schemaExtensions": extensions
            .map(|extension| json!({ "schema": extension.id, "required": is_required(extension) }))
            .collect::<Vec<_>>(),
        "meta": meta("ResourceType", &format!("{base}/ResourceTypes/{}", resource_type.name)),
    })
}

/// Returns whether every resource has the extension, because one of its attributes is always present.
fn is_required(extension: &Schema) -> bool {
    extension.attributes.iter().any(|attribute| attribute.required)
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
