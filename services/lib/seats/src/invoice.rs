//! Lines of invoices, and states of periods.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// What a line of a statement or invoice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LineKind {
    /// Seats in use.
    Seat,
    /// Committed seats that were not in use.
    Floor,
    /// What was missing to the period's minimum.
    #[strum(serialize = "min_spend")]
    MinimumSpend,
    /// Seats beyond a commitment, for the rest of its term.
    TrueUp,
    /// The difference that facts make to a period that was closed before them.
    Adjustment,
    /// What a credit note gives back of a closed period.
    CreditNote,
    /// What was carried forward, or is.
    Credit,
}

named!(LineKind, "kind of line");

impl LineKind {
    /// Whether it settles what was billed, and bills nothing itself.
    pub const fn is_credit(self) -> bool {
        matches!(self, Self::CreditNote | Self::Credit)
    }
}

/// How far a period has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum PeriodState {
    /// It has not ended, or something is missing.
    Open,
    /// It ended and is proven, but not closed.
    Complete,
    /// It is closed; its invoice never changes.
    Closed,
}

named!(PeriodState, "state of a period");
