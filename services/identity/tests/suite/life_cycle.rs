//! Creation, deactivation and return of users.

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_base::{Clock, Reason};
use usher_proto::identity::v1 as pb;

use crate::caller::{Caller, document};
use crate::site::Site;

async fn sent(app: &Caller, user_name: &str, external_id: Option<&str>) -> pb::CreateUserResponse {
    let mut body = json!({ "userName": user_name });
    if let Some(external_id) = external_id {
        body["externalId"] = external_id.into();
    }
    app.create(&body).await.unwrap_or_else(|fault| panic!("{body}: {fault:?}"))
}

async fn deactivate(app: &Caller, id: &str) {
    app.patch(id, &json!([{"op": "Replace", "path": "active", "value": "False"}])).await.unwrap();
}

#[tokio::test]
async fn a_post_that_matches_an_inactive_user_reactivates_the_same_id() {
    let site = Site::start().await;
    let app = site.app("Okta").await;
    let body = json!({"userName": "ada", "externalId": "A1", "title": "Analyst", "emails": [{"value": "a@x.example"}]});
    let id = app.create(&body).await.unwrap().user.unwrap().id;
    let group = app.team("Engines", &[&id]).await.id;
    deactivate(&app, &id).await;
    assert_eq!(app.found("active eq false").await.unwrap(), ["ada"], "inactive users stay visible");

    let back = json!({"userName": "ada.l", "externalId": "A1", "displayName": "Ada", "emails": [{"value": "A@x.example"}]});
    let revived = app.create(&back).await.unwrap();

    let user = revived.user.unwrap();
    assert!(revived.revived);
    assert_eq!(user.id, id);
    let resource = document(&user.resource_json);
    assert_eq!(
        (&resource["userName"], &resource["active"], &resource["title"]),
        (&json!("ada.l"), &json!(true), &json!("Analyst"))
    );
    assert_eq!(app.members(&group).await, std::slice::from_ref(&id), "Entra does not send memberships again");
    let taken = app.create(&json!({"userName": "ADA.L", "externalId": "A1"})).await.unwrap_err();
    assert_eq!(taken.reason, Reason::UserNameTaken, "an active match is a conflict");

    deactivate(&app, &id).await;
    assert_eq!(sent(&app, "Ada.L", None).await.user.unwrap().id, id, "by name, if one side has no client id");
}

#[tokio::test]
async fn another_persons_name_or_another_connections_id_reactivates_nobody() {
    let site = Site::start().await;
    let (app, other) = (site.app("Entra").await, site.app("Other").await);
    let ada = sent(&app, "ada", Some("A1")).await.user.unwrap().id;
    deactivate(&app, &ada).await;

    let recycled = app.create(&json!({"userName": "ada", "externalId": "B2"})).await.unwrap_err();
    let foreign = sent(&other, "eve", Some("A1")).await;

    assert_eq!(recycled.reason, Reason::UserNameTaken);
    assert!(!foreign.revived);
    assert_ne!(foreign.user.unwrap().id, ada);
    let same = other.create(&json!({"userName": "ada", "externalId": "A1"})).await.unwrap_err();
    assert_eq!(same.reason, Reason::UserNameTaken, "an id of another connection does not count");
    assert_eq!(sent(&app, "ada", Some("A1")).await.user.unwrap().id, ada, "name and id agree");
}

#[tokio::test]
async fn a_deleted_user_is_gone_everywhere_and_the_name_is_free_for_a_new_id() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let first = sent(&app, "ada", Some("A1")).await.user.unwrap().id;

    app.delete(&first).await.unwrap();

    assert_eq!(app.get(&first).await.unwrap_err().reason, Reason::NotFound);
    assert_eq!(app.delete(&first).await.unwrap_err().reason, Reason::NotFound);
    assert_eq!(
        app.patch(&first, &json!([{"op": "remove", "path": "title"}])).await.unwrap_err().reason,
        Reason::NotFound
    );
    for filter in [
        format!("id eq \"{first}\""),
        "userName eq \"ada\"".into(),
        "externalId eq \"A1\"".into(),
        String::new(),
    ] {
        assert!(app.found(&filter).await.unwrap().is_empty(), "{filter}");
    }
    let second = sent(&app, "ada", Some("A1")).await;
    assert!(!second.revived);
    assert_ne!(second.user.unwrap().id, first);
}

#[tokio::test]
async fn users_are_renamed_in_place_and_omitted_attributes_stay() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let id = sent(&app, "ada", Some("A1")).await.user.unwrap().id;
    app.patch(&id, &json!([{"op": "add", "path": "title", "value": "Analyst"}])).await.unwrap();

    let renamed = app.replace(&id, &json!({"userName": "ada@new.example"})).await.unwrap();

    assert_eq!(renamed.id, id);
    let resource = document(&renamed.resource_json);
    assert_eq!((&resource["title"], &resource["externalId"]), (&json!("Analyst"), &json!("A1")));
    assert_eq!(app.found("userName eq \"ADA@NEW.example\"").await.unwrap(), ["ada@new.example"]);
}

#[tokio::test]
async fn parallel_patches_of_different_attributes_lose_nothing() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let id = app.person("ada").await.id;
    let names = [
        "title",
        "nickName",
        "locale",
        "timezone",
        "displayName",
        "preferredLanguage",
        "name.givenName",
        "name.familyName",
    ];

    futures::future::join_all(names.iter().map(|name| {
        let operation = json!([{"op": "Replace", "path": name, "value": name}]);
        let (app, id) = (&app, &id);
        async move { app.patch(id, &operation).await.unwrap() }
    }))
    .await;

    let user = app.get(&id).await.unwrap();
    let resource: Value = document(&user.resource_json);
    assert_eq!(user.version, 9);
    for name in names {
        assert_eq!(resource.pointer(&format!("/{}", name.replace('.', "/"))), Some(&json!(name)));
    }
}

#[tokio::test]
async fn hostile_texts_are_refused_before_the_database_sees_them() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let long = "é".repeat(600);
    for (body, reason) in [
        (json!({"userName": "a\u{0}b"}), Reason::InvalidSyntax),
        (json!({"userName": long}), Reason::InvalidValue),
        (json!({"userName": "a", "externalId": long}), Reason::InvalidValue),
        (json!({"userName": "a", "emails": [{"type": "work", "value": long}]}), Reason::InvalidValue),
        (json!({"userName": "a", "emails": vec![json!({"value": "x"}); 1_000]}), Reason::InvalidValue),
    ] {
        assert_eq!(app.create(&body).await.unwrap_err().reason, reason);
    }
    for filter in [
        r#"userName eq "a\u0000b""#,
        r#"title co "\u0000""#,
        &format!("title eq \"{}\"", "x".repeat(17_000)),
        &"(".repeat(60),
    ] {
        assert_eq!(app.found(filter).await.unwrap_err().reason, Reason::InvalidFilter);
    }
    let many: Value = (0..10_000).map(|_| json!({"op": "add", "path": "title", "value": "x"})).collect();
    let id = app.person("ada").await.id;
    assert_eq!(app.patch(&id, &many).await.unwrap_err().reason, Reason::InvalidSyntax);
    for strange in ["\u{202e}bob", "a\u{1}", "😀@x", "'; DROP TABLE users; --", "%_\\"] {
        assert!(!sent(&app, strange, None).await.revived);
        assert_eq!(app.found(&format!("userName eq {}", json!(strange))).await.unwrap(), [strange]);
    }
}

#[tokio::test]
async fn b18_a_clock_that_steps_back_reorders_no_events() {
    let clock = Clock::manual(Clock::system().now() - SignedDuration::from_mins(1));
    let site = Site::with_clock(clock.clone()).await;
    let app = site.app("Entra").await;

    app.person("ada").await;
    clock.advance(SignedDuration::from_secs(-5));
    let bob = app.person("bob").await.id;
    deactivate(&app, &bob).await;
    clock.advance(SignedDuration::from_secs(6));
    app.person("eve").await;

    let micros = |change: &pb::Change| {
        let at = change.effective_time.unwrap();
        at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000
    };
    let changes = site.operator().changes().await;
    let first = micros(&changes[0]);
    let offsets: Vec<i64> = changes.iter().map(|change| micros(change) - first).collect();
    assert_eq!(offsets, [0, 1, 2, 1_000_000], "the last one + 1 µs while the clock is behind");
    assert_eq!(changes.iter().map(|change| change.seat_sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
}
