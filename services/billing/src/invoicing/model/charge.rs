//! What lines of invoices are for.

use std::cmp::Reverse;

use usher_base::id::{CommitmentId, PriceId};
use usher_seats::{CountingMode, LineKind, SeatClass};

/// What a line charges, or settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// Seats in use.
    Seats(SeatCharge),
    /// Committed seats that were not in use.
    Floor(SeatCharge),
    /// What was missing to the period's minimum.
    MinimumSpend,
    /// Seats beyond a commitment, for the rest of its term.
    TrueUp { commitment: CommitmentId, unit_price: String },
    /// The difference that facts make to a period that was closed before them.
    Adjustment(BilledFor),
    /// What a credit note gives back of a closed period, of a class where the credited line is.
    CreditNote(Option<SeatClass>),
    /// What was carried forward, or is.
    Credit,
}

/// Seats of a class over a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeatCharge {
    pub(crate) class: SeatClass,
    pub(crate) mode: CountingMode,
    /// The prices that hold on a date of the period, by date.
    pub(crate) prices: Vec<UsedPrice>,
    pub(crate) seat_days: i64,
}

/// A price version, with its price in major units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsedPrice {
    pub(crate) version: PriceId,
    pub(crate) unit_price: String,
}

/// What is billed. Lines about a period add up for each of these, adjustments included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BilledFor {
    /// Seats of a class and its floor.
    Seats(SeatClass),
    /// The period's minimum.
    Minimum,
    /// Seats beyond a commitment.
    Commitment(CommitmentId),
}

impl BilledFor {
    /// In the order of invoices: classes by rank, then the minimum, then commitments by id.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        match self {
            Self::Seats(class) => (0, Reverse(Some(*class)), String::new()),
            Self::Minimum => (1, Reverse(None), String::new()),
            Self::Commitment(id) => (2, Reverse(None), id.to_string()),
        }
    }
}

impl Charge {
    /// How it is named on invoices.
    pub(crate) const fn kind(&self) -> LineKind {
        match self {
            Self::Seats(_) => LineKind::Seat,
            Self::Floor(_) => LineKind::Floor,
            Self::MinimumSpend => LineKind::MinimumSpend,
            Self::TrueUp { .. } => LineKind::TrueUp,
            Self::Adjustment(_) => LineKind::Adjustment,
            Self::CreditNote(_) => LineKind::CreditNote,
            Self::Credit => LineKind::Credit,
        }
    }

    const fn seats(&self) -> Option<&SeatCharge> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => Some(seats),
            _ => None,
        }
    }

    /// Its class, where it is of one.
    pub(crate) const fn class(&self) -> Option<SeatClass> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => Some(seats.class),
            Self::Adjustment(BilledFor::Seats(class)) => Some(*class),
            Self::CreditNote(class) => *class,
            _ => None,
        }
    }

    /// How its seats were counted.
    pub(crate) fn mode(&self) -> Option<CountingMode> {
        self.seats().map(|seats| seats.mode)
    }

    /// How many seat-days it charges.
    pub(crate) fn seat_days(&self) -> i64 {
        self.seats().map_or(0, |seats| seats.seat_days)
    }

    /// The ids of the price versions that it was priced by; of what is charged for a commitment, the commitment's.
    pub(crate) fn price_versions(&self) -> Vec<String> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => {
                seats.prices.iter().map(|price| price.version.to_string()).collect()
            }
            Self::TrueUp { commitment, .. } | Self::Adjustment(BilledFor::Commitment(commitment)) => {
                vec![commitment.to_string()]
            }
            _ => Vec::new(),
        }
    }

    /// The prices that it was priced by.
    pub(crate) fn unit_prices(&self) -> Vec<String> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => {
                seats.prices.iter().map(|price| price.unit_price.clone()).collect()
            }
            Self::TrueUp { unit_price, .. } => vec![unit_price.clone()],
            _ => Vec::new(),
        }
    }

    /// What it bills, or gives back; `None` of what only settles.
    pub(crate) const fn billed_for(&self) -> Option<BilledFor> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => Some(BilledFor::Seats(seats.class)),
            Self::MinimumSpend => Some(BilledFor::Minimum),
            Self::TrueUp { commitment, .. } => Some(BilledFor::Commitment(*commitment)),
            Self::Adjustment(of) => Some(*of),
            Self::CreditNote(_) | Self::Credit => None,
        }
    }

    /// The kind that it is earned as: what adjusts a true-up is one.
    pub(crate) const fn earned_as(&self) -> LineKind {
        match self {
            Self::Adjustment(BilledFor::Commitment(_)) => LineKind::TrueUp,
            other => other.kind(),
        }
    }

    /// Whether it settles what was billed, and bills nothing itself.
    pub(crate) const fn is_credit(&self) -> bool {
        matches!(self, Self::CreditNote(_) | Self::Credit)
    }
}
