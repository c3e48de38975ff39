//! Seat events between two services, one of which dies or is restored to an earlier state.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::reconciliation_service_client::ReconciliationServiceClient;
use usher_proto::billing::v1::verification_service_client::VerificationServiceClient;
use usher_store::{Durability, OWNER_ROLE};
use usher_tests::operator::Operator;
use usher_tests::stack::{Processes, Workspace};
use usher_tests::wait::eventually;

use crate::books;

const LONG: Duration = Duration::from_mins(1);

/// A connection to billing on which answers can be lost, as if billing died before sending them.
struct Wire {
    address: SocketAddr,
    loses_answers: Arc<AtomicBool>,
}

impl Wire {
    async fn to(billing: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (billing, loses_answers) = (billing.to_owned(), Arc::new(AtomicBool::new(false)));
        let loses = Arc::clone(&loses_answers);
        drop(usher_rpc::Tasks::new().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(&billing).await {
                    drop(usher_rpc::Tasks::new().spawn(carry(client, server, Arc::clone(&loses))));
                }
            }
        }));
        Self { address, loses_answers }
    }

    fn lose_answers(&self, lose: bool) {
        self.loses_answers.store(lose, Ordering::SeqCst);
    }
}

async fn carry(client: TcpStream, server: TcpStream, loses: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let answers = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return Ok::<_, std::io::Error>(());
            }
            if !loses.load(Ordering::SeqCst) {
                to_client.write_all(&buffer[..read]).await?;
            }
        }
    };
    let _ = tokio::select! { done = requests => done, done = answers => done };
}

async fn database(processes: &Processes, service: &str) -> PgConnection {
    PgConnection::connect(&processes.database_url(service, OWNER_ROLE)).await.unwrap()
}

/// The number of events in billing, whatever it has acknowledged.
async fn applied(processes: &Processes) -> i64 {
    let sql = "SELECT coalesce(max(acknowledged_sequence), 0) FROM ledgers";
    sqlx::query_scalar(sql).fetch_one(&mut database(processes, "billing").await).await.unwrap()
}

async fn acknowledged(operator: &Operator, workspace: &Workspace) -> i64 {
    operator.seat_counters(workspace.id()).await.unwrap().acknowledged_seat_sequence
}

/// I4 and I5 by a verification, which recomputes the facts; I19: the cursor is the last applied fact; I20 by a
/// comparison of the seats of both services; and all counts, recounted.
async fn assert_sound(processes: &Processes, workspace: &Workspace) {
    let operator = processes.operator();
    let open = workspace.seats().await;
    let census =
        [("regular", open.regular), ("external", open.external), ("collaborator", open.collaborator)];
    let census = census.into_iter().map(|(class, count)| (class.to_owned(), u64::try_from(count).unwrap()));
    books::assert_exact(operator, workspace.id(), &census.collect()).await;
    let mut owner = database(processes, "billing").await;
    let overlaps: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM intervals a JOIN intervals b ON b.tenant_id = a.tenant_id AND b.person_key = a.person_key
           AND b.open_sequence > a.open_sequence
         WHERE tstzrange(a.start_at, a.end_at) && tstzrange(b.start_at, b.end_at) OR a.end_at = b.start_at AND a.class = b.class",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(overlaps, 0, "I4");
    let (cursor, last): (i64, i64) = sqlx::query_as(
        "SELECT l.acknowledged_sequence, (SELECT max(source_sequence) FROM events e WHERE e.tenant_id = l.tenant_id)
         FROM ledgers l WHERE tenant_id = $1",
    )
    .bind(workspace.id().as_uuid())
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(cursor, last, "I19");
    let mut reconciliations = ReconciliationServiceClient::new(operator.billing());
    let request = operator.request_for(workspace.id(), billing::VerifyLedgerRequest::default());
    let verified = VerificationServiceClient::new(operator.billing()).verify_ledger(request).await;
    assert_eq!(verified.unwrap().into_inner().faults, Vec::<String>::new(), "I5");
    let request = operator.request_for(workspace.id(), billing::RunReconciliationRequest {});
    reconciliations.run_reconciliation(request).await.unwrap();
    eventually(LONG, "I20: the states were compared and are equal", async || {
        let request = operator.request_for(workspace.id(), billing::ListReconciliationsRequest {});
        let rows = reconciliations.clone().list_reconciliations(request).await.unwrap().into_inner().rows;
        rows.len() >= 3 && rows.iter().take(3).all(|row| row.equal && row.source_sequence == last)
    })
    .await;
}

/// Creates a user, changes the class, deactivates and reactivates: four events.
async fn busy(workspace: &Workspace, name: &str) {
    let scim = workspace.scim();
    let path = format!("/Users/{}", scim.created(&workspace.address(name)).await);
    for operation in [
        json!({ "op": "replace", "path": "userType", "value": "External" }),
        json!({ "op": "replace", "path": "active", "value": false }),
        json!({ "op": "replace", "path": "active", "value": true }),
    ] {
        scim.patch(&path, json!([operation])).await.assert_status(200);
    }
}

async fn set_up() -> (Processes, Workspace) {
    let processes = Processes::start(Durability::Relaxed).await;
    let acme = processes.workspace("acme").create().await;
    books::open_account(processes.operator(), acme.id()).await;
    busy(&acme, "first").await;
    acme.settle().await;
    (processes, acme)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_billing_that_dies_between_commit_and_answer_is_sent_the_same_events_again() {
    let (mut processes, acme) = set_up().await;
    let wire = Wire::to(&processes.listens("billing").to_string()).await;
    processes.kill("identity").await;
    processes.set("identity", "USHER_BILLING__URL", &format!("http://{}", wire.address));
    processes.restart("identity").await;

    wire.lose_answers(true);
    busy(&acme, "second").await;
    eventually(LONG, "billing has committed", async || applied(&processes).await == 8).await;
    processes.kill("billing").await;
    let told = acknowledged(processes.operator(), &acme).await;
    assert!(told < 8, "identity got no answer: {told}");
    busy(&acme, "third").await;
    wire.lose_answers(false);
    processes.restart("billing").await;

    assert_sound(&processes, &acme).await;
    assert_eq!(applied(&processes).await, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_identity_that_dies_after_its_commit_and_before_it_sends_sends_after_its_start() {
    let (mut processes, acme) = set_up().await;
    processes.kill("billing").await;
    busy(&acme, "second").await;
    processes.kill("identity").await;
    processes.restart("billing").await;
    assert_eq!(applied(&processes).await, 4);

    processes.restart("identity").await;
    acme.settle().await;

    assert_sound(&processes, &acme).await;
    assert_eq!(applied(&processes).await, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_billing_that_was_restored_to_yesterday_is_sent_everything_since_also_where_nothing_new_happens() {
    let (mut processes, acme) = set_up().await;
    processes.kill("billing").await;
    let server = |name: &str| usher_store::cluster::url(&processes.postgres_directory(), name, "postgres");
    let mut postgres = PgConnection::connect(&server("postgres")).await.unwrap();
    sqlx::query("CREATE DATABASE yesterday TEMPLATE usher_billing").execute(&mut postgres).await.unwrap();
    processes.restart("billing").await;
    busy(&acme, "second").await;
    busy(&acme, "third").await;
    acme.settle().await;
    let operator = processes.operator().clone();
    let events = operator.events(acme.id()).await.unwrap();
    assert_eq!(applied(&processes).await, 12);

    processes.kill("billing").await;
    for statement in
        ["DROP DATABASE usher_billing WITH (FORCE)", "ALTER DATABASE yesterday RENAME TO usher_billing"]
    {
        sqlx::query(statement).execute(&mut postgres).await.unwrap();
    }
    assert_eq!(applied(&processes).await, 4, "the cursor is from yesterday");
    // As after every restore, the database belongs to the superuser and has PostgreSQL's default rights.
    sqlx::query("ALTER DATABASE usher_billing OWNER TO usher_owner").execute(&mut postgres).await.unwrap();
    let owner = processes.database_url("billing", usher_store::OWNER_ROLE);
    usher_store::migrate(&owner, &usher_billing::MIGRATOR).await.unwrap();
    usher_store::admit(&owner, &usher_store::service_role("billing")).await.unwrap();
    processes.restart("billing").await;

    eventually(LONG, "everything was sent again", async || applied(&processes).await == 12).await;
    let again = operator.events(acme.id()).await.unwrap();
    // They were recorded again, and the recording time is part of their hashes.
    let facts = |events: &[billing::LedgerEvent]| -> Vec<billing::LedgerEvent> {
        let fact = |event: &billing::LedgerEvent| billing::LedgerEvent {
            hash: Vec::new(),
            record_time: None,
            ..event.clone()
        };
        events.iter().map(fact).collect()
    };
    assert_eq!(facts(&again), facts(&events), "the same facts in the same order");
    assert_sound(&processes, &acme).await;
}
