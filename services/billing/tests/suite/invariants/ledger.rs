//! Invariants of the ledger: its numbers, intervals and cursor, and the isolation of its rows.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::Reason;
use usher_proto::billing::v1 as pb;

use super::{count, eventful, october, owner};
use crate::words::refused;

#[tokio::test]
async fn i1_and_i3_numbers_are_without_a_gap_and_times_increase_with_them() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    let sent = i64::try_from(acme.sent.len()).unwrap();

    let all = "SELECT count(*) FROM events";
    assert_eq!(count(&billing, all).await, sent);
    assert_eq!(count(&billing, "SELECT max(source_sequence) FROM events").await, sent);
    assert_eq!(count(&billing, "SELECT max(sequence) FROM events").await, sent);
    let backwards = "SELECT count(*) FROM (
        SELECT effective_at > lag(effective_at) OVER (PARTITION BY tenant_id ORDER BY sequence) AS later FROM events
      ) e WHERE NOT later";
    assert_eq!(count(&billing, backwards).await, 0);
    // An event that is not later than the last one is refused, and nothing of its batch is applied.
    let last = acme.sent.last().unwrap();
    let stale = pb::SeatEvent { sequence: last.sequence + 1, ..last.clone() };
    let answers = billing.append(vec![acme.batch(vec![stale])]).await.unwrap();
    assert_eq!((refused(&answers[0]), answers[0].acknowledged_sequence), ("INVALID_ARGUMENT", sent));
}

#[tokio::test]
async fn i2_there_is_one_payload_per_number_for_ever() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    let hashes = "SELECT encode(sha256(string_agg(hash, ''::bytea ORDER BY sequence)), 'hex') FROM events";
    let before: String = sqlx::query_scalar(hashes).fetch_one(&mut owner(&billing).await).await.unwrap();

    for chunk in acme.sent.chunks(101) {
        let answers = billing.append(vec![acme.batch(chunk.to_vec())]).await.unwrap();
        assert_eq!(refused(&answers[0]), "");
    }

    let after: String = sqlx::query_scalar(hashes).fetch_one(&mut owner(&billing).await).await.unwrap();
    assert_eq!(after, before);
    // Not even the owner can insert a second one.
    let copy = "INSERT INTO events (tenant_id, sequence, epoch, source_sequence, kind, event_id, person_key, user_id,
        active, user_type, effective_at, recorded_at, cause, actor, request_id, hash)
      SELECT tenant_id, 99999, epoch, source_sequence, kind, event_id, person_key, user_id, active, user_type,
        effective_at, recorded_at, cause, actor, request_id, hash FROM events WHERE source_sequence = 5";
    let copied = sqlx::query(copy).execute(&mut owner(&billing).await).await.unwrap_err();
    assert!(copied.to_string().contains("events_source_key"), "{copied}");
    let other = pb::SeatEvent { actor: "scim:other".to_owned(), ..acme.sent[4].clone() };
    let answers = billing.append(vec![acme.batch(vec![other])]).await.unwrap();
    assert_eq!(refused(&answers[0]), Reason::EventConflict.name());
}

#[tokio::test]
async fn i4_intervals_of_a_person_never_overlap_are_never_empty_and_touching_ones_are_merged() {
    let billing = october().await;
    eventful(&billing).await;

    let pairs = |condition: &str| {
        format!(
            "SELECT count(*) FROM intervals a JOIN intervals b ON b.tenant_id = a.tenant_id
               AND b.person_key = a.person_key AND b.open_sequence > a.open_sequence WHERE {condition}"
        )
    };
    assert!(count(&billing, "SELECT count(*) FROM intervals").await > 50);
    let overlap = "tstzrange(a.start_at, a.end_at) && tstzrange(b.start_at, b.end_at)";
    assert_eq!(count(&billing, &pairs(overlap)).await, 0);
    assert_eq!(count(&billing, &pairs("a.end_at = b.start_at AND a.class = b.class")).await, 0);
    assert_eq!(count(&billing, "SELECT count(*) FROM intervals WHERE end_at <= start_at").await, 0);
    let twice = "INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, start_cause)
      SELECT tenant_id, person_key, 99999, class, start_at + interval '1 microsecond', 'x' FROM intervals
      WHERE end_at IS NOT NULL LIMIT 1";
    let refused = sqlx::query(twice).execute(&mut owner(&billing).await).await.unwrap_err();
    assert!(refused.to_string().contains("intervals_overlap"), "{refused}");
}

#[tokio::test]
async fn i19_the_cursor_moves_only_in_the_transaction_that_applied_the_event() {
    let billing = october().await;
    let mut acme = billing.workspace();
    let (ada, bob) = (acme.person(), acme.person());
    let first = acme.event("2026-06-01T00:00:00Z", ada, Some("Regular"));
    let second = acme.event("2026-06-02T00:00:00Z", bob, Some("Regular"));
    acme.apply(vec![first]).await;

    // The last statement but one of an append fails.
    let mut owner = owner(&billing).await;
    let fail = "ALTER TABLE events ADD CONSTRAINT no_second CHECK (sequence <> 2)";
    sqlx::query(fail).execute(&mut owner).await.unwrap();
    let answers = billing.append(vec![acme.batch(vec![second.clone()])]).await.unwrap();
    assert_eq!((refused(&answers[0]), answers[0].acknowledged_sequence), ("INTERNAL", 1));
    assert_eq!(acme.cursor().await.acknowledged_sequence, 1);
    assert_eq!((acme.intervals().await.len(), count(&billing, "SELECT count(*) FROM seats").await), (1, 1));

    sqlx::query("ALTER TABLE events DROP CONSTRAINT no_second").execute(&mut owner).await.unwrap();
    acme.apply(vec![second]).await;
    assert_eq!(acme.cursor().await.acknowledged_sequence, 2);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn i22_no_row_of_a_workspace_is_reachable_as_another() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    acme.close("2026-06-01").await.unwrap();
    let other = billing.workspace();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.table_name::text FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' ORDER BY 1",
    )
    .fetch_all(&mut owner(&billing).await)
    .await
    .unwrap();
    let rows = async |tenant: uuid::Uuid, table: &str| -> i64 {
        let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
        let mut tx = app.begin().await.unwrap();
        sqlx::query("SELECT app_set_tenant($1)").bind(tenant).execute(&mut *tx).await.unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap()
    };

    let mut filled = BTreeSet::new();
    for table in &tables {
        assert_eq!(rows(other.id.as_uuid(), table).await, 0, "{table}");
        if rows(acme.id.as_uuid(), table).await > 0 {
            filled.insert(table.as_str());
        }
    }
    let much = [
        "accounts",
        "audit_entries",
        "close_days",
        "close_lines",
        "closes",
        "events",
        "intervals",
        "jobs",
        "ledgers",
        "postings",
        "price_versions",
        "seats",
    ];
    assert!(much.iter().all(|table| filled.contains(table)), "{filled:?}");
    let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
    let mut tx = app.begin().await.unwrap();
    sqlx::query("SELECT app_set_tenant($1)").bind(other.id.as_uuid()).execute(&mut *tx).await.unwrap();
    let forged = "INSERT INTO jobs (tenant_id, job, run_at) VALUES ($1, 'forged', now())";
    let refused = sqlx::query(forged).bind(acme.id.as_uuid()).execute(&mut *tx).await.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
}
