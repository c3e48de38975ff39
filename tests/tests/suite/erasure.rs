//! Erased persons, and the end of a workspace.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;
use sqlx::AssertSqlSafe;
use tokio::process::Command;
use usher_base::Clock;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use usher_proto::billing::v1::period_service_client::PeriodServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::seats::v1::SeatClass;
use usher_proto::tenant::v1 as tenant;
use usher_tests::operator::{Operator, Seats};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

use crate::books;

/// The first dates of the current period and of the next one, in UTC.
fn this_month() -> (String, String) {
    let today = jiff::tz::TimeZone::UTC.to_datetime(Clock::system().now()).date();
    let first = today.first_of_month();
    (first.to_string(), first.checked_add(1.month()).unwrap().to_string())
}

/// All rows of all tables in identity's database that contain a text, as `table: row`.
async fn rows_with(stack: &Stack, text: &str) -> Vec<String> {
    let mut owner = stack.owner(&stack.databases().identity).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("SELECT t::text FROM {table} t WHERE t::text ILIKE '%' || $1 || '%'");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(text).fetch_all(&mut owner).await.unwrap();
        found.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_of_a_person_who_is_erased_only_keys_stay_and_what_was_billed_is_unchanged() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    books::open_account(stack.operator(), acme.id()).await;
    let scim = acme.scim();
    let ada = json!({
        "userName": "ada.personal@acme.example", "externalId": "HR-4711-ADA", "displayName": "Ada Lovelace",
        "name": { "givenName": "Augusta", "familyName": "Lovelace" }, "nickName": "Enchantress",
        "emails": [{ "type": "work", "primary": true, "value": "countess@acme.example" }],
        "phoneNumbers": [{ "type": "mobile", "value": "+44 20 7946 0958" }],
        "addresses": [{ "type": "work", "streetAddress": "12 St James Square" }],
    });
    let id = scim.post("/Users", &ada).await.assert_status(201).id();
    let group = json!({ "displayName": "Engines", "members": [{ "value": id }] });
    scim.post("/Groups", &group).await.assert_status(201);
    let title = json!([{ "op": "replace", "path": "title", "value": "Analyst of Engines" }]);
    scim.patch(&format!("/Users/{id}"), title).await.assert_status(200);
    acme.settle().await;
    let operator = stack.operator();
    let events = operator.events(acme.id()).await.unwrap();
    assert!(!rows_with(&stack, "Lovelace").await.is_empty(), "it looks where she is");

    scim.delete(&format!("/Users/{id}")).await.assert_status(204);
    acme.settle().await;

    for personal in
        ["Lovelace", "Augusta", "Enchantress", "countess", "7946", "St James", "Analyst of Engines"]
    {
        assert_eq!(rows_with(&stack, personal).await, Vec::<String>::new(), "{personal}");
    }
    for key in ["ada.personal@acme.example", "HR-4711-ADA"] {
        let rows = rows_with(&stack, key).await;
        assert!(rows.len() == 1 && rows[0].starts_with("deleted_users: "), "{rows:?}");
    }
    let after = operator.events(acme.id()).await.unwrap();
    assert_eq!(after[..events.len()], events[..], "no fact was changed");
    assert_eq!((after.len(), after[1].cause.as_str()), (events.len() + 1, "scim.delete"));
    assert_eq!(after[1].person_key, events[0].person_key);
    // Today remains a seat-day of the same person key.
    let (start, end) = kathmandu_month();
    let statement = operator.statement(acme.id(), (&start, &end)).await.unwrap();
    let line = statement.lines.iter().find(|line| line.class() == SeatClass::Regular).unwrap();
    assert!(line.seat_days >= 1 && line.amount_minor > 0);
    let message = billing::ListAllocationsRequest { start_date: start, known_time: None };
    let mut client = InvoiceServiceClient::new(operator.billing());
    let mut stream =
        client.list_allocations(operator.request_for(acme.id(), message)).await.unwrap().into_inner();
    let shares = stream.message().await.unwrap().unwrap().allocations;
    assert_eq!(
        (shares[0].person_key.as_str(), shares[0].amount_minor),
        (events[0].person_key.as_str(), line.amount_minor)
    );
    assert_eq!(acme.seats().await, Seats::default());
}

/// Like [`this_month`], in the zone of [`books::open_account`].
fn kathmandu_month() -> (String, String) {
    let zone = jiff::tz::TimeZone::get("Asia/Kathmandu").unwrap();
    let first = zone.to_datetime(Clock::system().now()).date().first_of_month();
    (first.to_string(), first.checked_add(1.month()).unwrap().to_string())
}

async fn invoice(operator: &Operator, workspace: &Workspace, start: &str) -> billing::Invoice {
    let message = billing::GetInvoiceRequest { start_date: start.to_owned(), known_time: None };
    let mut client = InvoiceServiceClient::new(operator.billing());
    client
        .get_invoice(operator.request_for(workspace.id(), message))
        .await
        .unwrap()
        .into_inner()
        .invoice
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b15_the_seats_of_a_deleted_workspace_stop_at_the_commit_and_its_period_is_billed_to_the_end() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let operator = stack.operator();
    operator.prices(acme.id(), &[("regular", "12.00"), ("external", "8.00")]).await.unwrap();
    for n in 0..12 {
        acme.scim().created(&acme.address(&format!("p{n}"))).await;
    }
    let path = format!("/Users/{}", acme.scim().created(&acme.address("gone")).await);
    acme.scim().patch(&path, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    globex.scim().created("hank@globex.example").await;
    acme.settle().await;

    let mut suspend = tenant::UpdateWorkspaceRequest::default();
    suspend.set_status(tenant::WorkspaceStatus::Suspended);
    acme.update(suspend).await;
    eventually(Duration::from_secs(5), "SCIM is refused", async || {
        acme.scim().get("/Users").await.status.as_u16() == 403
    })
    .await;
    assert_eq!(operator.seats(acme.id()).await.unwrap().regular, 12, "suspended people keep their seats");
    let mut users = UserServiceClient::new(operator.identity());
    let before = Clock::system().now();
    let erased =
        users.erase_users(operator.request_for(acme.id(), identity::EraseUsersRequest {})).await.unwrap();
    assert_eq!(erased.into_inner(), identity::EraseUsersResponse { erased: 13, more: false });
    let again =
        users.erase_users(operator.request_for(acme.id(), identity::EraseUsersRequest {})).await.unwrap();
    assert_eq!(again.into_inner(), identity::EraseUsersResponse { erased: 0, more: false });

    acme.settle().await;
    assert_eq!(operator.seats(acme.id()).await.unwrap(), Seats::default());
    assert_eq!(operator.open_intervals(acme.id()).await.unwrap(), []);
    let stops: Vec<_> = operator
        .events(acme.id())
        .await
        .unwrap()
        .into_iter()
        .filter(|event| event.cause == "scim.delete")
        .collect();
    assert_eq!(stops.len(), 12, "an inactive user had no seat to end");
    for stop in stops {
        let at = stop.effective_time.unwrap();
        let at = Timestamp::new(at.seconds, at.nanos).unwrap();
        assert!(
            before <= at && at <= Clock::system().now(),
            "neither backdated nor at the end of the \
             period"
        );
    }
    assert_eq!(globex.seats().await.regular, 1, "nobody else's");

    // The period continues with its usage; it can't be closed before its end.
    let (start, next) = this_month();
    let running = invoice(operator, &acme, &start).await;
    assert!(running.provisional && running.incomplete_reasons[0].contains("has not ended"));
    assert!(running.lines[0].seat_days >= 12 && running.total_minor > 0);
    assert_eq!(invoice(operator, &acme, &next).await.lines, [], "the next one is empty");
    let message = billing::ClosePeriodRequest { start_date: start, expected_sequence: 0 };
    let mut client = PeriodServiceClient::new(operator.billing());
    let early = client.close_period(operator.request_for(acme.id(), message)).await.unwrap_err();
    assert!(early.message().contains("has not ended"), "{}", early.message());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_ends_a_workspace_with_one_command_that_must_be_confirmed() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    for n in 0..3 {
        acme.scim().created(&acme.address(&format!("p{n}"))).await;
    }
    let demo = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(demo.path(), stack.demo().to_string()).unwrap();
    let run = async |confirm: &str| {
        Command::new(usher_tests::stack::processes::program())
            .args(["admin", "--demo"])
            .arg(demo.path())
            .args(["workspace", "delete", "--workspace", "acme", "--confirm", confirm])
            .output()
            .await
            .unwrap()
    };

    let refused = run("globex").await;
    assert!(!refused.status.success());
    assert_eq!(acme.seats().await.regular, 3);
    let done = run("acme").await;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("3 people are deleted"), "{said}");
    assert_eq!(stack.operator().seats(acme.id()).await.unwrap(), Seats::default());
    assert_eq!(acme.scim().get("/Users").await.status.as_u16(), 403);
}
