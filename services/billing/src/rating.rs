//! What seats cost: pure functions from intervals and prices to statement lines, exact to the end.
//!
//! The service and `usher billing simulate` run these same functions. No floating-point number
//! takes part; an amount is a fraction until its line is rounded, once, half away from zero.

pub mod allocation;
pub mod amount;
pub mod calendar;
pub mod count;
pub mod interval;
pub mod line;
pub(crate) mod minor_units;
pub(crate) mod movement;
pub mod overlay;
mod pattern;
pub mod presence;
pub mod price;
mod shares;
pub mod simulate;
pub mod tally;
pub mod zone;

pub use allocation::{Allocation, Allocator};
pub use calendar::Calendar;
pub use count::DailyCount;
pub use line::{DailyCharges, Line, daily_charges, rate};
pub use presence::{Member, Presence, Stay};
pub use price::{PriceList, PriceVersion};
pub use tally::{Step, Tally};

/// A seat class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatClass {
    /// Its name: `regular`.
    pub name: String,
    /// The higher class wins where a person touches several on one date.
    pub rank: u16,
    /// Whether it costs anything; if not, no price is needed.
    pub priced: bool,
}

impl From<usher_seats::SeatClass> for SeatClass {
    fn from(class: usher_seats::SeatClass) -> Self {
        Self { name: class.as_str().to_owned(), rank: class as u16 + 1, priced: class.is_paid() }
    }
}

/// The classes of the ledger, each at its position.
pub fn classes() -> Vec<SeatClass> {
    (0..usher_seats::SeatClass::COUNT).map(|index| usher_seats::SeatClass::at(index).into()).collect()
}

/// Why a period can't be rated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The operator: add a price that is valid on the date.
    #[error(
        "class {class} has seats on {date} and no price in its currency that is valid then; add a price version"
    )]
    PriceMissing {
        /// The class.
        class: String,
        /// The first such date.
        date: jiff::civil::Date,
    },
    /// The operator: let the new mode begin with a period.
    #[error(
        "class {class} changes its mode on {date}, within these dates; a mode can only change at a period's boundary, and a price that has billed nothing can be withdrawn"
    )]
    ModeChange {
        /// The class.
        class: String,
        /// The first date of the other mode.
        date: jiff::civil::Date,
    },
    /// The operator: the amount is beyond what can be booked.
    #[error(
        "an amount of class {0} is larger than can be booked; set a lower price, minimum or floor from the period's first date on"
    )]
    TooLarge(String),
}
