//! An `externalId` is one app's name for a user (RFC 7643 section 3.1).

use serde_json::{Value, json};
use usher_base::Reason;

use crate::caller::{Caller, document};
use crate::site::Site;

async fn created(app: &Caller, user_name: &str, external_id: &str) -> String {
    let body = json!({ "userName": user_name, "externalId": external_id });
    app.create(&body).await.unwrap().user.unwrap().id
}

async fn external_id(app: &Caller, id: &str) -> Value {
    document(&app.get(id).await.unwrap().resource_json)["externalId"].clone()
}

#[tokio::test]
async fn an_app_neither_finds_nor_sees_anybody_by_another_apps_external_id() {
    let site = Site::start().await;
    let (entra, okta, third) = (site.app("Entra").await, site.app("Okta").await, site.app("Third").await);
    let ada = created(&entra, "ada", "1").await;
    created(&okta, "bob", "1").await;

    for filter in [
        "externalId eq \"1\"",
        "externalId eq \"1\" and active eq true",
        "externalId pr",
        "externalId sw \"1\"",
    ] {
        assert_eq!(entra.found(filter).await.unwrap(), ["ada"], "{filter}");
        assert_eq!(okta.found(filter).await.unwrap(), ["bob"], "{filter}");
        assert!(third.found(filter).await.unwrap().is_empty(), "{filter}");
        assert_eq!(site.operator().found(filter).await.unwrap(), ["ada", "bob"], "{filter}");
    }
    assert_eq!(okta.found("not (externalId pr)").await.unwrap(), ["ada"]);
    assert_eq!(external_id(&entra, &ada).await, "1");
    assert_eq!(external_id(&okta, &ada).await, Value::Null);
}

#[tokio::test]
async fn an_app_does_not_overwrite_another_apps_external_id_and_gives_one_to_who_has_none() {
    let site = Site::start().await;
    let (entra, okta) = (site.app("Entra").await, site.app("Okta").await);
    let ada = created(&entra, "ada", "1").await;
    let own = json!([{"op": "replace", "path": "externalId", "value": "o1"}]);

    assert_eq!(okta.patch(&ada, &own).await.unwrap_err().reason, Reason::Mutability);
    let document = json!({"userName": "ada", "externalId": "o1", "title": "Countess"});
    assert_eq!(okta.replace(&ada, &document).await.unwrap_err().reason, Reason::Mutability);
    okta.patch(&ada, &json!([{"op": "add", "path": "title", "value": "Countess"}])).await.unwrap();
    assert_eq!(external_id(&entra, &ada).await, "1");
    // Leaving is never refused.
    let leaving = json!({"userName": "ada", "externalId": "o1", "active": false});
    okta.replace(&ada, &leaving).await.unwrap();
    assert_eq!(external_id(&entra, &ada).await, "1");
    assert!(entra.found("active eq true").await.unwrap().is_empty());

    let bob = entra.person("bob").await.id;
    okta.patch(&bob, &own).await.unwrap();
    assert_eq!(okta.found("externalId eq \"o1\"").await.unwrap(), ["bob"]);
    assert!(entra.found("externalId eq \"o1\"").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_successor_takes_people_over_by_an_explicit_command_with_an_entry_of_the_change_log_each() {
    let site = Site::start().await;
    let (entra, okta) = (site.app("Entra").await, site.app("Okta").await);
    let ada = created(&entra, "ada", "1").await;
    let gone = created(&entra, "gone", "2").await;
    let person = site.person_of(&gone).await;
    entra.delete(&gone).await.unwrap();
    assert_eq!(okta.take_over(&entra, &okta).await.unwrap_err().reason, Reason::PermissionDenied);

    let taken = site.operator().take_over(&entra, &okta).await.unwrap();

    assert_eq!((taken.taken, taken.more), (1, false));
    assert_eq!(site.operator().take_over(&entra, &okta).await.unwrap().taken, 0);
    assert_eq!(okta.found("externalId eq \"1\"").await.unwrap(), ["ada"]);
    assert!(entra.found("externalId eq \"1\"").await.unwrap().is_empty());
    let change = site.operator().changes().await.pop().unwrap();
    assert_eq!(
        (change.user_id.as_str(), change.attributes.as_slice()),
        (ada.as_str(), &["externalId".to_owned()][..])
    );
    assert_eq!((change.user_version, change.seat_sequence), (2, 0));
    assert!(change.actor.starts_with("operator:"), "{}", change.actor);
    let back = created(&okta, "gone", "2").await;
    assert_eq!(site.person_of(&back).await, person, "who was deleted comes back as who they were");
}
