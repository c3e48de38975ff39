//! Many writers at once.

use futures::future::join_all;
use serde_json::json;
use usher_tests::stack::Stack;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_parallel_creates_of_one_user_name_make_one_user() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let names: Vec<_> = (0..50).map(|n| acme.address(if n % 2 == 0 { "ada" } else { "ADA" })).collect();

    let answers = join_all(names.iter().map(|name| acme.scim().create_user(name))).await;

    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.assert_scim_error(409, "userName").assert_scim_type("uniqueness");
    }
    acme.scim().filter(&format!("userName eq \"{}\"", acme.address("Ada"))).await.assert_total(1);
    assert_eq!(acme.seats().await.total(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_patches_of_different_attributes_lose_nothing() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created(&acme.address("ada")).await;
    let path = format!("/Users/{id}");
    let attributes =
        ["title", "nickName", "displayName", "locale", "timezone", "preferredLanguage", "profileUrl"];

    let writes = attributes.iter().map(async |name| {
        let operation = json!([{ "op": "replace", "path": name, "value": format!("{name} of Ada") }]);
        // A client retries when it is told that there are too many.
        loop {
            let answer = acme.scim().patch(&path, operation.clone()).await;
            if answer.status != 503 {
                return answer;
            }
            assert!(answer.header("retry-after").is_some());
        }
    });
    for answer in join_all(writes).await {
        answer.assert_status(200);
    }

    let ada = acme.scim().get(&path).await;
    for name in attributes {
        ada.assert_at(&format!("/{name}"), format!("{name} of Ada"));
    }
    let changes = stack.operator().changes(acme.id()).await.unwrap();
    assert_eq!(changes.len(), 1 + attributes.len(), "each write is one entry");
    let versions: Vec<_> = changes.iter().map(|change| change.user_version).collect();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_switches_of_one_user_leave_the_counters_right() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let path = format!("/Users/{}", acme.scim().created(&acme.address("ada")).await);

    let switches = (0..24).map(async |n| {
        let operation = json!([{ "op": "replace", "path": "active", "value": n % 2 == 1 }]);
        acme.scim().patch(&path, operation).await
    });
    let answers = join_all(switches).await;

    assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 503));
    let active = acme.scim().get(&path).await.body["active"] == true;
    assert_eq!(acme.seats().await.regular, i64::from(active));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_with_the_same_etag_one_is_refused() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let created = acme.scim().create_user(&acme.address("ada")).await;
    let (path, etag) = (created.path(), created.etag());

    let write = async |title: &str| {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "title", "value": title }],
        });
        let request = acme.scim().with_body(reqwest::Method::PATCH, &path, &body).header("if-match", &etag);
        acme.scim().send(request).await
    };
    let (one, two) = tokio::join!(write("one"), write("two"));

    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}
