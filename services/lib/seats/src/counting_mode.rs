//! Counting modes: how seats are counted, per price version.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// A counting mode (docs/billing-rules.md, R4 and R6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum CountingMode {
    /// One unit per person and local date touched, in the highest class touched.
    #[default]
    DailyTouch,
    /// Seats open at each date's last microsecond.
    DailyClose,
    /// Maximum number of seats open at once within each date.
    DailyPeak,
    /// Time during which seats are open, in microseconds.
    Second,
    /// Seats open at the period's last microsecond.
    PeriodClose,
    /// Maximum number of seats open at once within the period.
    PeriodPeak,
    /// Seats open at the period's first instant, and each rise above every earlier number, prorated.
    OpeningPlusIncrements,
    /// Persons billable at any instant of the period.
    Distinct,
}

named!(CountingMode, "counting mode");

impl CountingMode {
    /// Returns whether the mode counts the period as a whole, at the price of the period's first date.
    pub const fn counts_the_period(self) -> bool {
        matches!(self, Self::PeriodClose | Self::PeriodPeak | Self::OpeningPlusIncrements | Self::Distinct)
    }
}
