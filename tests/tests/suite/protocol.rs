//! The protocol in places that clients rarely use.

use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::attribute_service_client::AttributeServiceClient;
use usher_proto::tenant::v1::ScimProfile;
use usher_tests::operator::Seats;
use usher_tests::scim::{SEAT, encode, user};
use usher_tests::stack::Stack;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_core_user_type_is_returned_as_sent_and_decides_the_seat_only_if_it_names_a_class() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut paths = Vec::new();
    for (local, own, class) in [
        ("ada", "Employee", "Regular"),
        ("bob", "external", "External"),
        ("cid", "COLLABORATOR", "Collaborator"),
    ] {
        let mut document = user(&acme.address(local));
        document["userType"] = json!(own);
        let made = scim.post("/Users", &document).await;
        made.assert_status(201).assert_at("/userType", own).assert_at(SEAT, class);
        paths.push(made.path());
    }
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 1, collaborator: 1 });

    let to = |path: &str, value: &str| json!([{ "op": "replace", "path": path, "value": value }]);
    let usher = &SEAT[1..SEAT.len() - "/userType".len()];
    let of_seat = format!("{usher}:userType");
    scim.patch(&paths[0], to("userType", "Collaborator")).await.assert_at(SEAT, "Collaborator");
    scim.patch(&paths[1], to("userType", "Contractor")).await.assert_at(SEAT, "Regular");
    scim.patch(&paths[2], to(&of_seat, "External")).await.assert_at(SEAT, "External");
    let kept = scim.patch(&paths[2], to("userType", "Regular")).await;
    kept.assert_at(SEAT, "External").assert_at("/userType", "Regular");
    let cleared = json!([{ "op": "remove", "path": of_seat }]);
    scim.patch(&paths[2], cleared).await.assert_at(SEAT, "Regular").assert_at("/userType", "Regular");
    assert_eq!(acme.seats().await, Seats { regular: 2, external: 0, collaborator: 1 });
    scim.filter("userType eq \"CONTRACTOR\"").await.assert_total(1);
    let schemas = scim.get("/Schemas").await.body.to_string();
    assert!(schemas.contains("\"name\":\"userType\",\"type\":\"string\""), "{schemas}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_from_before_the_client_s_own_user_type_was_kept_stays_what_it_is() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut document = user(&acme.address("ada"));
    document["userType"] = json!("External");
    let path = scim.post("/Users", &document).await.assert_status(201).path();
    // As the previous version wrote it: only the column.
    sqlx::query("UPDATE users SET resource = resource - 'userType'")
        .execute(&mut stack.owner(&stack.databases().identity).await)
        .await
        .unwrap();
    let to = |path: &str, value: &str| json!([{ "op": "replace", "path": path, "value": value }]);

    scim.get(&path).await.assert_at(SEAT, "External");
    scim.patch(&path, to("title", "T")).await.assert_at(SEAT, "External");
    scim.patch(&path, to("userType", "Employee")).await.assert_at(SEAT, "External");
    assert_eq!(acme.seats().await, Seats { regular: 0, external: 1, collaborator: 0 });
    scim.patch(&path, to("userType", "Collaborator")).await.assert_at(SEAT, "Collaborator");
    assert_eq!(acme.seats().await, Seats { regular: 0, external: 0, collaborator: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_refused_for_the_versions_that_if_none_match_names() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let made = scim.create_user(&acme.address("ada")).await;
    let (path, etag) = (made.path(), made.etag());
    let title = |title: &str| json!({ "Operations": [{ "op": "replace", "path": "title", "value": title }] });
    let put = user(&acme.address("ada"));
    let group = scim.post("/Groups", &json!({ "displayName": "G" })).await.assert_status(201).id();

    for excluded in ["*", etag.as_str(), "\"7\", W/\"1\""] {
        for (method, path, body) in [
            (Method::PATCH, path.clone(), title("never")),
            (Method::PUT, path.clone(), put.clone()),
            (Method::DELETE, path.clone(), Value::Null),
            (Method::DELETE, format!("/Groups/{group}"), Value::Null),
        ] {
            let request = scim.with_body(method, &path, &body).header(IF_NONE_MATCH, excluded);
            scim.send(request).await.assert_scim_error(412, "If-None-Match");
        }
    }
    let others = scim.with_body(Method::PATCH, &path, &title("now")).header(IF_NONE_MATCH, "W/\"7\"");
    scim.send(others).await.assert_status(200).assert_at("/title", "now");
    let both = scim.with_body(Method::PATCH, &path, &title("never"));
    scim.send(both.header(IF_NONE_MATCH, "W/\"7\"").header(IF_MATCH, &etag)).await.assert_status(412);
    let absent = scim.request(Method::DELETE, "/Users/nobody").header(IF_NONE_MATCH, "*");
    scim.send(absent).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_returns_one_sub_attribute_of_a_manager_and_repeated_parameters_add_up() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let boss = scim.created(&acme.address("boss")).await;
    let mut document = user(&acme.address("ada"));
    document[ENTERPRISE] = json!({ "department": "D", "manager": { "value": boss } });
    let path = scim.post("/Users", &document).await.assert_status(201).path();

    let read =
        scim.get(&format!("{path}?attributes={}", encode(&format!("{ENTERPRISE}:manager.value")))).await;
    read.assert_at(&format!("/{ENTERPRISE}"), json!({ "manager": { "value": boss } }));

    let read = scim.get(&format!("{path}?attributes=userName&attributes=emails.value")).await;
    read.assert_at("/userName", acme.address("ada"))
        .assert_at("/emails", json!([{ "value": acme.address("ada") }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_body_is_read_by_each_of_its_names() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    for (local, encoding) in [("a", "gzip"), ("b", "GZIP"), ("c", "x-gzip"), ("d", "X-Gzip")] {
        let body = gzip(user(&acme.address(local)).to_string().as_bytes());
        let request = scim.request(Method::POST, "/Users").header(CONTENT_ENCODING, encoding).body(body);
        scim.send(request).await.assert_status(201).assert_at("/userName", acme.address(local));
    }
    let request = scim.request(Method::POST, "/Users").header(CONTENT_ENCODING, "br").body("x");
    scim.send(request).await.assert_scim_error(415, "gzip");
}

/// A gzip stream of stored blocks.
fn gzip(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend(crc32fast::hash(data).to_le_bytes());
    stream.extend(u32::from(length).to_le_bytes());
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_in_two_spellings_of_one_id_is_one_member() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let id = scim.created(&acme.address("ada")).await;
    let members = json!([{ "value": id }, { "value": id.to_uppercase() }]);

    let group = scim.post("/Groups", &json!({ "displayName": "G", "members": members })).await;

    group.assert_status(201).assert_at("/members/0/value", id.as_str());
    assert_eq!(group.body["members"].as_array().unwrap().len(), 1);
    let path = format!("/Groups/{}", group.id());
    scim.get(&format!("/Groups?filter={}", encode(&format!("members eq \"{}\"", id.to_uppercase()))))
        .await
        .assert_total(1);
    let out = json!([{ "op": "remove", "path": format!("members[value eq '{}']", id.to_uppercase()) }]);
    scim.patch(&path, out).await.assert_status(204);
    scim.get(&path).await.assert_at("/members", Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_in_single_quotes_match_in_the_default_profile_and_are_refused_in_the_strict_one() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let id = scim.created(&acme.address("ada")).await;
    let group = scim.post("/Groups", &json!({ "displayName": "G", "members": [{ "value": id }] })).await;
    let filter = format!("userName eq '{}'", acme.address("ADA"));
    let out = json!([{ "op": "remove", "path": format!("members[value eq '{id}']") }]);

    scim.filter(&filter).await.assert_total(1);
    stack.operator().app_profile(acme.id(), acme.app(), ScimProfile::Strict).await.unwrap();
    let strict = scim.with_token(&acme.token().await.secret);
    strict.filter(&filter).await.assert_scim_error(400, "double quotes").assert_scim_type("invalidFilter");
    let path = format!("/Groups/{}", group.id());
    strict.patch(&path, out.clone()).await.assert_scim_error(400, "double quotes");
    strict.get(&path).await.assert_at("/members/0/value", id.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_second_of_9999_is_a_time_and_a_time_without_a_zone_is_utc() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let attribute = identity::Attribute {
        name: "until".into(),
        r#type: identity::AttributeType::DateTime.into(),
        ..Default::default()
    };
    let define = identity::DefineAttributeRequest { attribute: Some(attribute) };
    let operator = stack.operator();
    let mut attributes = AttributeServiceClient::new(operator.identity());
    attributes.define_attribute(operator.request_for(acme.id(), define)).await.unwrap();
    let custom = "urn:ietf:params:scim:schemas:extension:custom:2.0:User";
    for (local, until, kept) in [
        ("ada", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("bob", "2026-06-01T12:00:00", "2026-06-01T12:00:00Z"),
    ] {
        let mut document = user(&acme.address(local));
        document[custom] = json!({ "until": until });
        let made = scim.post("/Users", &document).await;
        made.assert_status(201).assert_at(&format!("/{custom}/until"), kept);
    }

    for (filter, total) in [
        ("meta.created lt \"9999-12-31T23:59:59Z\"".to_owned(), 2),
        (format!("{custom}:until eq \"9999-12-31T23:59:59Z\""), 1),
        (format!("{custom}:until ge \"2026-06-01T12:00:00\""), 2),
        (format!("{custom}:until eq \"2026-06-01T14:00:00+02:00\""), 1),
    ] {
        scim.filter(&filter).await.assert_total(total);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_on_errors_zero_stops_at_the_first_error_and_bulk_id_in_a_text_is_text() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut ada = user(&acme.address("ada"));
    ada["title"] = json!("bulkId:nobody");
    let bulk = json!({ "failOnErrors": 0, "Operations": [
        { "method": "POST", "path": "/Users", "bulkId": "a", "data": ada },
        { "method": "DELETE", "path": "/Users/nobody" },
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": user(&acme.address("bob")) },
    ]});

    let answer = scim.post("/Bulk", &bulk).await;

    answer
        .assert_status(200)
        .assert_at("/Operations/0/status", "201")
        .assert_at("/Operations/1/status", "404");
    assert_eq!(answer.body["Operations"].as_array().unwrap().len(), 2, "{}", answer.text);
    scim.filter("title eq \"bulkId:nobody\"").await.assert_total(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery_calls_required_only_what_a_client_must_send() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let required = |resources: &Value| {
        let mut found = Vec::new();
        for resource in resources.as_array().unwrap() {
            for attribute in resource["attributes"].as_array().into_iter().flatten() {
                if attribute["required"] == true {
                    found.push(format!(
                        "{}.{}",
                        resource["name"].as_str().unwrap(),
                        attribute["name"].as_str().unwrap()
                    ));
                }
            }
            for extension in resource["schemaExtensions"].as_array().into_iter().flatten() {
                assert_eq!(extension["required"], false, "{extension}");
            }
        }
        found
    };

    assert_eq!(
        required(&scim.get("/Schemas").await.body["Resources"]),
        ["User.userName", "Group.displayName"]
    );
    assert!(required(&scim.get("/ResourceTypes").await.body["Resources"]).is_empty());
}
