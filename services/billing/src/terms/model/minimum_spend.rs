use jiff::civil::Date;

use crate::terms::model::currency::Currency;

/// The maximum of a minimum spend, in minor units. It keeps every sum of a period within 64 bits.
pub(crate) const MOST_MINOR: i64 = 1_000_000_000_000_000;

/// A minimum spend, from the first period that begins on a date or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Minimum {
    pub(crate) valid_from: Date,
    pub(crate) amount_minor: i64,
    /// The currency in force on the date.
    pub(crate) currency: Currency,
}
