//! Index-based and cursor-based pages, with sorting.

use std::collections::BTreeSet;

use serde_json::json;
use usher_base::Reason;
use usher_proto::identity::v1 as pb;

use crate::caller::{Caller, document};
use crate::site::Site;

fn names(page: &pb::ListUsersResponse) -> Vec<String> {
    page.users
        .iter()
        .map(|user| document(&user.resource_json)["userName"].as_str().unwrap().to_owned())
        .collect()
}

fn asked(count: i32) -> pb::ListUsersRequest {
    pb::ListUsersRequest { count, ..Default::default() }
}

async fn crowd(app: &Caller, count: usize) {
    for at in 0..count {
        app.create(
            &json!({"userName": format!("u{at:02}"), "title": (at % 3 > 0).then(|| format!("T{}", at % 3))}),
        )
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn pages_by_index_are_counted_ordered_and_clamped() {
    let site = Site::start().await;
    let app = site.app("Okta").await;
    crowd(&app, 11).await;

    for (start, count, expected, first) in [
        (1, 5, 5, "u00"),
        (6, 5, 5, "u05"),
        (11, 5, 1, "u10"),
        (0, 2, 2, "u00"),
        (-5, 2, 2, "u00"),
        (12, 5, 0, ""),
        (1, 0, 11, "u00"),
        (1, -1, 0, ""),
    ] {
        let page = app.list(pb::ListUsersRequest { start_index: start, ..asked(count) }).await.unwrap();
        assert_eq!((page.total_results, page.users.len()), (11, expected), "{start} {count}");
        assert_eq!(names(&page).first().map_or("", String::as_str), first);
        assert!(page.next_cursor.is_empty());
    }
    let page = app
        .list(pb::ListUsersRequest { filter: "title eq \"t1\"".into(), start_index: 3, ..asked(2) })
        .await
        .unwrap();
    assert_eq!((page.total_results, names(&page)), (4, vec!["u07".to_owned(), "u10".to_owned()]));
}

#[tokio::test]
async fn sorting_is_stable_and_puts_those_without_a_value_last() {
    let site = Site::start().await;
    let app = site.app("Okta").await;
    crowd(&app, 6).await;

    for (sort_by, descending, expected) in [
        ("title", false, ["u01", "u04", "u02", "u05", "u00", "u03"]),
        ("TITLE", true, ["u00", "u03", "u02", "u05", "u01", "u04"]),
        ("userName", true, ["u05", "u04", "u03", "u02", "u01", "u00"]),
        ("meta.lastModified", false, ["u00", "u01", "u02", "u03", "u04", "u05"]),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            false,
            ["u00", "u01", "u02", "u03", "u04", "u05"],
        ),
    ] {
        let page = app
            .list(pb::ListUsersRequest { sort_by: sort_by.into(), descending, ..asked(10) })
            .await
            .unwrap();
        assert_eq!(names(&page), expected, "{sort_by} {descending}");
    }
    for sort_by in ["nope", "name", "groups", "addresses"] {
        let refused =
            app.list(pb::ListUsersRequest { sort_by: sort_by.into(), ..asked(10) }).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidValue, "{sort_by}");
    }
}

#[tokio::test]
async fn cursors_lose_nobody_and_show_nobody_twice_while_others_come_and_go() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    crowd(&app, 20).await;
    let stay: BTreeSet<String> = (0..20).filter(|at| at % 4 != 1).map(|at| format!("u{at:02}")).collect();
    let request = |cursor: &str| pb::ListUsersRequest {
        cursor: Some(cursor.to_owned()),
        sort_by: "userName".into(),
        ..asked(3)
    };
    let mut seen = Vec::new();
    let mut cursor = String::new();
    let mut turn = 0;

    loop {
        let page = app.list(request(&cursor)).await.unwrap();
        assert_eq!(page.total_results, 20, "as when the first page was read");
        assert_eq!(page.previous_cursor.is_empty(), turn == 0);
        seen.extend(names(&page));
        let id = app
            .list(pb::ListUsersRequest { filter: format!("userName eq u{:02}", turn * 4 + 1), ..asked(1) })
            .await
            .unwrap();
        if let Some(user) = id.users.first() {
            app.delete(&user.id).await.unwrap();
        }
        app.person(&format!("u{turn:02}-new")).await;
        turn += 1;
        if page.next_cursor.is_empty() {
            break;
        }
        cursor = page.next_cursor;
    }

    let unique: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "{seen:?}");
    assert!(stay.is_subset(&unique), "{seen:?}");
}

#[tokio::test]
async fn a_cursor_can_go_back_and_is_valid_for_its_query_only() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    crowd(&app, 5).await;
    let with = |cursor: &str| pb::ListUsersRequest { cursor: Some(cursor.to_owned()), ..asked(2) };

    let first = app.list(with("")).await.unwrap();
    let second = app.list(with(&first.next_cursor)).await.unwrap();
    let third = app.list(with(&second.next_cursor)).await.unwrap();
    let back = app.list(with(&third.previous_cursor)).await.unwrap();
    let start = app.list(with(&back.previous_cursor)).await.unwrap();

    assert_eq!([names(&first), names(&second), names(&third)].concat(), ["u00", "u01", "u02", "u03", "u04"]);
    assert_eq!((names(&back), names(&start)), (names(&second), names(&first)));
    assert!(
        third.next_cursor.is_empty() && first.previous_cursor.is_empty() && start.previous_cursor.is_empty()
    );
    assert!(!first.next_cursor.contains("u01"));
    for refused in [
        app.list(with("nonsense")).await,
        app.list(pb::ListUsersRequest { filter: "title pr".into(), ..with(&first.next_cursor) }).await,
        app.list(pb::ListUsersRequest {
            descending: true,
            sort_by: "title".into(),
            ..with(&first.next_cursor)
        })
        .await,
    ] {
        assert_eq!(refused.unwrap_err().reason, Reason::InvalidCursor);
    }
    let groups = pb::ListGroupsRequest { cursor: Some(first.next_cursor), count: 2, ..Default::default() };
    assert_eq!(app.list_groups(groups).await.unwrap_err().reason, Reason::InvalidCursor);
}

#[tokio::test]
async fn groups_are_paged_sorted_and_shown_with_their_members_or_without() {
    let site = Site::start().await;
    let app = site.app("Okta").await;
    let ada = app.person("ada").await.id;
    for name in ["c", "B", "a"] {
        app.team(name, &[&ada]).await;
    }
    let request = |cursor: &str, without_members| pb::ListGroupsRequest {
        cursor: Some(cursor.to_owned()),
        sort_by: "displayName".into(),
        count: 2,
        without_members,
        ..Default::default()
    };

    let first = app.list_groups(request("", false)).await.unwrap();
    let second = app.list_groups(request(&first.next_cursor, true)).await.unwrap();

    let shown: Vec<_> =
        first.groups.iter().chain(&second.groups).map(|group| document(&group.resource_json)).collect();
    let names: Vec<_> = shown.iter().map(|group| group["displayName"].as_str().unwrap()).collect();
    assert_eq!((names, first.total_results), (vec!["a", "B", "c"], 3));
    assert_eq!(shown[1]["members"], json!([{"value": ada, "display": "ada", "type": "User"}]));
    assert!(shown[2].get("members").is_none() && second.next_cursor.is_empty());
}

/// Reads index-based pages to the end, like Entra, while users are created and deleted between the pages.
async fn walk(
    app: &Caller,
    stays: &[String],
    ask: impl Fn(i64) -> pb::ListUsersRequest,
    mut goes: Vec<String>,
) -> Vec<String> {
    let mut seen = Vec::new();
    let mut start = 1;
    for turn in 0.. {
        let page = app.list(ask(start)).await.unwrap();
        let shown = names(&page);
        start += i64::try_from(shown.len()).unwrap();
        seen.extend(shown.clone());
        // Users who were shown are deleted, and one who was not shown yet.
        let shown_goers: Vec<String> = shown.iter().filter(|name| goes.contains(name)).cloned().collect();
        let next_goer = goes.iter().find(|name| !seen.contains(name)).cloned();
        for name in shown_goers.iter().chain(&next_goer) {
            let found = app
                .list(pb::ListUsersRequest { filter: format!("userName eq {name}"), ..asked(1) })
                .await
                .unwrap();
            app.delete(&found.users.first().unwrap().id).await.unwrap();
            goes.retain(|other| other != name);
        }
        app.person(&format!("new{turn:03}")).await;
        if page.users.is_empty() || start > page.total_results {
            break;
        }
    }
    for name in stays {
        assert_eq!(seen.iter().filter(|other| *other == name).count(), 1, "{name} in {seen:?}");
    }
    seen
}

#[tokio::test]
async fn pages_by_index_show_everybody_who_stays_exactly_once_while_others_come_and_go() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    for sort_by in ["", "userName"] {
        for filter in ["", "userName sw \"u\""] {
            crowd(&app, 40).await;
            let (goes, stays): (Vec<String>, Vec<String>) =
                (0..40).map(|at| format!("u{at:02}")).partition(|name| name.as_bytes()[2] % 2 == 0);
            let ask = |start| pb::ListUsersRequest {
                start_index: start,
                sort_by: sort_by.into(),
                filter: filter.into(),
                ..asked(6)
            };

            let seen = walk(&app, &stays, ask, goes).await;

            let unique: BTreeSet<_> = seen.iter().collect();
            assert_eq!(unique.len(), seen.len(), "{sort_by:?} {filter:?}: {seen:?}");
            for user in app.list(asked(200)).await.unwrap().users {
                app.delete(&user.id).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_page_by_index_that_is_asked_for_again_is_the_same_page() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    crowd(&app, 12).await;
    let ask = |start_index| pb::ListUsersRequest { start_index, ..asked(4) };
    let first = app.list(ask(1)).await.unwrap();
    app.delete(&first.users[0].id).await.unwrap();

    let second = app.list(ask(5)).await.unwrap();
    let again = app.list(ask(5)).await.unwrap();
    let anew = app.list(ask(1)).await.unwrap();
    let other = site.app("Okta").await.list(ask(5)).await.unwrap();

    assert_eq!(names(&second), ["u04", "u05", "u06", "u07"]);
    assert_eq!(names(&again), names(&second));
    assert_eq!((second.total_results, anew.total_results), (12, 11), "the deleted one was shown");
    assert_eq!(names(&anew), ["u01", "u02", "u03", "u04"]);
    assert_eq!(names(&other), ["u05", "u06", "u07", "u08"], "another client's stored positions are separate");
}

#[tokio::test]
async fn groups_are_paged_by_index_and_none_that_stays_is_missed() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let mut teams = Vec::new();
    for at in 0..12 {
        teams.push(app.team(&format!("g{at:02}"), &[]).await.id);
    }
    let ask = |start_index| pb::ListGroupsRequest { start_index, count: 4, ..Default::default() };
    let ids = |page: &pb::ListGroupsResponse| -> Vec<String> {
        page.groups.iter().map(|group| group.id.clone()).collect()
    };

    let first = app.list_groups(ask(1)).await.unwrap();
    for gone in &teams[1..4] {
        app.delete_group(gone).await.unwrap();
    }
    let second = app.list_groups(ask(5)).await.unwrap();
    let third = app.list_groups(ask(9)).await.unwrap();
    let anew = app.list_groups(ask(1)).await.unwrap();

    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), teams);
    assert_eq!([first.total_results, second.total_results, third.total_results], [12, 12, 12]);
    assert_eq!(anew.total_results, 9);
}
