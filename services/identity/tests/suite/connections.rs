//! An `externalId` is one app's name for a user or group (RFC 7643 section 3.1).

use serde_json::{Value, json};
use usher_base::Reason;
use usher_proto::identity::v1 as pb;

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
    // A deactivation is never refused.
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
    assert_eq!(site.person_of(&back).await, person, "a deleted person returns with the same identity");
}

#[tokio::test]
async fn nobody_is_handed_over_to_an_app_that_the_workspace_does_not_have() {
    let site = Site::start().await;
    let (entra, okta, gone) = (site.app("Entra").await, site.app("Okta").await, site.app("Gone").await);
    created(&entra, "ada", "1").await;
    site.delete_app(&gone).await;
    let nowhere = Caller { app: uuid::Uuid::new_v4().to_string(), ..okta.clone() };
    let elsewhere = Caller { app: site.app_of_another_workspace().await, ..okta.clone() };

    for to in [&nowhere, &elsewhere, &gone] {
        let refused = site.operator().take_over(&entra, to).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidArgument, "{refused:?}");
        assert!(refused.message.contains("to_app_id"), "{refused:?}");
    }
    assert_eq!(entra.found("externalId eq \"1\"").await.unwrap(), ["ada"]);
    // The app that they belong to may have been deleted.
    site.delete_app(&entra).await;
    assert_eq!(site.operator().take_over(&entra, &okta).await.unwrap().taken, 1);
}

async fn team(app: &Caller, name: &str, external_id: &str) -> String {
    app.create_group(&json!({ "displayName": name, "externalId": external_id })).await.unwrap().id
}

fn given(group: &pb::Group) -> Value {
    document(&group.resource_json)["externalId"].clone()
}

#[tokio::test]
async fn an_app_neither_finds_nor_sees_a_group_by_another_apps_external_id() {
    let site = Site::start().await;
    let (entra, okta, third) = (site.app("Entra").await, site.app("Okta").await, site.app("Third").await);
    let staff = team(&entra, "Staff", "1").await;
    team(&okta, "Board", "1").await;

    for filter in [
        "externalId eq \"1\"",
        "externalId eq \"1\" and displayName pr",
        "externalId pr",
        "externalId sw \"1\"",
    ] {
        assert_eq!(entra.found_groups(filter).await.unwrap(), ["Staff"], "{filter}");
        assert_eq!(okta.found_groups(filter).await.unwrap(), ["Board"], "{filter}");
        assert!(third.found_groups(filter).await.unwrap().is_empty(), "{filter}");
        assert_eq!(site.operator().found_groups(filter).await.unwrap(), ["Staff", "Board"], "{filter}");
    }
    assert_eq!(okta.found_groups("not (externalId pr)").await.unwrap(), ["Staff"]);
    let all = okta.list_groups(pb::ListGroupsRequest { count: 10, ..Default::default() }).await.unwrap();
    assert_eq!(all.groups.iter().map(given).collect::<Vec<_>>(), [Value::Null, "1".into()]);
    assert_eq!(given(&entra.get_group(&staff).await.unwrap()), "1");
    assert_eq!(given(&okta.get_group(&staff).await.unwrap()), Value::Null);
}

#[tokio::test]
async fn an_app_does_not_overwrite_a_groups_external_id_of_another_app_and_gives_one_to_a_group_that_has_none()
 {
    let site = Site::start().await;
    let (entra, okta) = (site.app("Entra").await, site.app("Okta").await);
    let staff = team(&entra, "Staff", "1").await;
    let ada = entra.person("ada").await.id;
    let own = json!([{"op": "replace", "path": "externalId", "value": "o1"}]);
    let replace =
        async |document: Value| okta.replace_group(&staff, &document, pb::Profile::Default, &[]).await;

    assert_eq!(okta.patch_group(&staff, &own).await.unwrap_err().reason, Reason::Mutability);
    let refused = replace(json!({"displayName": "Staff", "externalId": "o1"})).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Mutability);
    // Each app may write everything except another app's externalId, and sees no other app's.
    let joins = json!([{"op": "add", "path": "members", "value": [{ "value": ada }]}]);
    assert_eq!(given(&okta.patch_group(&staff, &joins).await.unwrap()), Value::Null);
    let renamed = json!([{"op": "replace", "path": "displayName", "value": "Crew"}]);
    assert_eq!(given(&okta.patch_group(&staff, &renamed).await.unwrap()), Value::Null);
    assert_eq!(given(&replace(json!({"displayName": "Team"})).await.unwrap()), Value::Null);
    let removed = json!([{"op": "remove", "path": "externalId"}]);
    assert_eq!(given(&okta.patch_group(&staff, &removed).await.unwrap()), Value::Null);
    assert_eq!(given(&entra.get_group(&staff).await.unwrap()), "1");
    assert_eq!(entra.found_groups("externalId eq \"1\"").await.unwrap(), ["Team"]);

    let board = entra.team("Board", &[]).await.id;
    assert_eq!(given(&okta.patch_group(&board, &own).await.unwrap()), "o1");
    assert_eq!(okta.found_groups("externalId eq \"o1\"").await.unwrap(), ["Board"]);
    assert!(entra.found_groups("externalId eq \"o1\"").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_successor_takes_groups_over_with_the_people_and_with_an_entry_of_the_change_log_each() {
    let site = Site::start().await;
    let (entra, okta) = (site.app("Entra").await, site.app("Okta").await);
    let staff = team(&entra, "Staff", "1").await;
    team(&okta, "Board", "2").await;
    created(&entra, "ada", "1").await;

    let taken = site.operator().take_over(&entra, &okta).await.unwrap();

    assert_eq!((taken.taken, taken.groups, taken.more), (1, 1, false));
    assert_eq!(site.operator().take_over(&entra, &okta).await.unwrap().groups, 0);
    assert_eq!(okta.found_groups("externalId pr").await.unwrap(), ["Staff", "Board"]);
    assert!(entra.found_groups("externalId pr").await.unwrap().is_empty());
    let changes = site.operator().changes().await;
    let change = changes.iter().find(|change| change.group_id == staff && change.group_version == 2).unwrap();
    assert_eq!(
        (change.kind(), change.attributes.as_slice()),
        (pb::ChangeKind::GroupUpdated, &["externalId".to_owned()][..])
    );
    assert!(change.actor.starts_with("operator:"), "{}", change.actor);
}

#[tokio::test]
async fn groups_from_before_are_of_the_app_that_wrote_their_external_id_last() {
    let site = Site::start().await;
    let (entra, okta) = (site.app("Entra").await, site.app("Okta").await);
    let (staff, board) = (team(&entra, "Staff", "1").await, team(&entra, "Board", "2").await);
    let own = json!([{"op": "replace", "path": "externalId", "value": "o1"}]);
    let mut owner = site.owner().await;
    // As the previous version stored it: the last writer's id, and no connection.
    sqlx::raw_sql("UPDATE groups SET connection = ''").execute(&mut owner).await.unwrap();
    okta.patch_group(&board, &own).await.unwrap();
    sqlx::raw_sql("UPDATE groups SET connection = ''").execute(&mut owner).await.unwrap();

    let migration = include_str!("../../../../migrations/identity/0051_groups_of_before.sql");
    sqlx::raw_sql(migration).execute(&mut owner).await.unwrap();

    let of = async |id: &str| -> String {
        let sql = "SELECT connection FROM groups WHERE group_id = $1";
        let id: uuid::Uuid = id.parse().unwrap();
        sqlx::query_scalar(sql).bind(id).fetch_one(&mut site.owner().await).await.unwrap()
    };
    assert_eq!((of(&staff).await, of(&board).await), (entra.app.clone(), okta.app.clone()));
}
