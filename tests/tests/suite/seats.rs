//! The seat limit, on every path that can make a person billable.

use futures::future::join_all;
use serde_json::{Value, json};
use usher_proto::seats::v1::AtLimit;
use usher_proto::tenant::v1 as pb;
use usher_tests::operator::Seats;
use usher_tests::scim::{Answer, SEAT, user, user_of_type};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::words::class_name;

const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";

fn refused(answer: &Answer) {
    answer.assert_scim_error(403, "seat limit");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("acme") && detail.contains("limit raised"), "{detail}");
}

fn active(value: bool) -> Value {
    json!([{ "op": "replace", "path": "active", "value": value }])
}

fn user_type(value: &str) -> Value {
    json!([{ "op": "replace", "path": format!("{USHER}:userType"), "value": value }])
}

/// Acme with all paid seats in use, and in addition a collaborator and an inactive user.
async fn full(stack: &Stack) -> (Workspace, [String; 4]) {
    let acme = stack.workspace("acme").blocked_at(2).create().await;
    let scim = acme.scim();
    let regular = scim.created(&acme.address("regular")).await;
    let external = scim.post("/Users", &user_of_type(&acme.address("external"), "External")).await;
    let free = scim.post("/Users", &user_of_type(&acme.address("free"), "Collaborator")).await;
    let mut away = user(&acme.address("away"));
    away["active"] = json!(false);
    let away = scim.post("/Users", &away).await;
    let ids = [regular, external.id(), free.assert_status(201).id(), away.assert_status(201).id()];
    (acme, ids.map(|id| format!("/Users/{id}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_workspace_refuses_every_way_in_and_keeps_nothing_of_it() {
    let stack = Stack::start().await;
    let (acme, [_, _, free, away]) = full(&stack).await;
    let scim = acme.scim();
    let before = stack.operator().changes(acme.id()).await.unwrap().len();

    refused(&scim.create_user(&acme.address("late")).await);
    refused(&scim.post("/Users", &user_of_type(&acme.address("late"), "External")).await);
    refused(&scim.patch(&away, active(true)).await);
    refused(&scim.patch(&away, json!([{ "op": "Replace", "path": "active", "value": "True" }])).await);
    refused(&scim.patch(&away, json!([{ "op": "replace", "value": { "active": true } }])).await);
    let mut back = user(&acme.address("away"));
    back["active"] = json!(true);
    refused(&scim.put(&away, &back).await);
    refused(&scim.patch(&free, user_type("Regular")).await);
    refused(&scim.patch(&free, json!([{ "op": "remove", "path": format!("{USHER}:userType") }])).await);
    refused(&scim.put(&free, &user_of_type(&acme.address("free"), "External")).await);

    scim.filter(&format!("userName eq \"{}\"", acme.address("late"))).await.assert_total(0);
    scim.get(&away).await.assert_at("/active", false);
    scim.get(&free).await.assert_at(SEAT, "Collaborator");
    assert_eq!(stack.operator().changes(acme.id()).await.unwrap().len(), before);
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 1, collaborator: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_without_a_paid_seat_succeed_in_a_full_workspace() {
    let stack = Stack::start().await;
    let (acme, [regular, _, free, away]) = full(&stack).await;
    let scim = acme.scim();

    scim.post("/Users", &user_of_type(&acme.address("guest"), "Collaborator")).await.assert_status(201);
    scim.patch(&regular, user_type("External")).await.assert_status(200);
    scim.patch(&regular, json!([{ "op": "replace", "path": "title", "value": "x" }]))
        .await
        .assert_status(200);
    scim.patch(&away, user_type("Regular")).await.assert_status(200);
    scim.patch(&away, json!([{ "op": "replace", "path": "nickName", "value": "y" }]))
        .await
        .assert_status(200);
    scim.patch(&free, active(false)).await.assert_status(200);
    scim.patch(&free, active(true)).await.assert_status(200);

    assert_eq!(acme.seats().await, Seats { regular: 0, external: 2, collaborator: 2 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_frees_the_seat_for_the_next_one() {
    let stack = Stack::start().await;
    let (acme, [regular, external, free, away]) = full(&stack).await;
    let scim = acme.scim();

    scim.patch(&regular, active(false)).await.assert_status(200);
    scim.patch(&away, active(true)).await.assert_status(200);
    refused(&scim.patch(&regular, active(true)).await);
    scim.delete(&external).await.assert_status(204);
    scim.patch(&free, user_type("Regular")).await.assert_status(200);
    refused(&scim.patch(&regular, active(true)).await);
    scim.patch(&free, user_type("Collaborator")).await.assert_status(200);
    scim.patch(&regular, active(true)).await.assert_status(200);

    assert_eq!(acme.seats().await, Seats { regular: 2, external: 0, collaborator: 1 });
}

/// The document of one of a person's two accounts. The client's id and the primary address identify the person.
fn account(acme: &Workspace, name: &str, user_type: &str) -> Value {
    let mut document = user_of_type(&acme.address(name), user_type);
    document["externalId"] = json!("ada");
    document["emails"] = json!([{ "type": "work", "value": acme.address("ada"), "primary": true }]);
    document
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_of_one_person_take_one_seat_of_a_limit_of_two() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(2).create().await;
    let scim = acme.scim();
    let first = scim.post("/Users", &account(&acme, "ada", "Regular")).await.assert_status(201).path();
    let second =
        scim.post("/Users", &account(&acme, "ada.admin", "External")).await.assert_status(201).path();
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 0, collaborator: 0 });

    scim.create_user(&acme.address("bob")).await.assert_status(201);
    refused(&scim.create_user(&acme.address("eve")).await);
    assert_eq!(acme.seats().await, Seats { regular: 2, external: 0, collaborator: 0 });
    assert_counted_as_billed(&stack, &acme).await;

    // The highest class of the remaining accounts counts; the seat is free when the last account is gone.
    scim.patch(&first, active(false)).await.assert_status(200);
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 1, collaborator: 0 });
    refused(&scim.create_user(&acme.address("eve")).await);
    assert_counted_as_billed(&stack, &acme).await;
    scim.patch(&second, user_type("Collaborator")).await.assert_status(200);
    scim.create_user(&acme.address("eve")).await.assert_status(201);
    refused(&scim.patch(&first, active(true)).await);
    scim.delete(&second).await.assert_status(204);
    assert_eq!(acme.seats().await, Seats { regular: 2, external: 0, collaborator: 0 });
    assert_counted_as_billed(&stack, &acme).await;
}

/// Identity's counters equal the open seats in billing.
async fn assert_counted_as_billed(stack: &Stack, acme: &Workspace) {
    acme.settle().await;
    let open = stack.operator().open_intervals(acme.id()).await.unwrap();
    let billed = Seats::from_counts(open.iter().map(|interval| (class_name(interval.class), 1)));
    assert_eq!(acme.seats().await, billed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_of_one_person_that_come_and_go_at_once_are_counted_once() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut paths = Vec::new();
    for number in 0..6 {
        let document = account(&acme, &format!("ada{number}"), ["Regular", "External"][number % 2]);
        paths.push(scim.post("/Users", &document).await.assert_status(201).path());
    }

    for value in [false, true, false] {
        join_all(paths.iter().map(|path| scim.patch(path, active(value)))).await;
        assert_eq!(acme.seats().await, Seats { regular: i64::from(value), external: 0, collaborator: 0 });
    }
    join_all(paths.iter().enumerate().map(|(n, path)| scim.patch(path, active(n != 2)))).await;
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 0, collaborator: 0 });
    assert_counted_as_billed(&stack, &acme).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_limit_everybody_can_leave() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut paths = Vec::new();
    for name in ["a", "b", "c", "d"] {
        paths.push(format!("/Users/{}", scim.created(&acme.address(name)).await));
    }
    acme.update(pb::UpdateWorkspaceRequest {
        at_limit: AtLimit::Block.into(),
        seat_limit: Some(1),
        ..Default::default()
    })
    .await;

    // A gateway learns of the change within a second; then no more users can be created.
    let blocked = async || {
        let answer = scim.post("/Users", &user(&acme.address("probe"))).await;
        if answer.status == 201 {
            scim.delete(&answer.path()).await.assert_status(204);
        }
        answer.status == 403
    };
    usher_tests::wait::eventually(std::time::Duration::from_secs(3), "the limit is in force", blocked).await;
    scim.patch(&paths[0], active(false)).await.assert_status(200);
    scim.patch(&paths[1], user_type("Collaborator")).await.assert_status(200);
    scim.patch(&paths[2], user_type("External")).await.assert_status(200);
    scim.delete(&paths[3]).await.assert_status(204);

    assert_eq!(acme.seats().await, Seats { regular: 0, external: 1, collaborator: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_allow_goes_on_beyond_the_limit() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").allowed_beyond(1).create().await;

    for name in ["a", "b", "c"] {
        acme.scim().created(&acme.address(name)).await;
    }

    assert_eq!(acme.seats().await.regular, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i21_with_one_seat_free_twenty_parallel_creates_give_exactly_one() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(3).create().await;
    for name in ["a", "b"] {
        acme.scim().created(&acme.address(name)).await;
    }
    let names: Vec<_> = (0..20).map(|n| acme.address(&format!("late{n}"))).collect();

    let answers = join_all(names.iter().map(|name| acme.scim().create_user(name))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    answers.iter().filter(|answer| answer.status != 201).for_each(refused);
    assert_eq!(acme.seats().await.regular, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_ways_in_at_once_never_exceed_the_limit() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(5).create().await;
    let scim = acme.scim();
    let mut away = Vec::new();
    let mut free = Vec::new();
    for n in 0..8 {
        let mut document = user(&acme.address(&format!("away{n}")));
        document["active"] = json!(false);
        away.push(scim.post("/Users", &document).await.path());
        let document = user_of_type(&acme.address(&format!("free{n}")), "Collaborator");
        free.push(scim.post("/Users", &document).await.path());
    }

    let creates = (0..8).map(async |n| scim.create_user(&acme.address(&format!("new{n}"))).await);
    let returns = away.iter().map(async |path| scim.patch(path, active(true)).await);
    let upgrades = free.iter().map(async |path| scim.patch(path, user_type("Regular")).await);
    let (one, two, three) = tokio::join!(join_all(creates), join_all(returns), join_all(upgrades));

    let answers: Vec<_> = one.into_iter().chain(two).chain(three).collect();
    let won = answers.iter().filter(|answer| answer.status.is_success()).count();
    answers.iter().filter(|answer| !answer.status.is_success()).for_each(refused);
    assert_eq!(won, 5);
    assert_eq!(acme.seats().await.regular, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e12_two_users_with_one_external_id_and_address_are_one_person_with_one_seat_in_the_higher_class() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    scim.post("/Users", &account(&acme, "ada", "External")).await.assert_status(201);
    scim.post("/Users", &account(&acme, "ada.admin", "Regular")).await.assert_status(201);
    // A different person of the same kind.
    let mut bob = user_of_type(&acme.address("bob"), "Regular");
    bob["externalId"] = json!("2");
    scim.post("/Users", &bob).await.assert_status(201);
    acme.settle().await;

    let open = stack.operator().open_intervals(acme.id()).await.unwrap();

    let mut classes: Vec<&str> = open.iter().map(|interval| class_name(interval.class)).collect();
    classes.sort_unstable();
    assert_eq!(classes, ["regular", "regular"], "{open:?}");
    let people: std::collections::HashSet<&str> =
        open.iter().map(|interval| interval.person_key.as_str()).collect();
    assert_eq!(people.len(), 2);
}
