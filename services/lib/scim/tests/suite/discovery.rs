//! The discovery documents, compared with the shapes of RFC 7643 sections 5 to 7 and RFC 9865.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher_scim::discovery::{
    self, LIST_SCHEMA, Support, cursor_response, list_response, resource_types, schemas,
};
use usher_scim::error::{MAX_DETAIL, error_body};
use usher_scim::schema::{
    self, CORE_GROUP, CORE_USER, CUSTOM_USER, CustomAttribute, ENTERPRISE_USER, Kind, USHER_USER,
};
use usher_scim::{ScimError, ScimType, short};

const BASE: &str = "https://x.example/scim/v2/acme";

#[test]
fn the_configuration_has_every_member_whether_supported_or_not() {
    let config = |support| discovery::service_provider_config(BASE, support);
    let full = config(Support { sort: true, cursor: true, bulk: Some(7) });

    assert_eq!(full["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
    for name in ["patch", "filter", "etag", "sort", "bulk"] {
        assert_eq!(full[name]["supported"], true, "{name}");
    }
    assert_eq!(full["changePassword"], json!({"supported": false}));
    assert_eq!(full["bulk"], json!({"supported": true, "maxOperations": 7, "maxPayloadSize": 1_048_576}));
    assert_eq!(full["filter"]["maxResults"], 200);
    assert_eq!(
        full["pagination"],
        json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
            "maxPageSize": 200, "cursorTimeout": 3_600,
        })
    );
    assert_eq!(
        full["meta"],
        json!({"resourceType": "ServiceProviderConfig", "location": format!("{BASE}/ServiceProviderConfig")})
    );
    let scheme = &full["authenticationSchemes"][0];
    assert_eq!((&scheme["type"], &scheme["primary"]), (&json!("oauthbearertoken"), &json!(true)));
    for name in ["name", "description", "specUri"] {
        assert!(scheme[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    let bare = config(Support::default());
    assert_eq!((&bare["sort"]["supported"], &bare["pagination"]["cursor"]), (&json!(false), &json!(false)));
    assert_eq!(bare["bulk"], json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 1_048_576}));
}

#[test]
fn resource_types_name_their_endpoint_schema_and_extensions() {
    let documents = resource_types(BASE, schema::user());
    let extension = |urn: &str| json!({"schema": urn, "required": false});

    assert_eq!(
        documents,
        [
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": "User", "name": "User", "endpoint": "/Users", "description": "A person in the workspace",
                "schema": CORE_USER, "schemaExtensions": [extension(ENTERPRISE_USER), extension(USHER_USER)],
                "meta": {"resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/User")},
            }),
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": "Group", "name": "Group", "endpoint": "/Groups",
                "description": "Users and groups of the workspace that belong together",
                "schema": CORE_GROUP, "schemaExtensions": [],
                "meta": {"resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/Group")},
            }),
        ]
    );
}

#[test]
fn an_extension_with_a_required_attribute_is_required() {
    let mut users = schema::user_with(Vec::new());
    users.extensions[0].attributes[0].required = true;

    let documents = resource_types(BASE, &users);

    assert_eq!(documents[0]["schemaExtensions"][0]["required"], true);
    assert_eq!(documents[0]["schemaExtensions"][1]["required"], false);
}

#[test]
fn schemas_describe_every_attribute_with_all_characteristics() {
    let documents = schemas(BASE, schema::user());
    let ids: Vec<_> = documents.iter().map(|document| document["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [CORE_USER, ENTERPRISE_USER, USHER_USER, CORE_GROUP]);
    for document in &documents {
        assert_eq!(document["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]));
        let location = format!("{BASE}/Schemas/{}", document["id"].as_str().unwrap());
        assert_eq!(document["meta"], json!({"resourceType": "Schema", "location": location}));
        for attribute in document["attributes"].as_array().unwrap() {
            described(attribute, false);
        }
    }
}

fn described(attribute: &Value, is_part: bool) {
    let is_one_of = |name: &str, known: &[&str]| {
        assert!(known.contains(&attribute[name].as_str().unwrap()), "{name} of {attribute}");
    };
    for name in ["multiValued", "required", "caseExact"] {
        assert!(attribute[name].is_boolean(), "{name} of {attribute}");
    }
    for name in ["name", "description"] {
        assert!(attribute[name].as_str().is_some_and(|text| !text.is_empty()), "{name} of {attribute}");
    }
    is_one_of(
        "type",
        &["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"],
    );
    is_one_of("mutability", &["readOnly", "readWrite", "immutable"]);
    is_one_of("returned", &["always", "default"]);
    is_one_of("uniqueness", &["none", "server"]);
    assert_eq!(attribute.get("referenceTypes").is_some(), attribute["type"] == "reference", "{attribute}");
    assert_eq!(attribute.get("subAttributes").is_some(), attribute["type"] == "complex", "{attribute}");
    if let Some(known) = attribute.get("canonicalValues") {
        assert!(!known.as_array().unwrap().is_empty(), "{attribute}");
    }
    assert!(!is_part || attribute["type"] != "complex", "a part has no parts: {attribute}");
    for part in attribute["subAttributes"].as_array().into_iter().flatten() {
        described(part, true);
    }
}

/// Returns the attributes of all schemas that have a characteristic, as `name` or `name.part`.
fn with(name: &str, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for document in schemas(BASE, schema::user()) {
        for attribute in document["attributes"].as_array().unwrap() {
            let own = attribute["name"].as_str().unwrap();
            if attribute[name] == *value {
                found.insert(own.to_owned());
            }
            for part in attribute["subAttributes"].as_array().into_iter().flatten() {
                if part[name] == *value {
                    found.insert(format!("{own}.{}", part["name"].as_str().unwrap()));
                }
            }
        }
    }
    found
}

#[test]
fn characteristics_are_those_of_the_rfc() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();

    assert_eq!(with("required", &json!(true)), set(&["userName", "displayName"]));
    assert_eq!(with("uniqueness", &json!("server")), set(&["userName", "displayName"]));
    assert_eq!(
        with("mutability", &json!("readOnly")),
        set(&[
            "groups",
            "groups.value",
            "groups.$ref",
            "groups.display",
            "groups.type",
            "manager.displayName"
        ])
    );
    assert_eq!(
        with("mutability", &json!("immutable")),
        set(&["members.value", "members.$ref", "members.display", "members.type"])
    );
    assert_eq!(
        with("caseExact", &json!(true)),
        set(&["externalId", "groups.value", "manager.value", "members.value", "x509Certificates.value"])
    );
    assert_eq!(
        with("multiValued", &json!(true)),
        set(&[
            "addresses",
            "emails",
            "entitlements",
            "groups",
            "ims",
            "members",
            "phoneNumbers",
            "photos",
            "roles",
            "x509Certificates",
        ])
    );
    assert_eq!(with("type", &json!("binary")), set(&["x509Certificates.value"]));
    assert_eq!(with("referenceTypes", &json!(["external"])), set(&["profileUrl", "photos.value"]));
    assert_eq!(with("referenceTypes", &json!(["User", "Group"])), set(&["members.$ref"]));
    assert_eq!(with("canonicalValues", &json!(["User", "Group"])), set(&["members.type"]));
    assert_eq!(with("canonicalValues", &json!(["direct", "indirect"])), set(&["groups.type"]));
    assert_eq!(with("canonicalValues", &json!(["Regular", "External", "Collaborator"])), set(&["userType"]));
    assert!(with("returned", &json!("always")).is_empty());
    let common = |name: &str| {
        let common = &schema::user().common;
        let found = common.iter().find(|attribute| attribute.name == name).unwrap();
        (found.case_exact, found.mutability.as_str(), found.returned.as_str(), found.uniqueness.as_str())
    };
    assert_eq!(common("id"), (true, "readOnly", "always", "server"));
    assert_eq!(common("schemas"), (true, "readOnly", "always", "none"));
    assert_eq!(common("externalId"), (true, "readWrite", "default", "none"));
    assert_eq!(common("meta"), (false, "readOnly", "default", "none"));
}

#[test]
fn an_attribute_that_admins_defined_is_published_as_they_defined_it() {
    let kinds = [Kind::String, Kind::Boolean, Kind::Decimal, Kind::Integer, Kind::DateTime, Kind::Reference];
    let custom = kinds.map(|kind| CustomAttribute {
        name: kind.as_str().to_owned(),
        kind,
        description: "d".to_owned(),
        case_exact: kind == Kind::String,
        canonical_values: if kind == Kind::String { vec!["a".to_owned()] } else { Vec::new() },
    });
    let users = schema::user_with(custom.into());

    let documents = schemas(BASE, &users);

    let document = documents.iter().find(|document| document["id"] == CUSTOM_USER).unwrap();
    for (attribute, kind) in document["attributes"].as_array().unwrap().iter().zip(kinds) {
        described(attribute, false);
        assert_eq!(attribute["type"], kind.as_str());
        assert_eq!((&attribute["required"], &attribute["multiValued"]), (&json!(false), &json!(false)));
        assert_eq!(attribute["caseExact"], kind == Kind::String);
        assert_eq!(attribute.get("canonicalValues").is_some(), kind == Kind::String);
    }
    let page = document["attributes"].as_array().unwrap().last().unwrap();
    assert_eq!(page["referenceTypes"], json!(["uri"]));
    assert_eq!(documents.len(), 5);
    assert!(resource_types(BASE, &users)[0]["schemaExtensions"].to_string().contains(CUSTOM_USER));
}

#[test]
fn a_list_response_has_the_total_and_the_range_of_the_page() {
    assert_eq!(
        list_response(7, 3, &[json!({"id": "a"}), json!({"id": "b"})]),
        json!({
            "schemas": [LIST_SCHEMA], "totalResults": 7, "startIndex": 3, "itemsPerPage": 2,
            "Resources": [{"id": "a"}, {"id": "b"}],
        })
    );
    assert_eq!(
        cursor_response(Some(7), "n", "p", &[json!({"id": "a"})]),
        json!({
            "schemas": [LIST_SCHEMA], "totalResults": 7, "itemsPerPage": 1, "nextCursor": "n",
            "previousCursor": "p", "Resources": [{"id": "a"}],
        })
    );
    assert_eq!(
        cursor_response(None, "", "", &[]),
        json!({"schemas": [LIST_SCHEMA], "itemsPerPage": 0, "Resources": []})
    );
}

#[test]
fn an_error_has_the_rfc_s_names_and_a_detail_of_bounded_length() {
    assert_eq!(
        error_body(400, Some(ScimType::NoTarget.as_str()), "d"),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": "noTarget",
            "detail": "d",
        })
    );
    assert_eq!(error_body(404, None, "d").get("scimType"), None);
    let names = [
        ScimType::InvalidFilter,
        ScimType::TooMany,
        ScimType::Uniqueness,
        ScimType::Mutability,
        ScimType::InvalidSyntax,
        ScimType::InvalidPath,
        ScimType::NoTarget,
        ScimType::InvalidValue,
        ScimType::InvalidVers,
        ScimType::Sensitive,
    ]
    .map(ScimType::as_str);
    assert_eq!(
        names,
        [
            "invalidFilter",
            "tooMany",
            "uniqueness",
            "mutability",
            "invalidSyntax",
            "invalidPath",
            "noTarget",
            "invalidValue",
            "invalidVers",
            "sensitive",
        ]
    );
    let detail = |length: usize| ScimError::new(ScimType::InvalidValue, "é".repeat(length)).to_string();
    assert_eq!(detail(MAX_DETAIL), "é".repeat(MAX_DETAIL));
    assert_eq!(detail(MAX_DETAIL + 1), format!("{}…", "é".repeat(MAX_DETAIL)));
    assert_eq!(short(&"é".repeat(80)), "é".repeat(80));
    assert_eq!(short(&"é".repeat(81)), format!("{}…", "é".repeat(80)));
}
