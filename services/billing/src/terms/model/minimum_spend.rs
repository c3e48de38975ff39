//! What periods cost at least.

use jiff::civil::Date;

use crate::terms::model::currency::Currency;

/// The highest minimum that is taken, in minor units. With it, no sum of a period is beyond 64 bits.
pub(crate) const MOST_MINOR: i64 = 1_000_000_000_000_000;

/// What a period costs at least, from the first period that begins on a date or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Minimum {
    pub(crate) valid_from: Date,
    pub(crate) amount_minor: i64,
    /// That holds on the date.
    pub(crate) currency: Currency,
}
