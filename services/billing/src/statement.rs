//! Rating a period in `DAILY_TOUCH` mode.

use jiff::civil::Date;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;

use crate::calendar::Days;
use crate::class::SeatClass;
use crate::counts::Counts;
use crate::money;
use crate::price::{self, PriceVersion};

/// The mode's name.
pub const MODE: &str = "DAILY_TOUCH";

/// One line: a class over the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The class.
    pub class: SeatClass,
    /// Seats by day, summed.
    pub seat_days: i64,
    /// In minor units, before rounding.
    pub exact: BigRational,
    /// In minor units, rounded once, half away from zero.
    pub amount_minor: i64,
}

/// Why a period can't be rated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The account's administrator: add a price.
    #[error("there is no price of a {class} seat on {date}; add one that is valid from then or before")]
    PriceMissing {
        /// The class.
        class: SeatClass,
        /// The first date without a price.
        date: Date,
    },
    /// No amount of 64 bits is that large.
    #[error("the amount of the {class} line is out of range")]
    Overflow {
        /// The class.
        class: SeatClass,
    },
}

/// The lines of a period, by rank of class. A class without any seat has none.
///
/// # Errors
/// See [`RatingError`].
pub fn lines(
    days: &Days,
    counts: &Counts,
    versions: &[PriceVersion],
    exponent: u32,
) -> Result<Vec<Line>, RatingError> {
    let mut lines = Vec::new();
    for class in SeatClass::BY_RANK {
        let mut seat_days = 0;
        let mut price_days = BigRational::zero();
        for (date, count) in days.dates().zip(counts.of_class(class)) {
            if count.seat_days == 0 {
                continue;
            }
            seat_days += count.seat_days;
            match price::on(versions, class, date) {
                Some(version) => {
                    price_days += money::minor_units(version.unit_price.micros(), exponent)
                        * BigInt::from(count.seat_days);
                }
                None if class.priced() => return Err(RatingError::PriceMissing { class, date }),
                None => {}
            }
        }
        if seat_days > 0 {
            let exact = price_days * money::per(days.count());
            let amount_minor = money::round(&exact).ok_or(RatingError::Overflow { class })?;
            lines.push(Line { class, seat_days, exact, amount_minor });
        }
    }
    Ok(lines)
}
