//! Billing periods: calendar months, or months from an anchor day, in the account's zone.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use usher_rating::Calendar;
use usher_rating::calendar::InvalidPeriod;

use crate::terms::model::account::Account;

/// The anchor of calendar months.
pub(crate) const CALENDAR: Date = date(1970, 1, 1);

/// The terms of an account from a period's boundary on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The boundary, which is a local date.
    pub(crate) valid_from: Date,
    /// Periods begin at `valid_from` and at every anchor + k months after it.
    pub(crate) anchor: Date,
    pub(crate) account: Account,
}

impl Terms {
    /// Returns the terms of an account that was never set: calendar months.
    pub(crate) fn unset() -> Self {
        Self { valid_from: CALENDAR, anchor: CALENDAR, account: Account::unset() }
    }

    /// Returns the first boundary after a date. Computed from the original anchor, because chained addition drifts.
    fn boundary_after(&self, after: Date) -> Option<Date> {
        let months = (i32::from(after.year()) - i32::from(self.anchor.year())) * 12
            + i32::from(after.month())
            - i32::from(self.anchor.month());
        (months..=months + 1).find_map(|k| {
            let boundary = self.anchor.checked_add(k.months()).ok()?;
            (boundary > after).then_some(boundary)
        })
    }
}

/// A period by its nominal dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// Counts from the account's first period.
    pub(crate) ordinal: i64,
    pub(crate) first: Date,
    /// The date after the last date.
    pub(crate) end: Date,
    pub(crate) account: Account,
    /// The first date of the account's current currency: earlier prices are in another currency. `None` if the
    /// currency never changed.
    pub(crate) currency_since: Option<Date>,
    /// The zone of the period before, if it is another one.
    before: Option<Account>,
}

impl Period {
    /// Returns the dates and instants of the period. It opens at the instant at which the period before closed, even
    /// if the account's zone changed in between.
    pub(crate) fn calendar(&self) -> Result<Calendar, InvalidPeriod> {
        let calendar = Calendar::new(self.first, self.end, &self.account.zone)?;
        let Some(before) = &self.before else { return Ok(calendar) };
        let day_before = self.first.yesterday().map_err(|_| InvalidPeriod::OutOfRange)?;
        let closed = Calendar::new(day_before, self.first, &before.zone)?.close();
        let closed = jiff::Timestamp::from_microsecond(closed).map_err(|_| InvalidPeriod::OutOfRange)?;
        Ok(calendar.opened_at(closed))
    }
}

/// An account's periods, one after the other without a gap.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    terms: Vec<Terms>,
}

impl Schedule {
    /// Creates the schedule from terms, ordered by date.
    pub(crate) fn new(mut terms: Vec<Terms>) -> Self {
        terms.sort_by_key(|terms| terms.valid_from);
        if terms.is_empty() {
            terms.push(Terms::unset());
        }
        Self { terms }
    }

    /// Returns the terms in force now, or in the last period.
    pub(crate) fn terms_on(&self, date: Date) -> &Terms {
        let later = self.terms.partition_point(|terms| terms.valid_from <= date);
        &self.terms[later.max(1) - 1]
    }

    /// Returns the terms scheduled for after a date.
    pub(crate) fn terms_after(&self, date: Date) -> &[Terms] {
        let later = self.terms.partition_point(|terms| terms.valid_from <= date);
        &self.terms[later.max(1)..]
    }

    /// Returns the first date of the currency in force on a date. Returns `None` if the currency never changed.
    pub(crate) fn currency_since(&self, date: Date) -> Option<Date> {
        let own = &self.terms_on(date).account.currency.code;
        let until = self.terms.partition_point(|terms| terms.valid_from <= date);
        let other = self.terms[..until].iter().rposition(|terms| terms.account.currency.code != *own)?;
        Some(self.terms[other + 1].valid_from)
    }

    /// Returns whether the currency changes within a range of dates.
    pub(crate) fn changes_currency(&self, from: Date, until: Date) -> bool {
        let own = &self.terms_on(from).account.currency;
        let within = self.terms.iter().filter(|terms| from < terms.valid_from && terms.valid_from < until);
        within.into_iter().any(|terms| terms.account.currency != *own)
    }

    /// Iterates over all periods, without end.
    pub(crate) fn periods(&self) -> impl Iterator<Item = Period> + '_ {
        let mut next = Some((0_i64, self.terms[0].valid_from, 0_usize));
        std::iter::from_fn(move || {
            let (ordinal, first, index) = next?;
            let terms = &self.terms[index];
            let boundary = terms.boundary_after(first)?;
            let change = self.terms.get(index + 1).filter(|later| later.valid_from <= boundary);
            let end = change.map_or(boundary, |later| later.valid_from);
            let changed = first == terms.valid_from && index > 0;
            next = Some((ordinal + 1, end, if change.is_some() { index + 1 } else { index }));
            let before = changed.then(|| self.terms[index - 1].account.clone());
            let account = terms.account.clone();
            Some(Period { ordinal, first, end, currency_since: self.currency_since(first), account, before })
        })
    }

    /// Returns the period that contains a date. Returns `None` before the first period.
    pub(crate) fn containing(&self, date: Date) -> Option<Period> {
        self.periods().find(|period| date < period.end).filter(|period| period.first <= date)
    }

    /// Returns the period with a number.
    pub(crate) fn at(&self, ordinal: i64) -> Option<Period> {
        self.periods().nth(usize::try_from(ordinal).ok()?)
    }

    /// Returns the period that begins on a date and ends before another date.
    pub(crate) fn exact(&self, first: Date, end: Date) -> Option<Period> {
        self.containing(first).filter(|period| period.first == first && period.end == end)
    }

    /// Returns whether each period at a change of terms has an instant, and begins where the one before ends. In a
    /// period of one date, a change of zone can leave no instant.
    pub(crate) fn is_contiguous(&self) -> bool {
        let changes = |period: &Period| {
            let at = |date| self.terms.iter().skip(1).any(|terms| terms.valid_from == date);
            at(period.first) || at(period.end)
        };
        let last = self.terms.last().map_or(CALENDAR, |terms| terms.valid_from);
        let periods = self.periods().take_while(|period| period.first <= last).filter(changes);
        let mut closed = None;
        periods.into_iter().all(|period| {
            let Ok(calendar) = period.calendar() else { return false };
            let follows = closed.is_none_or(|(end, close)| end != period.first || close == calendar.open());
            closed = Some((period.end, calendar.close()));
            follows && calendar.open() < calendar.close()
        })
    }

    /// Returns the dates of a range that may span periods; each date begins where its period says.
    pub(crate) fn calendar(&self, from: Date, until: Date) -> Result<Calendar, InvalidPeriod> {
        let (mut starts, mut close) = (Vec::new(), 0);
        let overlapping =
            self.periods().skip_while(|period| period.end <= from).take_while(|period| period.first < until);
        for period in overlapping {
            let calendar = period.calendar()?;
            for (index, date) in calendar.dates().iter().enumerate() {
                if (from..until).contains(date) {
                    starts.push(calendar.start(index));
                    close = calendar.start(index + 1);
                }
            }
        }
        starts.push(close);
        Calendar::recorded(from, until, starts)
    }

    /// Returns the period that contains an instant. Returns `None` before the first period.
    pub(crate) fn at_instant(&self, micros: i64) -> Option<Period> {
        let instant = jiff::Timestamp::from_microsecond(micros).ok()?;
        // No zone differs from UTC by much more than a day.
        let date = jiff::tz::TimeZone::UTC.to_datetime(instant).date();
        let near = date.checked_sub(2.days()).unwrap_or(date);
        let first = self
            .periods()
            .skip_while(|period| period.end < near)
            .find(|period| period.calendar().is_ok_and(|calendar| micros < calendar.close()))?;
        let opened = first.calendar().is_ok_and(|calendar| calendar.open() <= micros);
        opened.then_some(first)
    }
}

/// The terms in force from some date on, and the scheduled ones, by date.
pub(crate) type Planned = (Terms, Vec<Terms>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::model::currency::Currency;

    fn terms(valid_from: Date, anchor: Date, zone: &str) -> Terms {
        Terms {
            valid_from,
            anchor,
            account: Account::stored(Currency::of("EUR").unwrap(), zone.to_owned()).unwrap(),
        }
    }

    fn firsts(schedule: &Schedule, most: usize) -> Vec<String> {
        schedule.periods().take(most).map(|period| period.first.to_string()).collect()
    }

    #[test]
    fn e17_periods_from_31_january_are_computed_from_the_original_anchor() {
        let anchor = date(2026, 1, 31);
        let schedule = Schedule::new(vec![terms(anchor, anchor, "UTC")]);

        assert_eq!(
            firsts(&schedule, 5),
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
        );
        let lengths: Vec<usize> =
            schedule.periods().take(5).map(|period| period.calendar().unwrap().len()).collect();
        assert_eq!(lengths, [28, 31, 30, 31, 30]);
    }

    #[test]
    fn e32_a_change_of_zone_opens_the_period_where_the_one_before_closed() {
        let change = date(2026, 7, 1);
        let schedule = Schedule::new(vec![
            terms(change, CALENDAR, "America/New_York"),
            terms(CALENDAR, CALENDAR, "Asia/Tokyo"),
        ]);
        let (june, july) =
            (schedule.containing(date(2026, 6, 10)).unwrap(), schedule.containing(change).unwrap());

        let close = "2026-06-30T15:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
        assert_eq!(june.calendar().unwrap().close(), close);
        let calendar = july.calendar().unwrap();
        assert_eq!((calendar.open(), calendar.len(), july.ordinal), (close, 31, june.ordinal + 1));
        // A seat from 16:00 to 17:00Z on 30 June belongs to 1 July.
        assert_eq!(calendar.locate(close + 3_600_000_000), 0);
    }

    #[test]
    fn i10_and_i11_periods_are_contiguous_through_changes_of_zone_and_anchor() {
        let zones = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Cairo", "Pacific/Kiritimati"];
        let terms = (0_i8..).zip(zones).map(|(index, zone)| {
            let valid_from = date(2026, 1 + 2 * index, 1);
            terms(valid_from, valid_from.checked_add(jiff::Span::new().days(index)).unwrap(), zone)
        });
        let schedule = Schedule::new(terms.collect());

        let calendars: Vec<Calendar> =
            schedule.periods().take(20).map(|period| period.calendar().unwrap()).collect();

        for pair in calendars.windows(2) {
            assert_eq!(pair[0].close(), pair[1].open());
            assert!((0..pair[1].len()).all(|day| pair[1].start(day) <= pair[1].start(day + 1)));
        }
        let some = calendars[7].open() + 5;
        assert_eq!(schedule.at_instant(some).unwrap().ordinal, 7);
    }

    #[test]
    fn a_change_of_zone_that_leaves_a_period_without_an_instant_is_found() {
        let zones = |second: &str| {
            let (first, next) = (date(2026, 12, 1), date(2026, 12, 2));
            Schedule::new(vec![
                terms(CALENDAR, CALENDAR, "Pacific/Pago_Pago"),
                terms(first, next, "Pacific/Pago_Pago"),
                terms(next, date(2026, 12, 3), second),
            ])
        };

        assert!(zones("Pacific/Pago_Pago").is_contiguous());
        // 2 December in Kiritimati has ended when 1 December ends in Pago Pago.
        assert!(!zones("Pacific/Kiritimati").is_contiguous());
    }

    #[test]
    fn dates_over_periods_begin_where_their_periods_say_also_when_the_zone_changes() {
        let tokyo = terms(date(2026, 1, 1), date(2026, 1, 1), "Asia/Tokyo");
        let york = terms(date(2026, 7, 1), date(2026, 1, 1), "America/New_York");
        let schedule = Schedule::new(vec![tokyo, york]);
        let quarter = schedule.calendar(date(2026, 5, 15), date(2026, 8, 15)).unwrap();

        assert_eq!((quarter.len(), quarter.dates()[0]), (92, date(2026, 5, 15)));
        for period in schedule.periods().skip(5).take(2) {
            let calendar = period.calendar().unwrap();
            let first = quarter.dates().iter().position(|date| *date == period.first).unwrap();
            assert_eq!(quarter.start(first), calendar.open(), "{}", period.first);
        }
        assert!(schedule.calendar(date(2025, 12, 31), date(2026, 2, 1)).is_err(), "before the first period");
    }
}
