//! Obstacles to closing a period.

use std::fmt;

use jiff::Timestamp;

use crate::terms::model::mode_conflict::ModeConflict;

/// A reason why a period can't be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The period has not ended.
    NotEnded,
    /// No event or watermark has arrived.
    NothingSent,
    /// The ledger is halted; holds the number of applied events.
    Halted { applied: i64 },
    /// An event is missing that identity has sent or recorded.
    EventMissing { next: i64, sent: i64 },
    /// Identity has sent no watermark since the period's end.
    WatermarkBehind(Timestamp),
    /// Identity has sent no watermark.
    NoWatermark,
    /// The states of identity and billing have not been compared since; holds the event of the last equal comparison.
    NotCompared { equal_at: i64 },
    /// The ledger is not at the number that the caller expects.
    LedgerMoved { sequence: i64 },
    /// The prices can't be used to rate the period.
    Unratable(ModeConflict),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnded => f.write_str("the period has not ended"),
            Self::NothingSent => f.write_str("identity has not sent any event or watermark"),
            Self::Halted { applied } => write!(
                f,
                "the ledger is halted: an event was sent again with other content; {applied} events are applied"
            ),
            Self::EventMissing { next, sent } => write!(f, "event {next} is missing: identity is at {sent}"),
            Self::WatermarkBehind(at) => write!(f, "identity's watermark is at {at}"),
            Self::NoWatermark => f.write_str("identity has sent no watermark"),
            Self::NotCompared { equal_at } => {
                write!(f, "the states of identity and billing were last equal at event {equal_at}")
            }
            Self::LedgerMoved { sequence } => {
                write!(f, "the ledger is at {sequence}, not at the expected number")
            }
            Self::Unratable(conflict) => {
                write!(f, "{conflict}; withdraw it: `usher admin price withdraw --id {}`", conflict.price())
            }
        }
    }
}

/// All obstacles to closing a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Obstacles(pub(crate) Vec<Obstacle>);

impl Obstacles {
    /// Returns whether there are no obstacles.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Obstacle> for Obstacles {
    fn from(obstacle: Obstacle) -> Self {
        Self(vec![obstacle])
    }
}

impl fmt::Display for Obstacles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, obstacle) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{obstacle}")?;
        }
        Ok(())
    }
}
