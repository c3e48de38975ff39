//! Kinds of invoice lines, and states of periods.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// The kind of a line of a statement or invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LineKind {
    /// Seats in use.
    Seat,
    /// Committed seats that were not in use.
    Floor,
    /// The difference to the period's minimum spend.
    #[strum(serialize = "min_spend")]
    MinimumSpend,
    /// Seats beyond a commitment, for the rest of its term.
    TrueUp,
    /// The difference that later facts make to a closed period.
    Adjustment,
    /// A credit for a closed period, by a credit note.
    CreditNote,
    /// An amount that is carried forward to or from another period.
    Credit,
}

named!(LineKind, "kind of line");

impl LineKind {
    /// Returns whether the line only settles earlier amounts, and bills nothing itself.
    pub const fn is_credit(self) -> bool {
        matches!(self, Self::CreditNote | Self::Credit)
    }
}

/// The state of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum PeriodState {
    /// The period has not ended, or there is an obstacle to closing it.
    Open,
    /// The period has ended and is proven, but not closed.
    Complete,
    /// The period is closed; its invoice never changes.
    Closed,
}

named!(PeriodState, "state of a period");
