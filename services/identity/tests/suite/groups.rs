//! Groups and their attributes.

use serde_json::json;
use usher_base::Reason;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::ChangeKind::{Created, GroupCreated, GroupDeleted, GroupUpdated};

use crate::caller::document;
use crate::site::Site;

#[tokio::test]
async fn a_group_is_created_read_renamed_and_deleted() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let group = app
        .create_group(&json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "externalId": "8aa1a0c0", "displayName": "Engines", "meta": {"resourceType": "Group"}, "id": "mine"
        }))
        .await
        .unwrap();

    let read = app.get_group(&group.id).await.unwrap();
    let renamed = app
        .patch_group(&group.id, &json!([{"op": "Replace", "path": "displayName", "value": "Mills"}]))
        .await
        .unwrap();
    let again = app
        .patch_group(
            &group.id,
            &json!([{"op": "replace", "value": {"id": group.id, "displayName": "Mills"}}]),
        )
        .await
        .unwrap();

    assert_eq!(read, group);
    assert_eq!(document(&group.resource_json), json!({"externalId": "8aa1a0c0", "displayName": "Engines"}));
    assert_eq!((group.version, renamed.version, again.version), (1, 2, 2));
    assert_eq!(document(&renamed.resource_json)["displayName"], "Mills");
    app.delete_group(&group.id).await.unwrap();
    assert_eq!(app.delete_group(&group.id).await.unwrap_err().reason, Reason::NotFound);
    assert_eq!(app.get_group(&group.id).await.unwrap_err().reason, Reason::NotFound);
    assert_eq!(app.get_group("00919288221112222").await.unwrap_err().reason, Reason::NotFound);
}

#[tokio::test]
async fn names_are_unique_without_case_and_required() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    app.team("Engines", &[]).await;
    let mills = app.team("Mills", &[]).await;

    for refused in [
        app.create_group(&json!({"displayName": "ENGINES"})).await.unwrap_err(),
        app.patch_group(&mills.id, &json!([{"op": "replace", "path": "displayName", "value": "engines"}]))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.reason, Reason::AlreadyExists, "{}", refused.message);
        assert!(refused.message.to_lowercase().contains("engines"), "{}", refused.message);
    }
    for refused in [
        app.create_group(&json!({})).await.unwrap_err(),
        app.create_group(&json!({"displayName": " "})).await.unwrap_err(),
        app.create_group(&json!({"displayName": "x".repeat(1_100)})).await.unwrap_err(),
        app.patch_group(&mills.id, &json!([{"op": "remove", "path": "displayName"}])).await.unwrap_err(),
    ] {
        assert_eq!(refused.reason, Reason::InvalidValue, "{}", refused.message);
    }
}

#[tokio::test]
async fn groups_are_found_by_every_attribute_and_an_unknown_one_is_refused() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let ada = app.person("ada@acme.example").await.id;
    let mills = app.create_group(&json!({"displayName": "Mills", "externalId": "M1"})).await.unwrap().id;
    let engines = app.team("Engines", &[&ada, &mills]).await.id;

    for (filter, expected) in [
        (r#"displayName eq "ENGINES""#.to_owned(), vec!["Engines"]),
        ("externalId eq M1".to_owned(), vec!["Mills"]),
        ("externalId eq m1".to_owned(), vec![]),
        (format!("id eq \"{engines}\""), vec!["Engines"]),
        (format!("id eq {engines} and members eq {ada}"), vec!["Engines"]),
        (format!("id eq {engines} and members eq {engines}"), vec![]),
        (format!("members.value eq \"{mills}\""), vec!["Engines"]),
        (format!("members[value eq \"{ada}\" and type eq \"user\"]"), vec!["Engines"]),
        (r#"members[type eq "Group" and display sw "mil"]"#.to_owned(), vec!["Engines"]),
        ("not (members pr)".to_owned(), vec!["Mills"]),
        (r#"displayName co "i" and meta.resourceType eq "Group""#.to_owned(), vec!["Mills", "Engines"]),
    ] {
        assert_eq!(app.found_groups(&filter).await.unwrap(), expected, "{filter}");
    }
    let refused = app.found_groups("userName eq \"x\"").await.unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidFilter);
}

#[tokio::test]
async fn put_without_members_keeps_them_and_clears_them_in_the_strict_profile() {
    let site = Site::start().await;
    let app = site.app("Okta").await;
    let (ada, bob) = (app.person("ada").await.id, app.person("bob").await.id);
    let group = app.team("Engines", &[&ada]).await;
    let (lenient, strict) = (pb::Profile::Default, pb::Profile::Strict);
    let named = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Mills"});

    app.replace_group(&group.id, &named, lenient, &[]).await.unwrap();
    assert_eq!(app.members(&group.id).await, std::slice::from_ref(&ada));
    let both = json!({"displayName": "Mills", "members": [{"value": bob}, {"value": ada}, {"value": bob}]});
    let replaced = app.replace_group(&group.id, &both, lenient, &[]).await.unwrap();
    assert_eq!(app.members(&group.id).await.len(), 2);
    let same = app.replace_group(&group.id, &both, lenient, &[replaced.version]).await.unwrap();
    assert_eq!(same.version, replaced.version, "nothing changed");
    let stale = app.replace_group(&group.id, &both, lenient, &[1]).await.unwrap_err();
    assert_eq!(stale.reason, Reason::EtagMismatch);
    app.replace_group(&group.id, &json!({"displayName": "Mills", "members": []}), lenient, &[])
        .await
        .unwrap();
    assert!(app.members(&group.id).await.is_empty());
    app.replace_group(&group.id, &both, lenient, &[]).await.unwrap();
    app.replace_group(&group.id, &named, strict, &[]).await.unwrap();
    assert!(app.members(&group.id).await.is_empty());
}

#[tokio::test]
async fn the_change_log_names_added_and_removed_members() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let ada = app.person("ada").await.id;
    let group = app.team("Engines", &[&ada]).await;
    app.patch_group(&group.id, &json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]))
        .await
        .unwrap();
    app.patch_group(&group.id, &json!([{"op": "replace", "path": "externalId", "value": "x"}]))
        .await
        .unwrap();
    app.delete_group(&group.id).await.unwrap();

    let changes = site.operator().changes().await;

    let kinds: Vec<_> = changes.iter().map(pb::Change::kind).collect();
    assert_eq!(kinds, [Created, GroupCreated, GroupUpdated, GroupUpdated, GroupDeleted]);
    assert_eq!(changes[1].members_added, std::slice::from_ref(&ada));
    assert_eq!(
        (&changes[2].members_removed, &changes[2].attributes),
        (&vec![ada], &vec!["members".to_owned()])
    );
    assert_eq!(changes[3].attributes, ["externalId"]);
    let versions: Vec<_> = changes[1..].iter().map(|change| change.group_version).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    assert!(changes[1..].iter().all(|change| change.group_id == group.id && change.user_id.is_empty()));
    assert!(changes.iter().zip(1..).all(|(change, number)| change.sequence == number));
}
