//! Verification detects every change that somebody with all rights in the database makes.

use sqlx::AssertSqlSafe;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_billing::audit::model::hash::GENESIS;
use usher_billing::ledger::model::event::{Fact, Place, SeatEvent, Version};
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::from_wire;
use usher_seats::SeatClass;

use crate::harness::Billing;
use crate::tampering::{
    Change, Column, OWN, columns, keep, keyed_tables, other, own_back, owner, rounds, run,
};
use crate::workspace::Workspace;

/// Creates a workspace with rows in every table.
async fn eventful(billing: &Billing) -> Workspace<'_> {
    let (mut acme, ada) = crate::closing::one_seat(billing).await;
    let limit = pb::Limit { quantity: Some(1), ..crate::limits::limit("paid", "ALLOW_TRUE_UP") };
    crate::limits::set(&acme, limit).await.unwrap();
    crate::commitments::set(&acme, 1, "12.00", "2026-06-01", "2027-06-01").await.unwrap();
    acme.account("EUR", 2, "UTC").await.unwrap();
    let message = pb::SetMinimumSpendRequest { valid_from: "2026-06-01".to_owned(), amount_minor: 2_000 };
    billing.minimums().set_minimum_spend(acme.request(message)).await.unwrap();
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
    billing.corrections().link_persons(acme.request(message)).await.unwrap();
    acme.close("2026-06-01").await.unwrap();
    let message = pb::IssueCreditNoteRequest {
        id: EventId::new(&billing.clock).to_string(),
        start_date: "2026-06-01".to_owned(),
        lines: vec![pb::CreditNoteLine { line_no: 1, amount_minor: 5, ..Default::default() }],
        reason: "goodwill".to_owned(),
    };
    billing.credit_notes().issue_credit_note(acme.request(message)).await.unwrap();
    acme.verify().await;
    acme
}

#[tokio::test]
async fn verification_reports_every_value_that_was_changed_in_the_database() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let heads = crate::proof::sign(&billing, &acme).await;
    assert_eq!(heads.len(), 1);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
    let mut owner = owner(&billing).await;
    keep(&mut owner).await;
    let columns = columns(&mut owner).await;
    let mut rounds = rounds(&columns);
    let (mut changed, mut refused) = (0, Vec::new());
    while let Some(round) = rounds.pop() {
        let mut made = Vec::new();
        for spot in round {
            match Change::make(&mut owner, spot).await {
                Ok(change) => made.extend(change),
                Err(_) => refused.push(format!("{}.{}", spot.0.table, spot.0.name)),
            }
        }
        let alone = made.len() == 1;
        let message = pb::VerifyLedgerRequest::default();
        let faults = match billing.verifications().verify_ledger(acme.request(message)).await {
            Ok(answer) => answer.into_inner().faults,
            Err(status) if alone => panic!("{status}"),
            Err(_) => Vec::new(),
        };
        for change in &made {
            let (Column { table, name, .. }, of) = change.spot;
            let told = if alone { !faults.is_empty() } else { change.is_told(&faults) };
            assert!(told || !alone, "{table}.{name} {of} was changed, and the verification is silent");
            changed += usize::from(told);
            if !told {
                // Another change of the same round hides this one, so it is made alone.
                rounds.push(vec![change.spot]);
            }
        }
        for change in &made {
            change.undo(&mut owner).await;
        }
        sqlx::raw_sql(AssertSqlSafe(own_back())).execute(&mut owner).await.unwrap();
    }
    assert_eq!(acme.verify().await.faults, Vec::<String>::new(), "everything is as it was");
    assert!(changed > 130, "{changed}");
    assert!(refused.len() < 20, "{refused:?}");
}

#[tokio::test]
async fn verification_reports_deleted_and_invented_rows_and_reordered_facts() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let heads = sign(&billing, &acme).await;
    let told = async || {
        let message = pb::VerifyLedgerRequest { heads: heads.clone() };
        !billing
            .verifications()
            .verify_ledger(acme.request(message))
            .await
            .unwrap()
            .into_inner()
            .faults
            .is_empty()
    };
    assert!(!told().await, "as yet everything is as it was");
    let mut owner = owner(&billing).await;
    keep(&mut owner).await;
    let own = own_back();
    let (mut deleted, mut made_up) = (0, 0);
    for Column { table, name, kind } in keyed_tables(&mut owner).await {
        let back = if OWN.contains(&table.as_str()) {
            own.clone()
        } else {
            format!("{own} INSERT INTO {table} SELECT * FROM before;")
        };
        let delete = format!(
            "DROP TABLE IF EXISTS before; CREATE TEMP TABLE before AS SELECT * FROM {table} LIMIT 1;
             DELETE FROM {table} t WHERE EXISTS (SELECT FROM before b WHERE b = t)"
        );
        let gone = sqlx::raw_sql(AssertSqlSafe(delete)).execute(&mut owner).await.unwrap().rows_affected();
        if gone > 0 {
            assert!(told().await, "a row of {table} was deleted, and the verification is silent");
            sqlx::raw_sql(AssertSqlSafe(back)).execute(&mut owner).await.unwrap();
            deleted += 1;
        }
        if name == "tenant_id" {
            continue;
        }
        let other = other(&format!("t.{name}"), &kind).unwrap();
        let forgery = format!(
            "INSERT INTO {table} SELECT (m.r).* FROM (
               SELECT jsonb_populate_record(t, jsonb_build_object('{name}', to_jsonb({other}))) AS r
               FROM {table} t ORDER BY ctid LIMIT 1) m RETURNING ctid::text"
        );
        // A database constraint that prevents the change is as good as a fault.
        if let Ok(Some(row)) = run(&mut owner, forgery).await {
            assert!(told().await, "a row of {table} was made up, and the verification is silent");
            let away = format!("DELETE FROM {table} WHERE ctid = '{row}'; {own}");
            sqlx::raw_sql(AssertSqlSafe(away)).execute(&mut owner).await.unwrap();
            made_up += 1;
        }
    }
    assert!(deleted > 22 && made_up > 12, "{deleted} deleted, {made_up} made up");
    let swap = "UPDATE events SET sequence = 1000 WHERE sequence = 2; UPDATE events SET sequence = 2 WHERE sequence = 3;
        UPDATE events SET sequence = 3 WHERE sequence = 1000;";
    for same in [
        "",
        "UPDATE events e SET hash = o.hash FROM events o WHERE e.sequence IN (2, 3) AND o.sequence = 5 - e.sequence;",
    ] {
        let change = format!("{swap} {same}");
        sqlx::raw_sql(AssertSqlSafe(change.clone())).execute(&mut owner).await.unwrap();
        assert!(told().await, "facts are in another order, and the verification is silent");
        sqlx::raw_sql(AssertSqlSafe(format!("{change} {own}"))).execute(&mut owner).await.unwrap();
    }
    assert!(!told().await, "everything is as it was");
}

/// Signs the heads, as the job does, and returns all signed heads.
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
        let heads = billing
            .verifications()
            .list_signed_heads(acme.request(message))
            .await
            .unwrap()
            .into_inner()
            .heads;
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
async fn a_ledger_that_was_completely_rewritten_differs_from_the_exported_heads() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let acme = eventful(&billing).await;
    let exported = sign(&billing, &acme).await;
    let verify = async |heads: Vec<pb::SignedHead>| {
        let message = pb::VerifyLedgerRequest { heads };
        billing.verifications().verify_ledger(acme.request(message)).await.unwrap().into_inner().faults
    };
    assert_eq!(verify(exported.clone()).await, Vec::<String>::new());

    // Somebody with all rights replaces the chain of records by another consistent one, and deletes the
    // heads.
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
    assert!(faults.iter().any(|fault| fault.contains("the head that was signed at")), "{faults:?}");
    // A head that another key signed does not count.
    let mut forged = exported[0].clone();
    forged.sequence += 1;
    let faults = verify(vec![forged]).await;
    assert!(faults.iter().any(|fault| fault.contains("does not have its signature")), "{faults:?}");
}

/// The migration that creates the first records for rows from before there was a chain.
const BEFORE: &str = include_str!("../../../../migrations/billing/0011_records_of_before.sql");

#[tokio::test]
async fn rows_from_before_the_records_are_the_first_records() {
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
    // A fact as the first version recorded it.
    let fact = Fact::State(SeatEvent {
        sequence: sent.sequence,
        event_id: sent.event_id.parse().unwrap(),
        person: sent.person_key.parse::<PersonKey>().unwrap(),
        user: sent.user_id.parse::<UserId>().unwrap(),
        active: true,
        class: SeatClass::Regular,
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
    // From the first fact that is hashed with its place on, all facts are.
    let again = fact.chained(&GENESIS, place, Version::One).to_vec();
    sqlx::query("UPDATE events SET recorded_at = recorded_at - interval '1 day' WHERE sequence = 2")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(again, hash);
    assert!(acme.verify().await.faults.iter().any(|fault| fault.contains("fact 2 does not have its hash")));
}
