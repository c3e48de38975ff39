//! Seats that are bought for a term.

use sqlx::{Connection as _, PgConnection};
use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::harness::Billing;
use crate::words::{kind_name, pool};
use crate::workspace::Workspace;

/// Adds a commitment of paid seats.
pub async fn set(
    acme: &Workspace<'_>,
    quantity: i64,
    unit_price: &str,
    start: &str,
    end: &str,
) -> Result<pb::Commitment, Failure> {
    let commitment = pb::Commitment {
        id: String::new(),
        pool: pool("paid"),
        quantity,
        unit_price: unit_price.to_owned(),
        start_date: start.to_owned(),
        end_date: end.to_owned(),
    };
    let message = pb::SetCommitmentRequest { commitment: Some(commitment) };
    Ok(acme
        .billing
        .commitments()
        .set_commitment(acme.request(message))
        .await?
        .into_inner()
        .commitment
        .unwrap())
}

#[tokio::test]
async fn a_commitment_is_recorded_once_and_terms_of_a_pool_never_overlap() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = crate::closing::one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();

    let first = set(&acme, 10, "11.50", "2026-07-01", "2027-07-01").await.unwrap();

    assert_eq!(set(&acme, 10, "11.50", "2026-07-01", "2027-07-01").await.unwrap(), first);
    let renewal = set(&acme, 12, "11.00", "2027-07-01", "2028-07-01").await.unwrap();
    let overlapping = set(&acme, 11, "11.50", "2026-10-01", "2027-10-01").await.unwrap_err();
    assert_eq!(overlapping.reason, Reason::AlreadyExists);
    assert!(overlapping.message.contains("from 2026-07-01 to 2027-07-01"), "{}", overlapping.message);
    let billed = set(&acme, 10, "11.50", "2026-06-01", "2026-07-01").await.unwrap_err();
    assert_eq!(billed.reason, Reason::FailedPrecondition);
    assert!(billed.message.contains("2026-07-01 at the earliest"), "{}", billed.message);
    for (quantity, start, end) in
        [(0, "2029-01-01", "2030-01-01"), (1, "2029-01-01", "2029-01-01"), (1, "2029-01-01", "2039-01-02")]
    {
        let wrong = set(&acme, quantity, "1.00", start, end).await.unwrap_err();
        assert_eq!(wrong.reason, Reason::InvalidArgument, "{quantity} {start} {end}");
    }
    let request = acme.request(pb::ListCommitmentsRequest {});
    let listed = billing.commitments().list_commitments(request).await.unwrap().into_inner().commitments;
    assert_eq!(listed, [first, renewal]);
}

/// Lets `many` people join at an instant.
async fn join(acme: &mut Workspace<'_>, many: usize, at: &str) -> Vec<usher_base::id::PersonKey> {
    let at: jiff::Timestamp = at.parse().unwrap();
    let mut people = Vec::new();
    let mut events = Vec::new();
    for n in 0..many {
        let person = acme.person();
        let instant = at + jiff::SignedDuration::from_micros(i64::try_from(n).unwrap());
        events.push(acme.event(&instant.to_string(), person, Some("Regular")));
        people.push(person);
    }
    acme.apply(events).await;
    people
}

/// Returns (kind, amount) of the lines of a period that have no class.
async fn classless(acme: &Workspace<'_>, start: &str) -> Vec<(&'static str, i64)> {
    let invoice = acme.invoice(start).await.unwrap();
    let lines =
        invoice.lines.into_iter().filter(|line| line.class == 0 && line.kind() != pb::LineKind::Credit);
    lines.map(|line| (kind_name(line.kind), line.amount_minor)).collect()
}

/// Ten seats at 12.00 for a year from January on, with true-up; seats as used cost nothing.
async fn contract(billing: &Billing) -> Workspace<'_> {
    let acme = billing.workspace();
    acme.price("regular", "0.00", "2026-01-01").await.unwrap();
    crate::limits::set(&acme, crate::limits::limit("paid", "ALLOW_TRUE_UP")).await.unwrap();
    set(&acme, 10, "12.00", "2026-01-01", "2027-01-01").await.unwrap();
    acme
}

#[tokio::test]
async fn a_quarter_is_trued_up_by_its_peak_beyond_all_that_was_paid_for_until_the_term_ends() {
    let billing = Billing::at("2026-01-01T00:00:00Z").await;
    let mut acme = contract(&billing).await;
    billing.advance_to("2027-01-02T00:00:00Z");
    join(&mut acme, 10, "2026-01-01T00:00:00Z").await;
    let short = join(&mut acme, 3, "2026-02-10T00:00:00Z").await;
    let gone = short
        .iter()
        .zip(0..)
        .map(|(person, n)| acme.event(&format!("2026-02-11T00:00:0{n}Z"), *person, None));
    let gone = gone.collect::<Vec<_>>();
    acme.apply(gone).await;
    // Twelve in April to June: fewer than the thirteen that have been paid for by then. Fifteen in July.
    join(&mut acme, 2, "2026-05-01T00:00:00Z").await;
    join(&mut acme, 3, "2026-07-15T00:00:00Z").await;
    join(&mut acme, 5, "2026-12-01T00:00:00Z").await;

    let mut trued_up = Vec::new();
    for month in 1..=12 {
        let first = format!("2026-{month:02}-01");
        trued_up
            .extend(classless(&acme, &first).await.into_iter().map(|(kind, amount)| (month, kind, amount)));
    }

    // 3 seats for 9 months, then 2 more for 3 months; after the last quarter, nothing remains of the term.
    let line = |month, amount| (month, "true_up", amount);
    assert_eq!(trued_up, [line(3, 3 * 9 * 1_200), line(9, 2 * 3 * 1_200)]);
    let march = acme.invoice("2026-03-01").await.unwrap();
    let line = march.lines.iter().find(|line| line.kind() == pb::LineKind::TrueUp).unwrap();
    assert_eq!((line.unit_prices.clone(), line.exact.as_str()), (vec!["12.00".to_owned()], "32400/1"));
    let (report, _) = acme.report("commitment", "csv", "2026-04-01", None).await.unwrap();
    assert!(report.contains("\n2026-04-30,paid,13,10,0,\n"), "{report}");
    let (report, _) = acme.report("commitment", "csv", "2026-09-01", None).await.unwrap();
    assert!(report.ends_with("\n2026-09-30,paid,13,15,2,72.00\n"), "{report}");
}

#[tokio::test]
async fn a_late_fact_adjusts_the_true_up_of_a_closed_quarter_and_those_that_follow_from_it() {
    let billing = Billing::at("2026-01-01T00:00:00Z").await;
    let mut acme = contract(&billing).await;
    billing.advance_to("2026-04-02T00:00:00Z");
    let people = join(&mut acme, 12, "2026-01-01T00:00:00Z").await;
    acme.prove("2026-04-01T00:00:00Z").await;
    for month in ["2026-01-01", "2026-02-01", "2026-03-01"] {
        acme.close(month).await.unwrap();
    }
    let closed = acme.invoice("2026-03-01").await.unwrap();
    assert_eq!(closed.total_minor, 2 * 9 * 1_200);

    // One of the twelve was not there in the first quarter.
    acme.correct(people[0], "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z", "").await.unwrap();

    assert_eq!(acme.invoice("2026-03-01").await.unwrap(), closed);
    let april = acme.invoice("2026-04-01").await.unwrap();
    let adjusted: Vec<_> =
        crate::closing::lines(&april).into_iter().filter(|line| line.0 == "adjustment").collect();
    assert_eq!(adjusted, [("adjustment", "", "2026-03-01", -9 * 1_200)]);
    let line = april.lines.iter().find(|line| line.kind() == pb::LineKind::Adjustment).unwrap();
    assert_eq!(line.price_versions, closed.lines.last().unwrap().price_versions, "the commitment");
    billing.advance_to("2026-05-02T00:00:00Z");
    acme.prove("2026-05-01T12:00:00Z").await;
    acme.close("2026-04-01").await.unwrap();
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let earned: i64 = sqlx::query_scalar(
        "SELECT sum(amount_minor)::bigint FROM postings WHERE account LIKE 'revenue:true_up:%'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(earned, -9 * 1_200, "what adjusts a true-up is earned as one");
    // The quarter of June then has one seat more than was paid for.
    assert_eq!(classless(&acme, "2026-06-01").await, [("true_up", 6 * 1_200)]);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_cut_period_counts_by_its_dates_and_is_rounded_once_and_other_policies_have_no_true_up() {
    let billing = Billing::at("2026-01-01T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.price("regular", "0.00", "2026-01-01").await.unwrap();
    crate::limits::set(&acme, crate::limits::limit("paid", "ALLOW_TRUE_UP")).await.unwrap();
    set(&acme, 1, "10.01", "2026-01-16", "2026-06-05").await.unwrap();
    billing.advance_to("2026-05-01T00:00:00Z");
    join(&mut acme, 4, "2026-02-01T00:00:00Z").await;

    // 15 of 30 days of April, May, and 4 of 30 days of June: 3 x 10.01 x 49/30 = 49.049.
    assert_eq!(classless(&acme, "2026-04-01").await, [("true_up", 4_905)]);
    assert_eq!(classless(&acme, "2026-03-01").await, []);

    crate::limits::set(&acme, crate::limits::limit("paid", "ALLOW")).await.unwrap();
    assert_eq!(classless(&acme, "2026-04-01").await, [("true_up", 4_905)], "the quarter had ended");
    assert_eq!(classless(&acme, "2026-06-01").await, []);
}
