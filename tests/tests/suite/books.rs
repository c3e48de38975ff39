//! Invariants that must hold in every test.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as billing;
use usher_proto::identity::v1 as identity;
use usher_tests::entra::Census;
use usher_tests::operator::{Operator, Seats};
use usher_tests::recount;
use usher_tests::words::class_name;

/// Unit prices by class in minor units; collaborators are free.
pub(crate) const PRICES: [(&str, i64); 3] = [("regular", 1_200), ("external", 800), ("collaborator", 0)];
pub(crate) const PRICE_TEXTS: [(&str, &str); 3] =
    [("regular", "12.00"), ("external", "8.00"), ("collaborator", "0")];
const ZONE: &str = "Asia/Kathmandu";

/// Sets up an account whose days are not UTC days.
pub(crate) async fn open_account(operator: &Operator, workspace: WorkspaceId) {
    let account = billing::Account {
        currency: "EUR".into(),
        exponent: 2,
        time_zone: ZONE.into(),
        ..Default::default()
    };
    operator.account(workspace, account).await.unwrap();
    operator.prices(workspace, &PRICE_TEXTS).await.unwrap();
}

/// For each class, persons with an active user = counters = open seats; sequences 1 to n have no gap and strictly
/// increasing times; the statement equals a recount of the events.
pub(crate) async fn assert_exact(operator: &Operator, workspace: WorkspaceId, census: &Census) {
    operator.settle(workspace).await.unwrap();
    let census = Seats::from_counts(
        census.iter().map(|(class, count)| (class.as_str(), i64::try_from(*count).unwrap())),
    );
    let counters = operator.seat_counters(workspace).await.unwrap();
    let counted =
        Seats::from_counts(counters.counts.iter().map(|count| (class_name(count.class), count.active)));
    let open = operator.open_intervals(workspace).await.unwrap();
    let ledger = Seats::from_counts(open.iter().map(|interval| (class_name(interval.class), 1)));
    assert_eq!(census, counted, "persons with an active user and identity's counters");
    assert_eq!(counted, ledger, "identity's counters and billing's open intervals");
    assert_eq!(counters.paid_in_use, counted.regular + counted.external);

    let changes = operator.changes(workspace).await.unwrap();
    let events = operator.events(workspace).await.unwrap();
    assert_eq!(counters.change_sequence, i64::try_from(changes.len()).unwrap());
    assert_eq!(counters.seat_sequence, i64::try_from(events.len()).unwrap());
    assert_without_gap(changes.iter().map(|change| (change.sequence, change.effective_time)));
    assert_without_gap(events.iter().map(|event| (event.sequence, event.effective_time)));
    assert_same_history(&changes, &events);
    assert_statement(operator, workspace, &events).await;
}

fn assert_without_gap(numbered: impl Iterator<Item = (i64, Option<prost_types::Timestamp>)>) {
    let mut before = None;
    for (expected, (sequence, at)) in (1..).zip(numbered) {
        assert_eq!(sequence, expected, "a gap or a repeat");
        let at = at.map(|at| (at.seconds, at.nanos)).unwrap();
        assert!(before < Some(at), "entry {sequence} is not later than the one before");
        before = Some(at);
    }
}

/// Each seat event in billing is an entry of identity's change log, and vice versa.
fn assert_same_history(changes: &[identity::Change], events: &[billing::LedgerEvent]) {
    let seats: Vec<_> = changes.iter().filter(|change| change.seat_sequence > 0).collect();
    assert_eq!(seats.len(), events.len());
    for (change, event) in seats.into_iter().zip(events) {
        assert_eq!(change.seat_sequence, event.sequence);
        assert_eq!(change.user_id, event.user_id);
        assert_eq!(change.effective_time, event.effective_time);
        assert_eq!((&change.actor, &change.request_id), (&event.actor, &event.request_id));
        let leaves =
            matches!(change.kind(), identity::ChangeKind::Deactivated | identity::ChangeKind::Deleted);
        assert_eq!(event.active, !leaves, "event {}", event.sequence);
    }
    let ids: BTreeSet<_> = events.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), events.len(), "an event id twice");
}

async fn assert_statement(operator: &Operator, workspace: WorkspaceId, events: &[billing::LedgerEvent]) {
    let zone = TimeZone::get(ZONE).unwrap();
    let now: Timestamp = Clock::system().now();
    let (start, end) = month(now.to_zoned_datetime(zone.clone()).date());
    let period_days = i64::from((end - start).get_days());
    let statement = operator.statement(workspace, (&start.to_string(), &end.to_string())).await.unwrap();

    // A statement is provisional: it assumes that current seats stay to the end of the period.
    let seat_days = recount::seat_days(events, &zone, (start, end), Timestamp::MAX).unwrap();

    assert_eq!(statement.sequence, i64::try_from(events.len()).unwrap());
    assert!(statement.provisional);
    let mut total = 0;
    for (class, price) in PRICES {
        let expected = seat_days.get(class).copied().unwrap_or_default();
        let lines: Vec<_> = statement.lines.iter().filter(|line| class_name(line.class) == class).collect();
        if expected == 0 {
            assert!(lines.iter().all(|line| line.seat_days == 0 && line.amount_minor == 0), "{lines:?}");
            continue;
        }
        let (amount, exact) = recount::amount(expected, price, period_days);
        assert_eq!(lines.len(), 1, "{class}: {:?}", statement.lines);
        let line = lines[0];
        assert_eq!((line.seat_days, line.amount_minor), (expected, amount), "{class}");
        assert_eq!(line.exact, exact, "{class}");
        total += amount;
    }
    assert_eq!(statement.total_minor, total);
    assert_usage(operator, workspace, (start, end), &seat_days).await;
}

/// Usage by day adds up to the same seat-days.
async fn assert_usage(
    operator: &Operator,
    workspace: WorkspaceId,
    (start, end): (Date, Date),
    seat_days: &recount::SeatDays,
) {
    let usage = operator.usage(workspace, (&start.to_string(), &end.to_string())).await.unwrap();
    for (class, _) in PRICES {
        let days = usage.usage.iter().filter(|day| class_name(day.class) == class);
        let sum: i64 = days.map(|day| day.seat_days).sum();
        assert_eq!(sum, seat_days.get(class).copied().unwrap_or_default(), "{class}: {:?}", usage.usage);
    }
}

fn month(date: Date) -> (Date, Date) {
    (date.first_of_month(), date.first_of_month().checked_add(1.month()).unwrap())
}
