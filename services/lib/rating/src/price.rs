//! The price of a seat of a class, by date.

use jiff::civil::Date;
use num_rational::BigRational;
use usher_seats::CountingMode;

/// A price that applies from a date until the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceVersion {
    /// First local date on which it applies; `None` means from the beginning.
    pub valid_from: Option<Date>,
    /// Price of a seat for a whole period, in minor units.
    pub unit_price: BigRational,
    /// How seats are counted.
    pub mode: CountingMode,
    /// Number of seats that cost nothing.
    pub included: i64,
    /// Number of seats that are always charged.
    pub floor: i64,
}

/// The price versions of a class, by date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceList(Vec<PriceVersion>);

/// Two versions begin on one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two prices begin on the same date")]
pub struct Ambiguous;

impl PriceList {
    /// Orders versions by date.
    ///
    /// # Errors
    /// Two versions begin on one date.
    pub fn new(mut versions: Vec<PriceVersion>) -> Result<Self, Ambiguous> {
        versions.sort_by_key(|version| version.valid_from);
        if versions.windows(2).any(|pair| pair[0].valid_from == pair[1].valid_from) {
            return Err(Ambiguous);
        }
        Ok(Self(versions))
    }

    /// Returns the version in force on a date.
    pub fn on(&self, date: Date) -> Option<&PriceVersion> {
        let later = self.0.partition_point(|version| version.valid_from.is_none_or(|from| from <= date));
        self.0.get(later.checked_sub(1)?)
    }
}
