//! How seats are counted: a setting of each price version.

use std::fmt;
use std::str::FromStr;

/// A counting mode (billing rules 4 and 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One unit a person and local date touched, in the highest class touched.
    #[default]
    DailyTouch,
    /// Seats open at each date's last microsecond.
    DailyClose,
    /// The most seats open at once within each date.
    DailyPeak,
    /// Microseconds open.
    Second,
    /// Seats open at the period's last microsecond.
    PeriodClose,
    /// The most seats open at once within the period.
    PeriodPeak,
    /// Seats open at the period's first instant, and each rise above every earlier number, prorated.
    OpeningPlusIncrements,
    /// Persons billable at any instant of the period.
    Distinct,
}

/// There is no mode of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no mode; there are {}", Mode::ALL.map(Mode::as_str).join(", "))]
pub struct UnknownMode {
    name: String,
}

impl Mode {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::DailyTouch,
        Self::DailyClose,
        Self::DailyPeak,
        Self::Second,
        Self::PeriodClose,
        Self::PeriodPeak,
        Self::OpeningPlusIncrements,
        Self::Distinct,
    ];

    /// Whether it counts the period as a whole, at the price of the period's first date.
    pub const fn counts_the_period(self) -> bool {
        matches!(self, Self::PeriodClose | Self::PeriodPeak | Self::OpeningPlusIncrements | Self::Distinct)
    }

    /// The name, as stored and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DailyTouch => "DAILY_TOUCH",
            Self::DailyClose => "DAILY_CLOSE",
            Self::DailyPeak => "DAILY_PEAK",
            Self::Second => "SECOND",
            Self::PeriodClose => "PERIOD_CLOSE",
            Self::PeriodPeak => "PERIOD_PEAK",
            Self::OpeningPlusIncrements => "OPENING_PLUS_INCREMENTS",
            Self::Distinct => "DISTINCT",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| UnknownMode { name: text.chars().take(40).collect() })
    }
}
