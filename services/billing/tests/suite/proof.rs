//! That whatever somebody with all rights in the database changes is seen, and what proves it.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::id::{EventId, PersonKey, UserId};
use usher_billing::class::SeatClass;
use usher_billing::event::{Fact, GENESIS, Place, SeatEvent, Version};
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::from_wire;

use crate::harness::Billing;
use crate::workspace::Workspace;

/// Tables that prove nothing: what is locked, and when which job is done.
const NO_PROOF: [&str; 3] = ["accounts", "jobs", "_sqlx_migrations"];
/// What of a ledger is how far identity was when it last called, which the next call says again.
const PASSING: [&str; 9] = [
    "watermark_at",
    "watermark_sequence",
    "span_since",
    "span_first",
    "span_until",
    "span_last",
    "span_behind",
    "digest_wanted",
    "compared_at",
];

async fn owner(billing: &Billing) -> PgConnection {
    PgConnection::connect(&billing.database.owner_url()).await.unwrap()
}

async fn run(owner: &mut PgConnection, sql: String) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(owner).await
}

/// A workspace with rows in every table.
async fn eventful(billing: &Billing) -> Workspace<'_> {
    let (mut acme, ada) = crate::closing::one_seat(billing).await;
    let limit = pb::Limit { quantity: Some(1), ..crate::limits::limit("paid", "ALLOW_TRUE_UP") };
    crate::limits::set(&acme, limit).await.unwrap();
    crate::commitments::set(&acme, 1, "12.00", "2026-06-01", "2027-06-01").await.unwrap();
    acme.account("EUR", 2, "UTC").await.unwrap();
    let message = pb::SetMinimumSpendRequest { valid_from: "2026-06-01".to_owned(), amount_minor: 2_000 };
    billing.admin().set_minimum_spend(acme.request(message)).await.unwrap();
    let (bob, twin) = (acme.person(), acme.person());
    let events = vec![
        acme.event("2026-06-10T00:00:00Z", bob, Some("External")),
        acme.event("2026-06-12T00:00:00Z", twin, Some("Regular")),
        acme.event("2026-06-20T00:00:00Z", bob, None),
    ];
    acme.apply(events).await;
    acme.prove("2026-07-09T00:00:00Z").await;
    acme.correct(ada, "2026-06-20T00:00:00Z", "2026-06-25T00:00:00Z", "").await.unwrap();
    let message = pb::LinkPersonsRequest {
        person_key: bob.to_string(),
        other_person_key: twin.to_string(),
        reason: "one person".to_owned(),
    };
    billing.admin().link_persons(acme.request(message)).await.unwrap();
    acme.close("2026-06-01").await.unwrap();
    let message = pb::IssueCreditNoteRequest {
        id: EventId::new(&billing.clock).to_string(),
        start_date: "2026-06-01".to_owned(),
        lines: vec![pb::CreditNoteLine { line_no: 1, amount_minor: 5, ..Default::default() }],
        reason: "goodwill".to_owned(),
    };
    billing.invoicing().issue_credit_note(acme.request(message)).await.unwrap();
    acme.verify().await;
    acme
}

/// What a verification writes itself.
const OWN: [&str; 3] = ["records", "record_heads", "verifications"];

/// Remembers a value, and what a verification adds to.
async fn keep(owner: &mut PgConnection, table: &str, column: &str, row: &str) {
    let own = OWN.iter().map(|own| format!("CREATE TEMP TABLE own_{own} AS TABLE {own}"));
    let before =
        format!("CREATE TEMP TABLE before AS SELECT {column} AS was FROM {table} WHERE ctid = '{row}'");
    for sql in
        ["DROP TABLE IF EXISTS before, own_records, own_record_heads, own_verifications".to_owned(), before]
            .into_iter()
            .chain(own)
    {
        run(owner, sql).await.unwrap();
    }
}

/// Puts back what [`keep`] remembered.
async fn undo(owner: &mut PgConnection, table: &str, column: &str, row: &str) {
    if !OWN.contains(&table) {
        let back = format!("UPDATE {table} SET {column} = (SELECT was FROM before) WHERE ctid = '{row}'");
        run(owner, back).await.unwrap();
    }
    for own in OWN {
        run(owner, format!("DELETE FROM {own}")).await.unwrap();
        run(owner, format!("INSERT INTO {own} SELECT * FROM own_{own}")).await.unwrap();
    }
}

/// A value of a column's type that is another one.
fn other(column: &str, kind: &str) -> Option<String> {
    Some(match kind {
        "text" => format!("coalesce({column}, '') || 'x'"),
        "bigint" | "integer" | "smallint" => format!("coalesce({column}, 0) + 1"),
        "timestamp with time zone" => format!("coalesce({column}, to_timestamp(0)) + interval '1 second'"),
        "date" => format!("{column} + 1"),
        "uuid" => "gen_random_uuid()".to_owned(),
        "boolean" => format!("NOT {column}"),
        "bytea" => format!("coalesce(set_byte({column}, 0, get_byte({column}, 0) # 1), '\\x00')"),
        "jsonb" => format!("{column} || '{{\"x\": 1}}'"),
        "bigint[]" => format!("{column}[1:0] || ({column}[1] + 1) || {column}[2:]"),
        "text[]" => format!("{column} || 'x'::text"),
        "uuid[]" => format!("coalesce({column}, '{{}}') || gen_random_uuid()"),
        _ => return None,
    })
}

#[tokio::test]
async fn every_value_that_is_changed_in_the_database_is_told_by_the_verification() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let heads = crate::proof::sign(&billing, &acme).await;
    assert_eq!(heads.len(), 1);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
    let mut owner = owner(&billing).await;
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY 1, a.attnum",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let (mut changed, mut refused) = (0, Vec::new());
    for (table, column, kind) in columns {
        // A signed head that is taken away is missed by those that were exported.
        let passing = (table == "ledgers" && PASSING.contains(&column.as_str()))
            || (table == "signed_heads" && column == "tenant_id");
        if NO_PROOF.contains(&table.as_str()) || passing {
            continue;
        }
        let kinds = if table == "events" { vec!["state", "correction", "link"] } else { vec![""] };
        for of in kinds {
            let of = if of.is_empty() { String::new() } else { format!("WHERE kind = '{of}'") };
            let Some(other) = other(&column, &kind) else { panic!("{table}.{column} is of type {kind}") };
            let row =
                run(&mut owner, format!("SELECT ctid::text FROM {table} {of} ORDER BY ctid LIMIT 1")).await;
            let Some(row) = row.unwrap() else { continue };
            keep(&mut owner, &table, &column, &row).await;
            let change =
                format!("UPDATE {table} SET {column} = {other} WHERE ctid = '{row}' RETURNING ctid::text");
            // A constraint of the database that does not let it happen is as good.
            let Ok(moved) = run(&mut owner, change).await else {
                refused.push(format!("{table}.{column}"));
                continue;
            };
            let faults = acme.verify().await.faults;
            assert!(!faults.is_empty(), "{table}.{column} {of} was changed, and the verification is silent");
            changed += 1;
            undo(&mut owner, &table, &column, &moved.unwrap()).await;
        }
    }
    assert_eq!(acme.verify().await.faults, Vec::<String>::new(), "everything is as it was");
    assert!(changed > 130, "{changed}");
    assert!(refused.len() < 20, "{refused:?}");
}

#[tokio::test]
async fn every_row_that_is_deleted_or_made_up_is_told_by_the_verification() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let mut owner = owner(&billing).await;
    for table in
        ["price_versions", "audit_entries", "close_lines", "credit_notes", "correction_requests", "seats"]
    {
        run(&mut owner, "DROP TABLE IF EXISTS before".to_owned()).await.unwrap();
        run(&mut owner, format!("CREATE TEMP TABLE before AS SELECT * FROM {table} LIMIT 1")).await.unwrap();
        run(&mut owner, format!("DELETE FROM {table} t WHERE EXISTS (SELECT FROM before b WHERE b = t)"))
            .await
            .unwrap();
        let faults = acme.verify().await.faults;
        assert!(!faults.is_empty(), "a row of {table} was deleted, and the verification is silent");
        run(&mut owner, format!("INSERT INTO {table} SELECT * FROM before")).await.unwrap();
        assert_eq!(acme.verify().await.faults, Vec::<String>::new(), "{table}");
    }
    let made_up =
        "INSERT INTO audit_entries SELECT tenant_id, gen_random_uuid(), at, actor, action, detail, request_id
        FROM audit_entries LIMIT 1";
    run(&mut owner, made_up.to_owned()).await.unwrap();
    assert!(acme.verify().await.faults[0].contains("was never recorded"));
}

/// Has the heads signed, as the job does; gives all that are.
async fn sign(billing: &Billing, acme: &Workspace<'_>) -> Vec<pb::SignedHead> {
    let jobs = usher_billing::JobSettings {
        close_after: None,
        close_alarm_after: None,
        verify_every: None,
        poll: std::time::Duration::from_millis(20),
    };
    let mut replica = billing.replica(jobs).await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let heads = loop {
        let message = pb::ListSignedHeadsRequest {};
        let heads =
            billing.admin().list_signed_heads(acme.request(message)).await.unwrap().into_inner().heads;
        if !heads.is_empty() {
            break heads;
        }
        assert!(std::time::Instant::now() < deadline, "nothing is signed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    replica.stop().await;
    heads
}

#[tokio::test]
async fn a_ledger_that_was_written_anew_as_a_whole_differs_from_the_heads_that_were_exported() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let exported = sign(&billing, &acme).await;
    let verify = async |heads: Vec<pb::SignedHead>| {
        let message = pb::VerifyLedgerRequest { heads };
        billing.admin().verify_ledger(acme.request(message)).await.unwrap().into_inner().faults
    };
    assert_eq!(verify(exported.clone()).await, Vec::<String>::new());

    // Who has all rights makes another chain of records, whole and consistent, and no head is left.
    let mut owner = owner(&billing).await;
    for sql in [
        "UPDATE price_versions SET created_by = 'operator:mallory'",
        "DELETE FROM records",
        "DELETE FROM record_heads",
        "DELETE FROM signed_heads",
    ] {
        run(&mut owner, sql.to_owned()).await.unwrap();
    }
    sqlx::raw_sql(BEFORE).execute(&mut owner).await.unwrap();

    assert_eq!(verify(Vec::new()).await, Vec::<String>::new(), "the database alone has nothing to tell");
    let faults = verify(exported.clone()).await;
    assert!(faults.iter().any(|fault| fault.contains("is not the one that was signed at")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("is not kept any more")), "{faults:?}");
    // A head by another key is none.
    let mut forged = exported[0].clone();
    forged.sequence += 1;
    let faults = verify(vec![forged]).await;
    assert!(faults.iter().any(|fault| fault.contains("does not have its signature")), "{faults:?}");
}

/// The migration that gives what was there before a chain its first records.
const BEFORE: &str = include_str!("../../../../migrations/billing/0011_records_of_before.sql");

#[tokio::test]
async fn what_was_there_before_the_records_is_their_beginning() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let mut owner = owner(&billing).await;
    for sql in ["DELETE FROM records", "DELETE FROM record_heads"] {
        run(&mut owner, sql.to_owned()).await.unwrap();
    }
    assert!(acme.verify().await.faults.len() > 20);
    run(&mut owner, "DELETE FROM records".to_owned()).await.unwrap();
    run(&mut owner, "DELETE FROM record_heads".to_owned()).await.unwrap();

    sqlx::raw_sql(BEFORE).execute(&mut owner).await.unwrap();

    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn facts_that_were_hashed_without_their_place_are_still_verified_and_acknowledged() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    let ada = acme.person();
    let sent = acme.event("2026-06-01T00:00:00Z", ada, Some("Regular"));
    acme.apply(vec![sent.clone()]).await;
    // As it was recorded once.
    let fact = Fact::State(SeatEvent {
        sequence: sent.sequence,
        event_id: sent.event_id.parse().unwrap(),
        person: sent.person_key.parse::<PersonKey>().unwrap(),
        user: sent.user_id.parse::<UserId>().unwrap(),
        active: true,
        class: SeatClass::Regular,
        user_type: sent.user_type.clone(),
        effective_at: from_wire("effective_time", sent.effective_time.unwrap()).unwrap(),
        cause: sent.cause.clone(),
        actor: sent.actor.clone(),
        request_id: sent.request_id.clone(),
    });
    let place = Place { workspace: acme.id, epoch: 1, sequence: 1, at: billing.clock.now() };
    let hash = fact.chained(&GENESIS, place, Version::One).to_vec();
    let mut owner = owner(&billing).await;
    for sql in ["UPDATE events SET hash = $1", "UPDATE ledgers SET head_hash = $1"] {
        sqlx::query(sql).bind(&hash).execute(&mut owner).await.unwrap();
    }

    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
    acme.apply(vec![sent.clone()]).await;
    let next = acme.event("2026-06-02T00:00:00Z", ada, None);
    acme.apply(vec![next]).await;
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
    // From the first fact on that is hashed with its place, all are.
    let again = fact.chained(&GENESIS, place, Version::One).to_vec();
    sqlx::query("UPDATE events SET recorded_at = recorded_at - interval '1 day' WHERE sequence = 2")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(again, hash);
    assert!(acme.verify().await.faults.iter().any(|fault| fault.contains("fact 2 does not have its hash")));
}
