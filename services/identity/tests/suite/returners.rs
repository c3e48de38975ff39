//! Returning people, and others who got the id of somebody who left.

use serde_json::{Value, json};

use crate::caller::{Caller, document};
use crate::site::Site;

fn person(user_name: &str, email: Option<&str>) -> Value {
    let mut body = json!({ "userName": user_name, "externalId": "jsmith" });
    if let Some(email) = email {
        body["emails"] = json!([{ "type": "work", "value": email, "primary": true }]);
    }
    body
}

/// The id of the user that a document creates or matches, and whether the user existed.
async fn sent(app: &Caller, body: &Value) -> (String, bool) {
    let created = app.create(body).await.unwrap_or_else(|fault| panic!("{body}: {fault:?}"));
    (created.user.unwrap().id, created.revived)
}

async fn is_active(app: &Caller, id: &str) -> bool {
    document(&app.get(id).await.unwrap().resource_json)["active"] == true
}

async fn leave(app: &Caller, id: &str) {
    app.patch(id, &json!([{"op": "replace", "path": "active", "value": false}])).await.unwrap();
}

#[tokio::test]
async fn a_recycled_external_id_gives_nobody_another_account() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (john, _) = sent(&app, &person("john.smith", Some("john@x.example"))).await;
    leave(&app, &john).await;

    let (jane, revived) = sent(&app, &person("jane.smith", Some("jane@x.example"))).await;

    assert!(!revived && jane != john);
    assert_ne!(site.person_of(&jane).await, site.person_of(&john).await);
    assert!(!is_active(&app, &john).await);
}

#[tokio::test]
async fn an_external_id_matches_somebody_who_left_only_with_the_name_or_the_primary_address() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (john, _) = sent(&app, &person("john.smith", Some("john@x.example"))).await;

    leave(&app, &john).await;
    assert_eq!(sent(&app, &person("JOHN.smith", None)).await, (john.clone(), true));
    leave(&app, &john).await;
    assert_eq!(sent(&app, &person("j.smith", Some("John@x.example"))).await, (john.clone(), true));
}

#[tokio::test]
async fn a_stable_external_id_alone_matches_somebody_who_left() {
    let site = Site::start().await;
    let app = site.app("Entra").await.with_stable_ids();
    let (john, _) = sent(&app, &person("john.smith", Some("john@x.example"))).await;
    leave(&app, &john).await;

    assert_eq!(sent(&app, &person("married@y.example", Some("married@y.example"))).await, (john, true));
}

#[tokio::test]
async fn a_deleted_user_is_the_same_person_by_the_same_rules() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (john, _) = sent(&app, &person("john.smith", Some("john@x.example"))).await;
    let before = site.person_of(&john).await;
    app.delete(&john).await.unwrap();

    let (jane, _) = sent(&app, &person("jane.smith", Some("jane@x.example"))).await;
    let (renamed, _) = sent(&app, &person("j.smith", Some("JOHN@x.example"))).await;

    assert_ne!(site.person_of(&jane).await, before);
    assert_eq!(site.person_of(&renamed).await, before);
}
