//! The size of a page, for every reader and method.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher_base::Reason;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_rpc::Failure;
use usher_tests::scim::user;
use usher_tests::stack::{Stack, Workspace};

const LARGE: usize = 100;
/// The maximum size of the resources of a page, and of what surrounds them: lists, names, URLs.
const MAX_PAGE_BYTES: usize = (8 << 20) + (1 << 20);

/// Creates users of 120 KB each.
async fn large_people(workspace: &Workspace) {
    let certificate = json!({ "value": "A".repeat(60_000) });
    for number in 0..LARGE {
        let mut document = user(&workspace.address(&format!("p{number}")));
        document["x509Certificates"] = json!([certificate, { "value": "B".repeat(60_000) }]);
        workspace.scim().post("/Users", &document).await.assert_status(201);
    }
}

/// Copies the only row of a table in tenant, each with its own name.
async fn copies(stack: &Stack, table: &str, key: [&str; 2], count: usize) {
    let [id, name] = key;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let sql = format!(
        "INSERT INTO {table} SELECT copy.* FROM {table} t, generate_series(1, {count}) n,
           jsonb_populate_record(t, jsonb_build_object('{id}', gen_random_uuid()) ||
             jsonb_build_object('{name}', 'copy' || n || '.example')) copy",
    );
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut owner).await.unwrap();
    assert_eq!(done.rows_affected(), u64::try_from(count).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_has_no_more_domains_apps_and_admins_than_fit_into_one_answer() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();
    let admin = async |name: &str| operator.admin(acme.id(), name, "correct horse battery", &[]).await;
    admin("boss@acme.example").await.unwrap();
    copies(&stack, "approved_domains", ["domain_id", "domain"], 998).await;
    copies(&stack, "apps", ["app_id", "name_key"], 198).await;
    copies(&stack, "admins", ["admin_id", "email_key"], 998).await;
    let full = |refused: anyhow::Error, what: &str| {
        let failure = refused.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.reason, Reason::FailedPrecondition, "{failure}");
        assert!(failure.message.contains(what), "{failure}");
    };

    // One more is accepted; of two at the same time, only one is.
    let domain = async |name: &str| operator.approve_domain(acme.id(), name, "").await;
    let (one, other) = tokio::join!(domain("one.example"), domain("other.example"));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    full(one.and(other).unwrap_err(), "1000 approved domains, which is the maximum; remove one");
    domain("copy1.example").await.expect("it is approved already");
    operator.remove_domain(acme.id(), "copy1.example").await.unwrap();
    domain("another.example").await.unwrap();
    let (one, other) = tokio::join!(operator.app(acme.id(), "One"), operator.app(acme.id(), "Other"));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    full(one.and(other).unwrap_err(), "200 apps, which is the maximum");
    let (one, other) = tokio::join!(admin("one@acme.example"), admin("other@acme.example"));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    full(one.and(other).unwrap_err(), "1000 admins, which is the maximum");
}

fn ids(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().cloned().unwrap_or_default();
    resources.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_large_users_end_early_and_together_show_everybody_once() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    large_people(&acme).await;

    let mut by_index = Vec::new();
    let mut pages = 0;
    while by_index.len() < LARGE {
        let page = acme.scim().get(&format!("/Users?count=200&startIndex={}", by_index.len() + 1)).await;
        page.assert_total(LARGE);
        assert!(page.text.len() <= MAX_PAGE_BYTES, "a page of {} bytes", page.text.len());
        let found = ids(&page.body);
        assert_eq!(page.body["itemsPerPage"], found.len());
        assert!(!found.is_empty());
        by_index.extend(found);
        pages += 1;
    }
    assert!(pages > 1, "all were on one page");
    assert_eq!(by_index.iter().collect::<BTreeSet<_>>().len(), LARGE);

    let mut by_cursor = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = acme.scim().get(&format!("/Users?count=200&cursor={cursor}")).await;
        page.assert_status(200);
        assert!(page.text.len() <= MAX_PAGE_BYTES, "a page of {} bytes", page.text.len());
        by_cursor.extend(ids(&page.body));
        match page.body["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(by_cursor, by_index);

    let message = pb::ListUsersRequest { count: 200, start_index: 1, ..Default::default() };
    let answer = UserServiceClient::new(stack.operator().identity())
        .max_decoding_message_size(MAX_PAGE_BYTES)
        .list_users(stack.operator().request_for(acme.id(), message))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.total_results, i64::try_from(LARGE).unwrap());
    assert!(!answer.users.is_empty() && answer.users.len() < LARGE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_large_groups_end_early_and_without_members_they_do_not() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let first = acme.scim().created(&acme.address("ada")).await;
    let mut groups = Vec::new();
    for name in ["a", "b", "c"] {
        let document = json!({ "displayName": name, "members": [{ "value": first }] });
        groups.push(acme.scim().post("/Groups", &document).await.assert_status(201).id());
    }
    let mut owner = stack.owner(&stack.databases().identity).await;
    for statement in [
        "INSERT INTO users SELECT copy.* FROM users u, generate_series(1, 15000) n, jsonb_populate_record(u,
           jsonb_build_object('user_id', gen_random_uuid(), 'user_name', 'n' || n, 'user_name_key', 'n' || n)) copy",
        "INSERT INTO group_members SELECT copy.* FROM group_members m, users u, jsonb_populate_record(m,
           jsonb_build_object('user_id', u.user_id, 'member_id', u.user_id)) copy WHERE u.user_id <> m.user_id",
    ] {
        sqlx::query(statement).execute(&mut owner).await.unwrap();
    }

    let page = acme.scim().get("/Groups?count=10").await;
    page.assert_total(3);
    assert_eq!(ids(&page.body), groups[..2]);
    let page = acme.scim().get("/Groups?count=10&startIndex=3").await;
    assert_eq!(ids(&page.body), groups[2..]);

    let page = acme.scim().get("/Groups?count=10&excludedAttributes=members").await;
    assert_eq!(ids(&page.body), groups);
}
