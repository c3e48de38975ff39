//! Users over SCIM, as identity providers manage them.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use usher_tests::scim::{MEDIA_TYPE, PATCH_SCHEMA, user};
use usher_tests::stack::Stack;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

/// A user with something at every kind of place.
fn ada() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "Ada-1",
        "userName": "Ada@acme.example",
        "name": { "givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace" },
        "displayName": "Ada Lovelace",
        "title": "Countess",
        "active": true,
        "emails": [
            { "type": "work", "primary": true, "value": "ada@acme.example" },
            { "type": "home", "value": "ada@home.example" },
        ],
        "phoneNumbers": [{ "type": "work", "value": "+44 (0)20 555-01;ext=7" }],
        ENTERPRISE: { "department": "Engines", "employeeNumber": "0042", "organization": "Acme" },
        USHER: { "userType": "External" },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_test_is_200_and_empty() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;

    let answer = acme.scim().get("/Users?filter=userName+eq+%227d420df3-1f6b%22").await;

    answer.assert_total(0).assert_at("/Resources", json!([])).assert_at("/startIndex", 1);
    answer.assert_at("/schemas", json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_created_user_comes_back_as_it_was_sent() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;

    let created = acme.scim().post("/Users", &ada()).await;

    created.assert_status(201).assert_media_type();
    for (name, sent) in ada().as_object().unwrap().iter().filter(|(name, _)| *name != "schemas") {
        assert_eq!(&created.body[name], sent, "{name}");
    }
    created.assert_at("/meta/version", created.etag()).assert_at("/meta/resourceType", "User");
    let location = created.header("location").unwrap();
    assert_eq!(location, format!("{}{}", acme.scim().base(), created.path()));
    assert_eq!(created.body["meta"]["location"], location);
    assert!(created.body["schemas"].as_array().unwrap().contains(&json!(USHER)));

    let read = acme.scim().get(&created.path()).await;
    assert_eq!(read.assert_status(200).body, created.body);
    assert_eq!(read.etag(), created.etag());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_active_and_type_is_active_and_regular() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;

    let created = acme.scim().post("/Users", &json!({ "userName": "ada@acme.example" })).await;

    created.assert_status(201).assert_at("/active", true).assert_at("/userType", "Regular");
    created.assert_at(&format!("/{USHER}/userType"), "Regular");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_look_up_that_entra_makes_finds_the_user() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let id = scim.post("/Users", &ada()).await.id();
    scim.created("other@acme.example").await;

    for filter in [
        "userName eq \"ada@acme.example\"".to_owned(),
        "username EQ \"ADA@ACME.EXAMPLE\"".to_owned(),
        "externalId eq \"Ada-1\"".to_owned(),
        "externalId eq Ada-1".to_owned(),
        format!("id eq \"{id}\""),
        "displayName eq \"ada lovelace\"".to_owned(),
        "emails[type eq \"work\"].value eq \"ADA@acme.example\"".to_owned(),
        "emails[type eq \"work\"] eq \"ada@acme.example\"".to_owned(),
        "active eq true and userName eq \"ada@acme.example\"".to_owned(),
        "active eq \"True\" and externalId eq \"Ada-1\"".to_owned(),
    ] {
        let found = scim.filter(&filter).await;
        found.assert_total(1).assert_at("/Resources/0/id", id.as_str());
    }
    for filter in [
        "externalId eq \"ada-1\"",
        "userName eq \"ad\"",
        "active eq false",
        "emails[type eq \"work\"].value eq \"ada@home.example\"",
        "active eq false and userName eq \"ada@acme.example\"",
    ] {
        scim.filter(filter).await.assert_total(0);
    }
    scim.get("/Users?filter=userName%20eq%20%22ada@acme.example%22&aadOptscim062020").await.assert_total(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_cannot_be_answered_is_an_error_and_never_a_list() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created("ada@acme.example").await;

    for filter in [
        "userName eq",
        "nope eq \"a\"",
        "userName foo \"a\"",
        "(userName eq \"a\"",
        "userName eq \"a",
        " and ",
    ] {
        let answer = acme.scim().filter(filter).await;
        answer.assert_scim_error(400, "").assert_scim_type("invalidFilter");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deactivated_user_stays_visible_and_a_deleted_one_is_gone() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let path = scim.post("/Users", &ada()).await.path();

    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    scim.patch(&path, off).await.assert_status(200).assert_at("/active", false);
    scim.get(&path).await.assert_status(200).assert_at("/active", false);
    scim.filter("userName eq \"ada@acme.example\"")
        .await
        .assert_total(1)
        .assert_at("/Resources/0/active", false);

    scim.delete(&path).await.assert_status(204);
    scim.get(&path).await.assert_scim_error(404, "");
    scim.delete(&path).await.assert_scim_error(404, "");
    scim.patch(&path, json!([{ "op": "replace", "path": "title", "value": "x" }])).await.assert_status(404);
    scim.put(&path, &ada()).await.assert_status(404);
    scim.filter("userName eq \"ada@acme.example\"").await.assert_total(0);
    scim.filter("externalId eq \"Ada-1\"").await.assert_total(0);

    let again = scim.post("/Users", &ada()).await;
    again.assert_status(201);
    assert_ne!(again.path(), path, "ids are never used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_patch_dialects_write_the_same() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let urn = |name: &str| format!("{ENTERPRISE}:{name}");
    let legacy = json!([
        { "op": "Add", "path": "nickName", "value": "Countess" },
        { "op": "Replace", "path": "displayName", "value": "A. L." },
        { "op": "Replace", "path": "name.familyName", "value": "King" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@acme.example" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "07" },
        { "op": "Replace", "path": urn("department"), "value": "Poetry" },
        { "op": "Add", "path": urn("manager"), "value": [{ "$ref": null, "value": "m1" }] },
        { "op": "Replace", "path": format!("{USHER}:userType"), "value": "Collaborator" },
        { "op": "Replace", "path": "active", "value": "False" },
    ]);
    let mut rest = json!({
        "nickName": "Countess", "displayName": "A. L.", "name.familyName": "King",
        urn("department"): "Poetry", urn("manager"): "m1",
    });
    rest[format!("{USHER}:userType")] = json!("Collaborator");
    let fixed = json!([
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@acme.example" },
        { "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "07" },
        { "op": "replace", "value": rest },
        { "op": "replace", "path": "active", "value": false },
    ]);

    let mut written = Vec::new();
    for operations in [legacy, fixed] {
        let path = scim.post("/Users", &ada()).await.assert_status(201).path();
        let mut answer = scim.patch(&path, operations).await.assert_status(200).body.clone();
        for own in ["id", "meta"] {
            answer.as_object_mut().unwrap().remove(own);
        }
        written.push(answer);
        scim.delete(&path).await.assert_status(204);
    }

    assert_eq!(written[0], written[1]);
    assert_eq!(
        written[0]["name"],
        json!({ "givenName": "Ada", "familyName": "King", "formatted": "Ada Lovelace" })
    );
    assert_eq!(written[0][ENTERPRISE]["manager"]["value"], "m1");
    assert_eq!(written[0]["emails"][1]["value"], "ada@home.example");
    assert_eq!(written[0]["phoneNumbers"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_client_does_not_send_stays() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created("ada@acme.example").await;
    let path = format!("/Users/{id}");

    // Filled in inside the product, by people.
    let filled = json!([
        { "op": "add", "path": "phoneNumbers[type eq \"home\"].value", "value": "555" },
        { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Engines" },
        { "op": "add", "path": "emails", "value": [{ "type": "other", "value": "ada@love.example" }] },
    ]);
    stack.operator().patch_user(acme.id(), &id, &filled).await.unwrap();
    let mut sent = user("ada@acme.example");
    sent["title"] = json!("Countess");
    let written = acme.scim().put(&path, &sent).await;
    acme.scim()
        .patch(&path, json!([{ "op": "Add", "path": "displayName", "value": "Ada" }]))
        .await
        .assert_status(200);

    written.assert_status(200).assert_at("/title", "Countess");
    let read = acme.scim().get(&path).await;
    read.assert_at("/phoneNumbers/0/value", "555").assert_at(&format!("/{ENTERPRISE}/department"), "Engines");
    let provenance = stack.operator().provenance(acme.id(), &id).await.unwrap();
    let origin =
        |path: &str| provenance.iter().find(|(name, _)| name.starts_with(path)).map(|(_, by)| by.as_str());
    assert_eq!(origin("title"), Some("idp"), "{provenance:?}");
    assert_eq!(origin("displayName"), Some("idp"), "{provenance:?}");
    assert_eq!(origin("phoneNumbers"), Some("admin"), "{provenance:?}");
    assert_eq!(origin(&format!("{ENTERPRISE}:department")), Some("admin"), "{provenance:?}");
    assert_eq!(origin("active"), Some("default"), "{provenance:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secondary_addresses_of_the_product_survive_a_sync_of_the_work_address() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created("ada@acme.example").await;
    let path = format!("/Users/{id}");
    let other =
        json!([{ "op": "add", "path": "emails", "value": [{ "type": "other", "value": "a@love.example" }] }]);
    stack.operator().patch_user(acme.id(), &id, &other).await.unwrap();

    let sync =
        json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "al@acme.example" }]);
    let synced = acme.scim().patch(&path, sync).await;

    let values: Vec<_> = synced.assert_status(200).body["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|email| &email["value"])
        .collect();
    assert_eq!(values, ["al@acme.example", "a@love.example"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remove_and_blank_and_null_each_clear() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();

    for clear in [
        json!({ "op": "remove" }),
        json!({ "op": "Replace", "value": "" }),
        json!({ "op": "replace", "value": null }),
    ] {
        let path = scim.post("/Users", &ada()).await.assert_status(201).path();
        for target in [
            "title",
            "name.familyName",
            "phoneNumbers[type eq \"work\"].value",
            &format!("{ENTERPRISE}:department"),
        ] {
            let mut operation = clear.clone();
            operation["path"] = json!(target);
            scim.patch(&path, json!([operation])).await.assert_status(200);
        }
        let read = scim.get(&path).await;
        read.assert_at("/title", Value::Null).assert_at("/name/familyName", Value::Null);
        read.assert_at("/name/givenName", "Ada").assert_at("/phoneNumbers", Value::Null);
        read.assert_at(&format!("/{ENTERPRISE}/department"), Value::Null);
        read.assert_at(&format!("/{ENTERPRISE}/employeeNumber"), "0042");
        // What is required can't be cleared.
        let mut operation = clear;
        operation["path"] = json!("userName");
        let refused = scim.patch(&path, json!([operation])).await;
        refused.assert_scim_error(400, "userName");
        scim.delete(&path).await.assert_status(204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn put_writes_over_clears_what_is_null_and_keeps_what_is_not_named() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let path = acme.scim().post("/Users", &ada()).await.path();

    let mut document = user("ada@acme.example");
    document["title"] = Value::Null;
    document["name"] = json!({ "familyName": "King" });
    let written = acme.scim().put(&path, &document).await;

    written.assert_status(200).assert_at("/title", Value::Null).assert_at("/name/familyName", "King");
    written
        .assert_at("/name/givenName", "Ada")
        .assert_at("/displayName", "Ada Lovelace")
        .assert_at("/active", true);
    acme.scim().put(&path, &json!({ "title": "x" })).await.assert_scim_error(400, "userName");
    acme.scim().put(&path, &json!({ "userName": "" })).await.assert_scim_error(400, "userName");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etags_tell_versions_apart() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let created = scim.post("/Users", &ada()).await;
    let (path, first) = (created.path(), created.etag());
    let body = |title: &str| json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "title", "value": title }] });
    let write = async |title: &str, etag: &str| {
        scim.send(scim.with_body(Method::PATCH, &path, &body(title)).header("if-match", etag)).await
    };

    let second = write("one", &first).await.assert_status(200).etag();
    assert_ne!(first, second);
    write("two", &first).await.assert_scim_error(412, "");
    scim.send(scim.request(Method::DELETE, &path).header("if-match", &first)).await.assert_status(412);
    scim.send(scim.with_body(Method::PUT, &path, &ada()).header("if-match", &first)).await.assert_status(412);
    write("one", &second).await.assert_status(200).assert_at("/meta/version", second.as_str());
    let unchanged = scim.send(scim.request(Method::GET, &path).header("if-none-match", &second)).await;
    assert!(unchanged.assert_status(304).text.is_empty());
    scim.send(scim.request(Method::GET, &path).header("if-none-match", &first)).await.assert_status(200);
    write("three", "*").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_user_name_is_409_uniqueness_on_every_path() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    scim.created("ada@acme.example").await;
    let path = format!("/Users/{}", scim.created("bob@acme.example").await);

    let rename = json!([{ "op": "replace", "value": { "userName": "ADA@acme.example" } }]);
    for answer in [
        scim.create_user("Ada@ACME.example").await,
        scim.put(&path, &user("ada@acme.example")).await,
        scim.patch(&path, rename).await,
    ] {
        answer.assert_scim_error(409, "userName").assert_scim_type("uniqueness");
    }
    let same = json!([{ "op": "replace", "path": "userName", "value": "BOB@acme.example" }]);
    scim.patch(&path, same).await.assert_status(200).assert_at("/userName", "BOB@acme.example");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_paged_in_a_stable_order_with_exact_totals() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(scim.created(&acme.address(&format!("u{n}"))).await);
    }

    let mut seen = Vec::new();
    for (start, expected) in [(1, 5), (6, 5), (11, 2)] {
        let page = scim.get(&format!("/Users?startIndex={start}&count=5")).await;
        page.assert_total(12).assert_at("/startIndex", start).assert_at("/itemsPerPage", expected);
        seen.extend(page.body["Resources"].as_array().unwrap().iter().map(|user| user["id"].clone()));
    }
    assert_eq!(seen, ids);
    scim.get("/Users?startIndex=13&count=5").await.assert_total(12).assert_at("/itemsPerPage", 0);
    scim.get("/Users?count=0").await.assert_total(12).assert_at("/itemsPerPage", 0);
    let page = scim.get("/Users?attributes=userName&count=1").await;
    let only = page.body["Resources"][0].as_object().unwrap();
    assert!(
        only.contains_key("userName") && only.contains_key("id") && !only.contains_key("emails"),
        "{only:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery_says_what_is_there() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();

    let config = scim.get("/ServiceProviderConfig").await;
    config
        .assert_status(200)
        .assert_media_type()
        .assert_at("/patch/supported", true)
        .assert_at("/etag/supported", true);
    let types = scim.get("/ResourceTypes").await;
    assert!(types.assert_status(200).body["totalResults"].as_u64().unwrap() >= 1);
    let schemas = scim.get("/Schemas").await;
    schemas.assert_status(200);
    for document in [&types, &schemas].iter().flat_map(|list| list.body["Resources"].as_array().unwrap()) {
        let location = document["meta"]["location"].as_str().unwrap();
        let path = location.strip_prefix(scim.base()).unwrap();
        assert_eq!(&scim.get(path).await.assert_status(200).body, document);
    }
    for kind in types.body["Resources"].as_array().unwrap() {
        scim.get(kind["endpoint"].as_str().unwrap()).await.assert_status(200);
        let extensions =
            kind["schemaExtensions"].as_array().unwrap().iter().map(|extension| &extension["schema"]);
        for urn in extensions.chain([&kind["schema"]]) {
            scim.get(&format!("/Schemas/{}", urn.as_str().unwrap())).await.assert_status(200);
        }
    }
}

/// Every writable string attribute that `/Schemas` advertises is stored and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_advertised_attribute_is_really_kept() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let core = scim.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await;
    let path = format!("/Users/{}", scim.created("ada@acme.example").await);

    for attribute in core.body["attributes"].as_array().unwrap() {
        let name = attribute["name"].as_str().unwrap();
        if attribute["mutability"] == "readOnly" || ["userName", "active", "userType"].contains(&name) {
            continue;
        }
        let value = match (attribute["type"].as_str().unwrap(), attribute["multiValued"] == true) {
            ("complex", true) if name == "x509Certificates" => json!([{ "value": "AAAA" }]),
            ("complex", true) if name == "addresses" => json!([{ "type": "work", "locality": "Leeds" }]),
            ("complex", true) if name == "emails" => json!([{ "type": "work", "value": "ada@acme.example" }]),
            ("complex", true) => json!([{ "value": "https://acme.example/1" }]),
            ("complex", false) => json!({ "familyName": "King" }),
            _ => json!("https://acme.example/2"),
        };
        let operation = json!([{ "op": "replace", "path": name, "value": value }]);
        scim.patch(&path, operation).await.assert_status(200);
        let read = scim.get(&path).await;
        assert_eq!(read.body[name], value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_a_scim_error_that_says_so() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let path = format!("/Users/{}", scim.created("ada@acme.example").await);
    let raw = async |method: Method, path: &str, body: &str| {
        let request = scim.request(method, path).header(CONTENT_TYPE, MEDIA_TYPE).body(body.to_owned());
        scim.send(request).await
    };

    raw(Method::POST, "/Users", "{").await.assert_scim_error(400, "JSON").assert_scim_type("invalidSyntax");
    raw(Method::POST, "/Users", "[]")
        .await
        .assert_scim_error(400, "object")
        .assert_scim_type("invalidSyntax");
    raw(Method::POST, "/Users", "{}")
        .await
        .assert_scim_error(400, "userName")
        .assert_scim_type("invalidValue");
    let bad = r#"{"userName": "x@acme.example", "active": "perhaps", "emails": "none@acme.example x"}"#;
    raw(Method::POST, "/Users", bad).await.assert_scim_error(400, "active").assert_scim_type("invalidValue");
    let no_type = r#"{"userName": "x@acme.example", "userType": "Boss"}"#;
    raw(Method::POST, "/Users", no_type).await.assert_scim_error(400, "Regular, External or Collaborator");
    raw(Method::PATCH, &path, r#"{"Operations": [{"op": "fly", "path": "title"}]}"#)
        .await
        .assert_scim_error(400, "op");
    let bad_path = json!([{ "op": "replace", "path": "title[", "value": "x" }]);
    scim.patch(&path, bad_path).await.assert_scim_error(400, "").assert_scim_type("invalidPath");
    scim.get("/Users/00919288221112222").await.assert_scim_error(404, "");
    scim.get("/Nothing").await.assert_scim_error(404, "");
    scim.put("/Users", &ada()).await.assert_status(405);
    for size in [(1 << 20) + 1, 8 << 20] {
        raw(Method::POST, "/Users", &format!("\"{}\"", "x".repeat(size))).await.assert_scim_error(413, "");
    }
    let request = scim.request(Method::POST, "/Users").header(CONTENT_TYPE, "text/xml").body("<user/>");
    scim.send(request).await.assert_scim_error(415, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_and_urls_are_taken_as_clients_send_them() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();

    for (number, content_type) in
        ["application/scim+json; charset=utf-8", "application/json", "APPLICATION/SCIM+JSON"]
            .iter()
            .enumerate()
    {
        let document = user(&acme.address(&format!("u{number}"))).to_string();
        let request = scim.request(Method::POST, "/Users").header(CONTENT_TYPE, *content_type).body(document);
        scim.send(request).await.assert_status(201);
    }
    // None at all, as a curl line without one would have it, is taken for JSON.
    let document = user(&acme.address("none")).to_string();
    scim.send(scim.request(Method::POST, "/Users").body(document)).await.assert_status(201);
    for path in ["/Users/", "//Users", "/Users?aadOptscim062020", "/Users?aadOptscim062020="] {
        scim.get(path).await.assert_status(200);
    }
    let request = scim.request(Method::GET, "/Users").header("accept", "text/html, */*;q=0.1");
    scim.send(request).await.assert_status(200).assert_media_type();
}
