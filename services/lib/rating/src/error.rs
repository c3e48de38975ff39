//! Errors of rating.

/// Why a period can't be rated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The operator adds a price that is valid on the date.
    #[error(
        "class {class} has seats on {date} but no price in its currency that is valid then; add a price version"
    )]
    PriceMissing {
        /// The class.
        class: String,
        /// The first date without a price.
        date: jiff::civil::Date,
    },
    /// The operator lets the new mode begin with a period.
    #[error(
        "class {class} changes its mode on {date}, within these dates; a mode can only change at a period's boundary, and a price that has not been billed can be withdrawn"
    )]
    ModeChange {
        /// The class.
        class: String,
        /// The first date of the other mode.
        date: jiff::civil::Date,
    },
    /// The operator lowers the price, minimum or floor, because the amount exceeds 64 bits.
    #[error(
        "an amount of class {0} is too large to be booked; set a lower price, minimum or floor from the period's first date on"
    )]
    TooLarge(String),
}
