//! Usage and statements over the wire.

use usher_base::Reason;

use crate::harness::Billing;
use crate::words::class_name;

#[tokio::test]
async fn a_statement_has_a_line_per_class_and_names_what_it_counted() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    acme.price("external", "8.00", "2026-01-01").await.unwrap();
    let (ada, bob, eve) = (acme.person(), acme.person(), acme.person());
    let events = vec![
        acme.event("2026-05-20T09:00:00Z", ada, Some("Regular")),
        acme.event("2026-06-01T09:00:00Z", eve, Some("Collaborator")),
        acme.event("2026-06-16T09:00:00Z", bob, Some("Regular")),
        acme.event("2026-06-16T10:00:00Z", ada, Some("External")),
    ];
    acme.apply(events).await;

    let statement = acme.statement("2026-06-01", "2026-07-01").await.unwrap();

    let lines: Vec<(&str, i64, &str, i64)> = statement
        .lines
        .iter()
        .map(|line| (class_name(line.class), line.seat_days, line.exact.as_str(), line.amount_minor))
        .collect();
    // Cases E02 and E09 of docs/billing-rules.md in one workspace.
    assert_eq!(
        lines,
        [("regular", 31, "1240/1", 1240), ("external", 14, "1120/3", 373), ("collaborator", 30, "0/1", 0)]
    );
    assert_eq!((statement.total_minor, statement.sequence, statement.provisional), (1613, 4, true));
    assert_eq!((statement.currency.as_str(), statement.exponent), ("EUR", 2));
}

#[tokio::test]
async fn a_paid_class_without_a_price_is_an_error_and_never_free() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-06-10").await.unwrap();
    let ada = acme.person();
    let event = acme.event("2026-06-09T09:00:00Z", ada, Some("Regular"));
    acme.apply(vec![event]).await;

    let refused = acme.statement("2026-06-01", "2026-07-01").await.unwrap_err();

    assert_eq!(refused.reason, Reason::PriceMissing);
    assert_eq!(refused.metadata["class"], "regular");
    assert!(refused.message.contains("2026-06-09"), "{}", refused.message);
    assert!(acme.statement("2026-07-01", "2026-07-01").await.is_err());
    assert!(acme.statement("2026-07-01", "2027-12-01").await.is_err());
}

#[tokio::test]
async fn usage_is_by_local_date_and_omits_zeros() {
    let billing = Billing::start().await;
    let mut acme = billing.workspace();
    acme.account("USD", 2, "America/New_York").await.unwrap();
    let (ada, bob) = (acme.person(), acme.person());
    let events = vec![
        // From 7 March 23:30 to 8 March 00:30 local time, in the night before the clocks go forward: E14.
        acme.event("2026-03-08T04:30:00Z", ada, Some("Regular")),
        acme.event("2026-03-08T05:30:00Z", ada, None),
        acme.event("2026-03-08T06:00:00Z", bob, Some("Regular")),
        acme.event("2026-03-09T05:00:00Z", bob, None),
    ];
    acme.apply(events).await;

    let usage = acme.usage("2026-03-01", "2026-04-01").await.unwrap();

    let days: Vec<(&str, i64, i64, i64)> =
        usage.usage.iter().map(|day| (day.date.as_str(), day.seat_days, day.closing, day.peak)).collect();
    assert_eq!(days, [("2026-03-07", 1, 1, 1), ("2026-03-08", 2, 1, 1), ("2026-03-09", 1, 0, 1)]);
    assert_eq!((usage.time_zone.as_str(), usage.sequence), ("America/New_York", 4));
}
