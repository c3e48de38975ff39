//! Changes of an account's terms.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::terms::model::currency::Currency;
use crate::terms::model::period::{Schedule, Terms};

/// A change of an account; fields that are absent keep their values.
#[derive(Clone, Debug)]
pub(crate) struct AccountChange {
    pub(crate) currency: Option<Currency>,
    /// The zone, with its IANA name.
    pub(crate) zone: Option<(TimeZone, String)>,
    /// The date from which periods are counted; for calendar months [`crate::terms::model::period::CALENDAR`].
    pub(crate) anchor: Option<Date>,
    /// The boundary from which the change applies; absent for the whole account.
    pub(crate) effective: Option<Date>,
}

impl AccountChange {
    /// Returns the account's terms, by date, if this change applies from a boundary on.
    pub(crate) fn since(&self, known: &[Terms], boundary: Date) -> Vec<Terms> {
        let mut before = known.to_vec();
        let at = before.partition_point(|terms| terms.valid_from < boundary);
        if before.get(at).is_none_or(|terms| terms.valid_from != boundary) {
            let current = &before[at.max(1) - 1];
            before.insert(at, Terms { valid_from: boundary, ..current.clone() });
        }
        without_repeats(self.applied(&before, |index| index == at), boundary)
    }

    /// Returns the account's terms, by date, if this change applies from the first period until today.
    pub(crate) fn throughout(&self, known: &[Terms], today: Date) -> Vec<Terms> {
        let begun = known.partition_point(|terms| terms.valid_from <= today).max(1);
        let mut terms = self.applied(known, |index| index < begun);
        if let Some(anchor) = self.anchor {
            // Terms that are replaced before the first period apply to no period.
            let first = terms.partition_point(|terms| terms.valid_from <= anchor).max(1) - 1;
            terms.drain(..first);
            terms[0].valid_from = anchor;
        }
        without_repeats(terms, Date::MIN)
    }

    /// Returns the terms with the change applied. Later terms change too, unless they set the same field themselves.
    fn applied(&self, known: &[Terms], named: impl Fn(usize) -> bool) -> Vec<Terms> {
        let mut changed: Vec<Terms> = Vec::with_capacity(known.len());
        for (index, terms) in known.iter().enumerate() {
            let follows = |same: fn(&Terms, &Terms) -> bool| {
                let before = index.checked_sub(1).map(|before| (&known[before], &changed[before]));
                named(index) || before.is_some_and(|(was, is)| same(was, terms) && !same(was, is))
            };
            let mut next = terms.clone();
            if let Some(currency) = &self.currency
                && follows(|one, other| one.account.currency == other.account.currency)
            {
                next.account.currency = currency.clone();
            }
            if let Some((zone, name)) = &self.zone
                && follows(|one, other| one.account.zone_name == other.account.zone_name)
            {
                (next.account.zone, next.account.zone_name) = (zone.clone(), name.clone());
            }
            if let Some(anchor) = self.anchor
                && follows(|one, other| one.anchor == other.anchor)
            {
                next.anchor = anchor;
            }
            changed.push(next);
        }
        changed
    }

    /// Returns whether terms have all named values.
    pub(crate) fn holds_in(&self, terms: &Terms) -> bool {
        self.currency.as_ref().is_none_or(|currency| *currency == terms.account.currency)
            && self.zone.as_ref().is_none_or(|(_, name)| *name == terms.account.zone_name)
            && self.anchor.is_none_or(|anchor| anchor == terms.anchor)
    }
}

/// Removes terms, from a date on, that equal the ones before: a change that was cancelled is no change.
fn without_repeats(terms: Vec<Terms>, from: Date) -> Vec<Terms> {
    let mut kept: Vec<Terms> = Vec::with_capacity(terms.len());
    for next in terms {
        let repeats = kept.last().is_some_and(|last| {
            from <= next.valid_from && last.anchor == next.anchor && last.account == next.account
        });
        if !repeats || !is_boundary(&kept, next.valid_from) {
            kept.push(next);
        }
    }
    kept
}

/// Returns whether a period of an account with these terms begins on a date.
fn is_boundary(terms: &[Terms], date: Date) -> bool {
    let schedule = Schedule::new(terms.to_vec());
    schedule.containing(date).is_some_and(|period| period.first == date)
}

/// Returns the first date of scheduled terms that would no longer be the first date of a period.
pub(crate) fn displaced(known: &[Terms], changed: &[Terms]) -> Option<Date> {
    let within = |terms: &[Terms], index: usize| !is_boundary(&terms[..index], terms[index].valid_from);
    (1..changed.len()).find_map(|index| {
        let date = changed[index].valid_from;
        let was = known.iter().position(|terms| terms.valid_from == date);
        let was_within = was.is_some_and(|was| was > 0 && within(known, was));
        (within(changed, index) && !was_within).then_some(date)
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::terms::model::account::Account;
    use crate::terms::model::period::CALENDAR;

    fn terms(valid_from: Date, currency: &str, zone: &str) -> Terms {
        let account = Account::stored(Currency::of(currency).unwrap(), zone.to_owned()).unwrap();
        Terms { valid_from, anchor: CALENDAR, account }
    }

    fn change(currency: &str, zone: &str) -> AccountChange {
        let currency = (!currency.is_empty()).then(|| Currency::of(currency).unwrap());
        let zone = (!zone.is_empty()).then(|| (usher_rating::zone::get(zone).unwrap(), zone.to_owned()));
        AccountChange { currency, zone, anchor: None, effective: None }
    }

    fn spelled(terms: &[Terms]) -> Vec<String> {
        let one = |terms: &Terms| {
            format!("{} {} {}", terms.valid_from, terms.account.currency.code, terms.account.zone_name)
        };
        terms.iter().map(one).collect()
    }

    #[test]
    fn what_is_named_holds_in_later_terms_too_unless_they_changed_just_that() {
        let (december, february, april) = (date(2026, 12, 1), date(2027, 2, 1), date(2027, 4, 1));
        let known = [
            terms(CALENDAR, "EUR", "UTC"),
            terms(february, "EUR", "Asia/Tokyo"),
            terms(april, "JPY", "Asia/Tokyo"),
        ];

        let currency = change("USD", "").since(&known, december);
        assert_eq!(
            spelled(&currency),
            [
                "1970-01-01 EUR UTC",
                "2026-12-01 USD UTC",
                "2027-02-01 USD Asia/Tokyo",
                "2027-04-01 JPY Asia/Tokyo"
            ]
        );
        let zone = change("", "Europe/Berlin").since(&known, december);
        assert_eq!(zone[1].account.zone_name, "Europe/Berlin");
        assert_eq!(zone[2..], known[1..]);
        let begun = change("", "Europe/Berlin").throughout(&known, february);
        assert_eq!(
            spelled(&begun),
            ["1970-01-01 EUR Europe/Berlin", "2027-04-01 JPY Europe/Berlin"],
            "what began already is not to come"
        );
    }

    #[test]
    fn an_anchor_begins_the_account_whatever_began_or_was_planned_before_it() {
        let february = date(2026, 2, 1);
        let known = [terms(CALENDAR, "EUR", "UTC"), terms(february, "EUR", "Asia/Tokyo")];

        for anchor in [february, date(2026, 12, 15)] {
            let moved = AccountChange { anchor: Some(anchor), ..change("", "") };
            let changed = moved.throughout(&known, date(2026, 11, 28));

            assert_eq!(spelled(&changed), [format!("{anchor} EUR Asia/Tokyo")]);
            assert_eq!(displaced(&known, &changed), None);
        }
    }

    #[test]
    fn a_change_that_is_taken_back_is_no_change() {
        let (february, april) = (date(2027, 2, 1), date(2027, 4, 1));
        let known = [
            terms(CALENDAR, "EUR", "UTC"),
            terms(february, "EUR", "Asia/Tokyo"),
            terms(april, "USD", "Asia/Tokyo"),
        ];

        let back = change("", "UTC").since(&known, february);

        assert_eq!(spelled(&back), ["1970-01-01 EUR UTC", "2027-04-01 USD UTC"]);
    }

    #[test]
    fn terms_that_would_begin_within_a_period_are_found() {
        let known = [terms(CALENDAR, "EUR", "UTC"), terms(date(2027, 2, 1), "EUR", "Asia/Tokyo")];
        let moved = AccountChange { anchor: Some(date(2026, 12, 15)), ..change("", "") };

        let changed = moved.since(&known, date(2026, 12, 1));

        assert_eq!(displaced(&known, &changed), Some(date(2027, 2, 1)));
        assert_eq!(displaced(&known, &known), None);
    }
}
