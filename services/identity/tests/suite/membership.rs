//! Members of groups: added and removed by delta, whatever the size of the group.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use usher_base::Reason;

use crate::caller::{Caller, document};
use crate::site::Site;

async fn people(app: &Caller, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for chunk in (0..count).collect::<Vec<_>>().chunks(16) {
        let made = chunk.iter().map(|at| {
            let name = format!("user{at}");
            async move { app.person(&name).await.id }
        });
        ids.extend(join_all(made).await);
    }
    ids.sort();
    ids
}

fn values(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({"$ref": null, "value": id})).collect()
}

#[tokio::test]
async fn the_dialects_of_entra_and_okta_add_and_remove_exactly_the_named_members() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let mut ids = Vec::new();
    for name in ["user0", "user1", "user2", "user3"] {
        ids.push(app.person(name).await.id);
    }
    let [a, b, c, d] = ids.as_slice() else { panic!() };
    let group = app.team("Engines", &[]).await.id;

    for (operations, expected) in [
        (json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": a}]}]), vec![a]),
        // Again, with the additional members that the collection of the reference code sends.
        (
            json!([{"op": "add", "name": "addMember", "path": "members", "value": [{"displayName": "x", "value": a}, {"value": b}]}]),
            vec![a, b],
        ),
        (json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": a}]}]), vec![b]),
        (json!([{"op": "remove", "path": format!("members[value eq \"{a}\"]")}]), vec![b]),
        (json!([{"op": "remove", "path": "members", "value": [{"value": "nobody"}]}]), vec![b]),
        (json!([{"op": "remove", "path": "members", "value": []}]), vec![b]),
        (json!([{"op": "add", "path": "members", "value": c}]), vec![b, c]),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{b}\"]")}, {"op": "add", "path": "members", "value": [{"value": a}]}]),
            vec![a, c],
        ),
        (json!([{"op": "add", "value": {"members": [{"value": d}]}}]), vec![a, c, d]),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{a}\" or value eq \"{c}\"]")}]),
            vec![d],
        ),
        (
            json!([{"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:members", "value": [{"Value": a}]}]),
            vec![a, d],
        ),
        (json!([{"op": "replace", "path": "members", "value": [{"value": b}]}]), vec![b]),
        (
            json!([{"op": "add", "path": "members", "value": [{"value": c}]}, {"op": "remove", "path": format!("members[value eq \"{c}\"]")}]),
            vec![b],
        ),
        (
            json!([{"op": "replace", "value": {"id": group, "displayName": "Mills", "members": [{"value": a}]}}]),
            vec![a],
        ),
        (json!([{"op": "remove", "path": "members"}]), vec![]),
        (json!([{"op": "add", "path": "members", "value": values(&ids)}]), vec![a, b, c, d]),
        (
            json!([{"op": "remove", "path": "members[type eq \"User\"]"}, {"op": "add", "path": "members", "value": [{"value": a}]}]),
            vec![a],
        ),
        (
            json!([{"op": "add", "path": "members", "value": [{"value": b}]}, {"op": "remove", "path": "members[display eq \"USER1\" or not (type eq \"User\")]"}]),
            vec![a],
        ),
        (json!([{"op": "replace", "path": "members", "value": null}]), vec![]),
    ] {
        app.patch_group(&group, &operations).await.unwrap_or_else(|fault| panic!("{operations}: {fault:?}"));
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        expected.sort();
        assert_eq!(app.members(&group).await, expected, "{operations}");
    }
}

#[tokio::test]
async fn a_member_is_shown_as_the_client_calls_it_else_by_its_own_name() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (ada, bob) = (app.person("ada").await.id, app.person("bob").await.id);
    let inner = app.team("Inner", &[]).await.id;
    let body = json!({"displayName": "Engines", "members": [{"value": ada, "display": "The Countess"}]});
    let group = app.create_group(&body).await.unwrap().id;
    let more = json!([{"op": "add", "path": "members", "value": [
        {"value": bob}, {"value": inner, "type": "Group", "display": "Core"}, {"value": ada, "display": "Other"},
    ]}]);

    app.patch_group(&group, &more).await.unwrap();

    let shown = document(&app.get_group(&group).await.unwrap().resource_json);
    let mut names: Vec<_> =
        shown["members"].as_array().unwrap().iter().map(|member| member["display"].clone()).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["Core", "The Countess", "bob"], "its name from when it was added stays");
    assert_eq!(app.found_groups(r#"members.display eq "the countess""#).await.unwrap(), ["Engines"]);
    let gone = json!([
        {"op": "add", "path": "members", "value": [{"value": ada, "display": "bob"}]},
        {"op": "remove", "path": r#"members[display eq "BOB" or display eq "core"]"#},
    ]);
    app.patch_group(&group, &gone).await.unwrap();
    assert_eq!(app.members(&group).await, [ada]);
    let long =
        json!([{"op": "add", "path": "members", "value": [{"value": bob, "display": "x".repeat(1_001)}]}]);
    assert_eq!(app.patch_group(&group, &long).await.unwrap_err().reason, Reason::InvalidValue);
}

#[tokio::test]
async fn a_write_that_changes_nothing_keeps_the_version() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let ada = app.person("ada").await.id;
    let group = app.team("Engines", &[&ada]).await;

    for operations in [
        json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]),
        json!([{"op": "remove", "path": "members", "value": [{"value": group.id}]}]),
        json!([{"op": "replace", "path": "members", "value": [{"value": ada}]}]),
        json!([{"op": "replace", "path": "displayName", "value": "Engines"}]),
    ] {
        assert_eq!(app.patch_group(&group.id, &operations).await.unwrap().version, 1, "{operations}");
    }
    assert_eq!(site.operator().changes().await.len(), 2);
}

#[tokio::test]
async fn unknown_members_and_circles_are_refused_by_name_and_nothing_of_the_patch_is_stored() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let ada = app.person("ada").await.id;
    let inner = app.team("Inner", &[&ada]).await.id;
    let outer = app.team("Outer", &[&inner]).await.id;
    let ghost = "00000000-0000-7000-8000-000000000000";

    for (group, member) in
        [(&outer, ghost), (&outer, "string id 1"), (&outer, outer.as_str()), (&inner, outer.as_str())]
    {
        let operations = json!([
            {"op": "remove", "path": "members"},
            {"op": "replace", "path": "displayName", "value": "Other"},
            {"op": "add", "path": "members", "value": [{"value": ada}, {"value": member}]},
        ]);
        let refused = app.patch_group(group, &operations).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidValue, "{member}");
        assert!(refused.message.contains(member), "{}", refused.message);
    }
    assert_eq!(app.members(&outer).await, [inner]);
    assert_eq!(app.get_group(&outer).await.unwrap().version, 1);
    let refused =
        app.create_group(&json!({"displayName": "New", "members": [{"value": ghost}]})).await.unwrap_err();
    assert!(refused.message.contains(ghost));
    assert!(app.found_groups("displayName eq \"New\"").await.unwrap().is_empty());
    for operations in [
        json!([{"op": "replace", "path": format!("members[value eq \"{ada}\"].value"), "value": "x"}]),
        json!([{"op": "add", "path": "members.display", "value": "x"}]),
    ] {
        assert_eq!(
            app.patch_group(&outer, &operations).await.unwrap_err().reason,
            Reason::Mutability,
            "{operations}"
        );
    }
    let refused = app
        .patch_group(&outer, &json!([{"op": "add", "path": "members", "value": [{"display": "x"}]}]))
        .await;
    assert_eq!(refused.unwrap_err().reason, Reason::InvalidValue);
    let refused = app.patch_group(&outer, &json!([{"op": "remove", "path": "members[nope eq 1]"}])).await;
    assert_eq!(refused.unwrap_err().reason, Reason::InvalidPath);
}

#[tokio::test]
async fn users_show_their_groups_direct_and_through_others() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (ada, bob) = (app.person("ada").await.id, app.person("bob").await.id);
    let inner = app.team("Inner", &[&ada]).await.id;
    let outer = app.team("Outer", &[&inner, &bob]).await.id;

    let groups = document(&app.get(&ada).await.unwrap().resource_json)["groups"].clone();

    assert_eq!(
        groups,
        json!([
            {"value": inner, "display": "Inner", "type": "direct"},
            {"value": outer, "display": "Outer", "type": "indirect"},
        ])
    );
    assert_eq!(app.found(&format!("groups.value eq \"{outer}\"")).await.unwrap(), ["ada", "bob"]);
    assert_eq!(app.found(r#"groups[display eq "outer" and type eq "direct"]"#).await.unwrap(), ["bob"]);
    assert_eq!(app.found(&format!("userName eq \"ada\" and groups eq \"{inner}\"")).await.unwrap(), ["ada"]);
    let ignored =
        app.patch(&ada, &json!([{"op": "add", "value": {"groups": [], "title": "x"}}])).await.unwrap();
    assert_eq!(document(&ignored.resource_json)["groups"].as_array().unwrap().len(), 2);
    let fixed = app.patch(&ada, &json!([{"op": "remove", "path": "groups"}])).await.unwrap_err();
    assert_eq!(fixed.reason, Reason::Mutability);
    app.delete_group(&inner).await.unwrap();
    assert!(document(&app.get(&ada).await.unwrap().resource_json).get("groups").is_none());
    assert_eq!(app.members(&outer).await, [bob]);
}

#[tokio::test]
async fn a_deleted_user_leaves_every_group_and_an_inactive_one_stays() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (ada, bob) = (app.person("ada").await.id, app.person("bob").await.id);
    let groups = [app.team("One", &[&ada, &bob]).await, app.team("Two", &[&bob]).await];

    app.patch(&ada, &json!([{"op": "Replace", "path": "active", "value": "False"}])).await.unwrap();
    app.delete(&bob).await.unwrap();

    assert_eq!(app.members(&groups[0].id).await, [ada]);
    assert!(app.members(&groups[1].id).await.is_empty());
    for group in groups {
        assert_eq!(app.get_group(&group.id).await.unwrap().version, 2, "the ETag changes");
    }
    assert!(app.found_groups(&format!("members.value eq \"{bob}\"")).await.unwrap().is_empty());
}

#[tokio::test]
async fn parallel_patches_lose_no_member_and_parallel_deletions_leave_none_behind() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let ids = people(&app, 48).await;
    let (first, second) = (app.team("One", &[]).await.id, app.team("Two", &[]).await.id);

    join_all(ids.iter().map(|id| {
        let app = &app;
        let operation = json!([{"op": "Add", "path": "members", "value": [{"value": id}]}]);
        let groups = [&first, &second];
        async move {
            for group in groups {
                app.patch_group(group, &operation).await.unwrap();
            }
        }
    }))
    .await;
    assert_eq!(app.members(&first).await, ids);
    assert_eq!(app.get_group(&first).await.unwrap().version, 49);

    // Half of them are removed while the other half is removed and added again.
    let (gone, kept) = ids.split_at(24);
    let deletions = join_all(gone.iter().map(|id| app.delete(id)));
    let patches = join_all(kept.iter().map(|id| {
        let operations = json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]);
        let again = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
        let (app, first) = (&app, &first);
        async move {
            app.patch_group(first, &operations).await.unwrap();
            app.patch_group(first, &again).await.unwrap();
        }
    }));
    let (deleted, _) = tokio::join!(deletions, patches);

    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    assert_eq!(app.members(&first).await, kept);
    assert_eq!(app.members(&second).await, kept);
}

#[tokio::test]
async fn five_thousand_members_come_and_go_in_one_patch_and_one_costs_the_same_among_them() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let ids = people(&app, 5_000).await;
    let (small, large) = (app.team("Small", &[&ids[0]]).await.id, app.team("Large", &[]).await.id);
    let all = json!([{"op": "add", "path": "members", "value": values(&ids)}]);

    app.patch_group(&large, &all).await.unwrap();
    assert_eq!(app.members(&large).await.len(), 5_000);
    let toggle = |group: String| {
        let (app, id) = (&app, &ids[2_500]);
        async move {
            let mut spent = Vec::new();
            for _ in 0..20 {
                let began = Instant::now();
                app.patch_group(
                    &group,
                    &json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]),
                )
                .await
                .unwrap();
                app.patch_group(&group, &json!([{"op": "Add", "path": "members", "value": [{"value": id}]}]))
                    .await
                    .unwrap();
                spent.push(began.elapsed());
            }
            spent.sort();
            spent[spent.len() / 2]
        }
    };
    let (in_small, in_large) = (toggle(small.clone()).await, toggle(large.clone()).await);
    assert!(
        in_large < in_small * 3 + Duration::from_millis(5),
        "{in_small:?} among 1, {in_large:?} among 5,000"
    );

    let each: Value =
        ids.iter().map(|id| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")})).collect();
    app.patch_group(&large, &each).await.unwrap();
    assert!(app.members(&large).await.is_empty());
}
