//! The limit of a pool: billing's if it has set one, otherwise the plan's.

use std::time::Duration;

use serde_json::{Value, json};
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::commitment_service_client::CommitmentServiceClient;
use usher_proto::billing::v1::export_report_response::Part;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::billing::v1::price_service_client::PriceServiceClient;
use usher_proto::billing::v1::report_service_client::ReportServiceClient;
use usher_proto::seats::v1::{AtLimit, Cap, Pool, SeatClass};
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::plan_service_client::PlanServiceClient;
use usher_tests::operator::Seats;
use usher_tests::scim::{SEAT, user, user_of_type};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;
use usher_tests::words::at_limit;

/// The path of the seat's user type.
const USER_TYPE: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User:userType";

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// Identity sends watermarks every 15 seconds.
const TOLD: Duration = Duration::from_secs(45);

/// The limits in force, as billing knows them.
async fn held(stack: &Stack, workspace: &Workspace) -> Vec<billing::Limit> {
    let operator = stack.operator();
    let request = operator.request_for(workspace.id(), billing::GetLimitsRequest {});
    LimitServiceClient::new(operator.billing()).get_limits(request).await.unwrap().into_inner().limits
}

/// Sets a limit, which identity has a second or two later.
async fn set(stack: &Stack, workspace: &Workspace, limit: billing::Limit) {
    let operator = stack.operator();
    let message = billing::SetLimitRequest { limit: Some(limit) };
    let mut client = LimitServiceClient::new(operator.billing());
    client.set_limit(operator.request_for(workspace.id(), message)).await.unwrap();
}

fn paid(quantity: i64, policy: &str) -> billing::Limit {
    billing::Limit {
        pool: Pool::Paid.into(),
        quantity: Some(quantity),
        at_limit: at_limit(policy),
        ..Default::default()
    }
}

/// Tries until a user can be created, or can't be created any more. Created users are deactivated again.
async fn eventually_creates(workspace: &Workspace, status: u16) {
    let scim = workspace.scim();
    eventually(Duration::from_secs(20), "the limit has changed", async || {
        let answer = scim.post("/Users", &user(&workspace.address("probe"))).await;
        if answer.status == 201 {
            scim.delete(&answer.path()).await.assert_status(204);
        }
        answer.status == status
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn billings_limit_overrides_the_plans_until_it_is_cleared() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(1).create().await;
    let scim = acme.scim();
    scim.created(&acme.address("ada")).await;
    scim.create_user(&acme.address("bob")).await.assert_scim_error(403, "1 of 1 paid seats");
    eventually(TOLD, "billing knows the plan's limit", async || {
        let held = held(&stack, &acme).await;
        held.first()
            .is_some_and(|limit| limit.quantity == Some(1) && limit.source() == billing::LimitSource::Plan)
    })
    .await;

    set(&stack, &acme, paid(2, "BLOCK")).await;
    eventually_creates(&acme, 201).await;
    scim.created(&acme.address("bob")).await;
    let refused = scim.post("/Users", &user_of_type(&acme.address("eve"), "External")).await;
    refused.assert_scim_error(403, "2 of 2 paid seats").assert_scim_error(403, "for another External user");

    let operator = stack.operator();
    let message = billing::ClearLimitRequest { pool: Pool::Paid.into() };
    let mut client = LimitServiceClient::new(operator.billing());
    let cleared = client.clear_limit(operator.request_for(acme.id(), message)).await.unwrap().into_inner();
    assert_eq!(cleared.limit.unwrap().quantity, Some(1));
    let bob = scim.filter(&format!("userName eq \"{}\"", acme.address("bob"))).await;
    let bob = format!("/Users/{}", bob.body["Resources"][0]["id"].as_str().unwrap());
    scim.delete(&bob).await.assert_status(204);
    eventually_creates(&acme, 403).await;
    scim.create_user(&acme.address("bob")).await.assert_scim_error(403, "1 of 1 paid seats");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_becomes_block_while_the_workspace_is_over_the_limit_removes_nobody() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(5).create().await;
    set(&stack, &acme, paid(1, "ALLOW")).await;
    let scim = acme.scim();
    let mut paths = Vec::new();
    for name in ["a", "b", "c"] {
        paths.push(format!("/Users/{}", scim.created(&acme.address(name)).await));
    }

    set(&stack, &acme, paid(1, "BLOCK")).await;
    eventually_creates(&acme, 403).await;
    assert_eq!(acme.seats().await.regular, 3);
    for path in &paths[..2] {
        scim.create_user(&acme.address("late")).await.assert_scim_error(403, "of 1 paid seats");
        scim.delete(path).await.assert_status(204);
    }
    scim.create_user(&acme.address("late")).await.assert_scim_error(403, "1 of 1 paid seats");
    scim.delete(&paths[2]).await.assert_status(204);
    scim.created(&acme.address("late")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plans_collaborator_cap_grows_with_the_paid_limit_at_once() {
    let stack = Stack::start().await;
    let operator = stack.operator();
    let plan = tenant::Plan {
        name: "Capped".into(),
        scim: true,
        collaborator_cap: Some(Cap { at_least: 1, percent: 50 }),
        ..Default::default()
    };
    let request = operator.request_for_installation(tenant::CreatePlanRequest { plan: Some(plan) });
    PlanServiceClient::new(operator.tenant()).create_plan(request).await.unwrap();
    let acme = stack.workspace("acme").plan("Capped").blocked_at(2).create().await;
    let scim = acme.scim();
    let collaborator =
        async |name: &str| scim.post("/Users", &user_of_type(&acme.address(name), "Collaborator")).await;

    collaborator("a").await.assert_status(201);
    collaborator("b").await.assert_scim_error(403, "1 of 1 Collaborator seats");
    acme.update(tenant::UpdateWorkspaceRequest { seat_limit: Some(3), ..Default::default() }).await;
    eventually(Duration::from_secs(5), "half of three licences is rounded up", async || {
        collaborator("b").await.status == 201
    })
    .await;
    collaborator("c").await.assert_scim_error(403, "2 of 2 Collaborator seats");
    eventually(TOLD, "billing knows the cap", async || {
        let held = held(&stack, &acme).await;
        held.iter().any(|limit| limit.pool() == Pool::Collaborator && limit.quantity == Some(2))
    })
    .await;

    // From today on, the commitment counts, which only billing knows.
    let today = jiff::tz::TimeZone::UTC.to_datetime(usher_base::Clock::system().now()).date();
    let commitment = billing::Commitment {
        pool: Pool::Paid.into(),
        quantity: 8,
        unit_price: "12.00".into(),
        start_date: today.yesterday().unwrap().to_string(),
        end_date: today.checked_add(jiff::ToSpan::years(1)).unwrap().to_string(),
        ..Default::default()
    };
    let message = billing::SetCommitmentRequest { commitment: Some(commitment) };
    let mut client = CommitmentServiceClient::new(operator.billing());
    client.set_commitment(operator.request_for(acme.id(), message)).await.unwrap();
    eventually(Duration::from_secs(20), "half of eight", async || collaborator("c").await.status == 201)
        .await;
    collaborator("d").await.assert_status(201);
    collaborator("e").await.assert_scim_error(403, "4 of 4 Collaborator seats");
    acme.update(tenant::UpdateWorkspaceRequest { name: Some("Acme".into()), ..Default::default() }).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    collaborator("e").await.assert_scim_error(403, "4 of 4 Collaborator seats");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_of_a_bulk_of_1000_creates_with_990_seats_free_the_last_ten_are_refused() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(990).create().await;
    let operation = |n: usize| {
        json!({
            "method": "POST", "path": "/Users", "bulkId": format!("p{n}"),
            "data": user(&acme.address(&format!("p{n}"))),
        })
    };
    let operations: Vec<Value> = (0..1_000).map(operation).collect();

    let answer = acme.scim().post("/Bulk", &json!({ "schemas": [BULK], "Operations": operations })).await;

    let results = answer.assert_status(200).body["Operations"].as_array().unwrap();
    let statuses: Vec<&str> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, [vec!["201"; 990], vec!["403"; 10]].concat());
    let order: Vec<String> =
        results.iter().map(|result| result["bulkId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, (0..1_000).map(|n| format!("p{n}")).collect::<Vec<_>>());
    let detail = results[999]["response"]["detail"].as_str().unwrap();
    assert!(detail.contains("990 of 990 paid seats"), "{detail}");
    assert_eq!(stack.operator().seats(acme.id()).await.unwrap().regular, 990);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b11_a_patch_that_upgrades_a_class_while_full_changes_nothing_else_either() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(1).create().await;
    let scim = acme.scim();
    scim.created(&acme.address("ada")).await;
    let free = scim.post("/Users", &user_of_type(&acme.address("free"), "Collaborator")).await;
    let path = free.assert_status(201).path();
    let before = scim.get(&path).await;
    let changes = stack.operator().changes(acme.id()).await.unwrap().len();

    let operations = json!([
        { "op": "replace", "path": "displayName", "value": "Somebody Else" },
        { "op": "replace", "path": USER_TYPE, "value": "Regular" },
    ]);
    let refused = scim.patch(&path, operations).await;

    refused.assert_scim_error(403, "1 of 1 paid seats (Regular and External)");
    assert!(refused.body.get("scimType").is_none(), "{}", refused.text);
    let after = scim.get(&path).await;
    assert_eq!((after.body, after.headers.get("etag")), (before.body, before.headers.get("etag")));
    assert_eq!(stack.operator().changes(acme.id()).await.unwrap().len(), changes);
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 0, collaborator: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_a_degrading_plan_the_answer_shows_the_free_user_type() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(1).create().await;
    let at_limit = AtLimit::Degrade.into();
    acme.update(tenant::UpdateWorkspaceRequest { at_limit, ..Default::default() }).await;
    let scim = acme.scim();
    scim.create_user(&acme.address("ada")).await.assert_at(SEAT, "Regular");

    let bob = scim.post("/Users", &user_of_type(&acme.address("bob"), "External")).await;

    bob.assert_status(201).assert_at(SEAT, "Collaborator");
    scim.get(&bob.path()).await.assert_at(SEAT, "Collaborator");
    assert_eq!(acme.seats().await, Seats { regular: 1, external: 0, collaborator: 1 });

    // The workspace's admin finds it in the provisioning log, however it happened.
    let upgrade = json!([{ "op": "replace", "path": USER_TYPE, "value": "Regular" }]);
    scim.patch(&bob.path(), upgrade).await.assert_status(200).assert_at(SEAT, "Collaborator");
    let operation = json!({ "method": "POST", "path": "/Users", "bulkId": "1", "data": { "userName": acme.address("eve") } });
    let bulk = json!({ "schemas": [BULK], "Operations": [operation] });
    scim.post("/Bulk", &bulk).await.assert_at("/Operations/0/status", "201");
    let wanted = tenant::ListLogEntriesRequest::default();
    let logged = async || stack.operator().log(acme.id(), wanted.clone()).await.unwrap().entries;
    eventually(Duration::from_secs(10), "everything is logged", async || logged().await.len() == 4).await;
    let mut noted: Vec<_> = logged().await.into_iter().map(|entry| entry.attributes[0].clone()).collect();
    noted.reverse();
    assert!(!noted[0].starts_with("userType"), "{noted:?}");
    let degraded =
        |first: &String| first == "userType (ignored: no paid seat is free, so the user is a Collaborator)";
    assert!(noted[1..].iter().all(degraded), "{noted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_seats_are_counted_and_reported() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(1).create().await;
    let scim = acme.scim();
    scim.created(&acme.address("ada")).await;
    let free = scim.post("/Users", &user_of_type(&acme.address("free"), "Collaborator")).await.path();
    scim.create_user(&acme.address("bob")).await.assert_status(403);
    scim.create_user(&acme.address("eve")).await.assert_status(403);
    let upgrade = json!([{ "op": "replace", "path": USER_TYPE, "value": "Regular" }]);
    scim.patch(&free, upgrade).await.assert_status(403);

    let month =
        jiff::tz::TimeZone::UTC.to_datetime(usher_base::Clock::system().now()).date().first_of_month();
    let operator = stack.operator();
    let price = billing::PriceVersion {
        class: SeatClass::Regular.into(),
        unit_price: "12.00".into(),
        valid_from: "2026-01-01".into(),
        ..Default::default()
    };
    let message = billing::CreatePriceVersionRequest { price_version: Some(price) };
    let mut admin = PriceServiceClient::new(operator.billing());
    admin.create_price_version(operator.request_for(acme.id(), message)).await.unwrap();
    let order = billing::ExportReportRequest {
        report: billing::ReportName::Limits.into(),
        start_date: month.to_string(),
        format: billing::ReportFormat::Csv.into(),
        ..Default::default()
    };
    eventually(TOLD, "three are reported", async || {
        let mut client = ReportServiceClient::new(operator.billing());
        let request = operator.request_for(acme.id(), order.clone());
        let mut stream = client.export_report(request).await.unwrap().into_inner();
        let mut text = Vec::new();
        while let Some(message) = stream.message().await.unwrap() {
            if let Some(Part::Chunk(chunk)) = message.part {
                text.extend(chunk);
            }
        }
        let text = String::from_utf8(text).unwrap();
        let paid = text.lines().find(|line| line.starts_with("paid,1,BLOCK,1,100,"));
        paid.is_some_and(|line| line.ends_with("Z,3"))
    })
    .await;
}
