//! Recomputes a statement from the ledger's events, person by person and day by day, independently of billing's
//! implementation.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use usher_proto::billing::v1::LedgerEvent;
use usher_proto::seats::v1::SeatClass;

/// Seat-days per class.
pub type SeatDays = BTreeMap<&'static str, i64>;

/// The states of a person's users over time: from an instant on, the classes of the active ones by user id.
type States = Vec<(Timestamp, BTreeMap<String, u8>)>;

const CLASSES: [&str; 3] = ["collaborator", "external", "regular"];

/// Counts each person once per local date from `start` to before `end` on which they were billable at any instant up
/// to `now`, in their highest class on that date.
///
/// # Errors
/// An event with a time or no class.
pub fn seat_days(
    events: &[LedgerEvent],
    zone: &TimeZone,
    (start, end): (Date, Date),
    now: Timestamp,
) -> anyhow::Result<SeatDays> {
    let mut people: BTreeMap<&str, States> = BTreeMap::new();
    for event in events {
        let at = event.effective_time.as_ref().context("an event without its time")?;
        let at = Timestamp::new(at.seconds, at.nanos)?;
        let rank = match event.class() {
            SeatClass::Collaborator => 0,
            SeatClass::External => 1,
            SeatClass::Regular => 2,
            SeatClass::Unspecified => anyhow::bail!("event {} is of no class", event.sequence),
        };
        let states = people.entry(&event.person_key).or_default();
        let mut users = states.last().map(|(_, users)| users.clone()).unwrap_or_default();
        if event.active {
            users.insert(event.user_id.clone(), rank);
        } else {
            users.remove(&event.user_id);
        }
        states.push((at, users));
    }
    let mut days = SeatDays::new();
    let mut date = start;
    while date < end {
        let next = date.tomorrow()?;
        let from = date.to_zoned_datetime(zone.clone())?.timestamp();
        let until = next.to_zoned_datetime(zone.clone())?.timestamp().min(now);
        for states in people.values() {
            if let Some(rank) = touched(states, from, until).last() {
                *days.entry(CLASSES[usize::from(*rank)]).or_default() += 1;
            }
        }
        date = next;
    }
    Ok(days)
}

/// The ranks that a person had at any instant of a half-open span.
fn touched(states: &States, from: Timestamp, until: Timestamp) -> BTreeSet<u8> {
    let mut ranks = BTreeSet::new();
    for (number, (since, users)) in states.iter().enumerate() {
        let over = states.get(number + 1).map_or(Timestamp::MAX, |(next, _)| *next);
        if (*since).max(from) < over.min(until) {
            ranks.extend(users.values());
        }
    }
    ranks
}

/// Seat-days times price over the days of the period, in minor units: rounded half away from zero, and the exact
/// fraction in lowest terms.
pub fn amount(seat_days: i64, price_minor: i64, period_days: i64) -> (i64, String) {
    let numerator = i128::from(seat_days) * i128::from(price_minor);
    let denominator = i128::from(period_days);
    let divisor = gcd(numerator, denominator);
    let rounded = (2 * numerator + denominator) / (2 * denominator);
    let exact = format!("{}/{}", numerator / divisor, denominator / divisor);
    (i64::try_from(rounded).unwrap_or(i64::MAX), exact)
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs().max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use usher_proto::billing::v1::LedgerEvent;

    use super::*;

    fn event(person: &str, at: &str, active: bool, class: SeatClass) -> LedgerEvent {
        let at: Timestamp = at.parse().unwrap();
        LedgerEvent {
            person_key: person.into(),
            user_id: person.into(),
            active,
            class: class.into(),
            effective_time: Some(prost_types::Timestamp { seconds: at.as_second(), nanos: 0 }),
            ..Default::default()
        }
    }

    #[test]
    fn a_day_counts_once_in_its_highest_class_and_local_days_decide() {
        let events = [
            event("a", "2026-06-01T21:00:00Z", true, SeatClass::Collaborator),
            event("a", "2026-06-01T21:30:00Z", true, SeatClass::Regular),
            event("a", "2026-06-01T22:30:00Z", false, SeatClass::Regular),
        ];
        let zone = TimeZone::get("Europe/Zurich").unwrap();
        let period = (date(2026, 6, 1), date(2026, 7, 1));

        let days = seat_days(&events, &zone, period, Timestamp::MAX).unwrap();

        assert_eq!(days, SeatDays::from([("regular", 2)]));
    }

    #[test]
    fn amounts_are_exact_and_rounded_once() {
        assert_eq!(amount(1, 1_200, 30), (40, "40/1".into()));
        assert_eq!(amount(10, 800, 31), (258, "8000/31".into()));
        assert_eq!(amount(1, 1, 2), (1, "1/2".into()));
    }
}
