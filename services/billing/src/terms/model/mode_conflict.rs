//! Conflicts of prices with periods, which make a period impossible to rate.

use std::fmt;

use jiff::civil::Date;
use usher_base::id::PriceId;
use usher_seats::{CountingMode, SeatClass};

use crate::terms::model::period::{Period, Schedule};
use crate::terms::model::price_version::PriceVersion;

/// A price that changes the counting mode of a class within a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModeConflict {
    price: PriceId,
    class: SeatClass,
    on: Date,
    /// The mode before; `None` if the class has no price before.
    before: Option<CountingMode>,
    mode: CountingMode,
    /// The first date of the period, and the date after its last date.
    period: (Date, Date),
}

impl ModeConflict {
    /// Returns the id of the conflicting price.
    pub(crate) const fn price(&self) -> PriceId {
        self.price
    }

    /// Returns whether the conflict makes the period impossible to rate. It does not if there was no price before:
    /// then the period as a whole has no price, and costs nothing.
    const fn blocks(&self) -> bool {
        self.before.is_some()
    }
}

impl fmt::Display for ModeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, on, mode, period: (first, end), .. } = self;
        if let Some(before) = self.before {
            write!(f, "class {class} is counted by {before}, and from {on} by {mode}")?;
        } else {
            write!(f, "the price of class {class} from {on} has mode {mode}, which counts a whole period")?;
        }
        write!(f, "; {on} is within the period from {first} to {end}, and a mode begins with a period")
    }
}

/// Returns the conflicts among prices, by class and date.
fn all<'a>(schedule: &'a Schedule, versions: &'a [PriceVersion]) -> impl Iterator<Item = ModeConflict> + 'a {
    versions.iter().filter(|version| version.class.is_paid()).filter_map(|version| {
        let period = schedule.containing(version.valid_from)?;
        let before = before(versions, version, &period).map(|before| before.mode);
        let sound = match before {
            Some(before) => before == version.mode,
            None => !version.mode.counts_the_period(),
        };
        (period.first != version.valid_from && !sound).then_some(ModeConflict {
            price: version.id,
            class: version.class,
            on: version.valid_from,
            before,
            mode: version.mode,
            period: (period.first, period.end),
        })
    })
}

/// Returns the version in force on the date before one begins, in the currency of its period.
fn before<'v>(
    versions: &'v [PriceVersion],
    version: &PriceVersion,
    period: &Period,
) -> Option<&'v PriceVersion> {
    let earlier = versions.iter().filter(|other| {
        let same_currency = period.currency_since.is_none_or(|since| since <= other.valid_from);
        other.class == version.class && other.valid_from < version.valid_from && same_currency
    });
    earlier.max_by_key(|other| other.valid_from)
}

/// Returns an error if there is a conflict that was not there before.
pub(crate) fn refuse_new(
    (schedule, versions): (&Schedule, &[PriceVersion]),
    (next, changed): (&Schedule, &[PriceVersion]),
) -> Result<(), ModeConflict> {
    let known: Vec<ModeConflict> = all(schedule, versions).collect();
    match all(next, changed).find(|conflict| known.iter().all(|known| known.price != conflict.price)) {
        Some(conflict) => Err(conflict),
        None => Ok(()),
    }
}

/// Returns the conflicts in a period. Only prices that were added before such conflicts were refused have any.
pub(crate) fn of_period(
    schedule: &Schedule,
    versions: &[PriceVersion],
    period: &Period,
) -> Vec<ModeConflict> {
    all(schedule, versions)
        .filter(|conflict| conflict.period.0 == period.first && conflict.blocks())
        .collect()
}
