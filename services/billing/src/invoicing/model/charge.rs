//! Charges: the subjects of invoice lines.

use std::cmp::Reverse;

use usher_base::id::{CommitmentId, PriceId};
use usher_seats::{CountingMode, LineKind, SeatClass};

/// The subject of an invoice line: what it charges or settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// Seats in use.
    Seats(SeatCharge),
    /// Committed seats that were not in use.
    Floor(SeatCharge),
    /// The difference to the period's minimum spend.
    MinimumSpend,
    /// Seats beyond a commitment, for the rest of its term.
    TrueUp { commitment: CommitmentId, unit_price: String },
    /// The difference that later facts make to a closed period.
    Adjustment(BilledFor),
    /// A credit for a closed period, with the class of the credited line if it has one.
    CreditNote(Option<SeatClass>),
    /// An amount that is carried forward to or from another period.
    Credit,
}

/// The seats of a class over a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeatCharge {
    pub(crate) class: SeatClass,
    pub(crate) mode: CountingMode,
    /// The prices in force on the dates of the period, by date.
    pub(crate) prices: Vec<UsedPrice>,
    pub(crate) seat_days: i64,
}

/// A price version, with its price in major units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsedPrice {
    pub(crate) version: PriceId,
    pub(crate) unit_price: String,
}

/// The key by which lines about a period are summed, adjustments included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BilledFor {
    /// The seats of a class, with its floor.
    Seats(SeatClass),
    /// The minimum spend of the period.
    Minimum,
    /// The seats beyond a commitment.
    Commitment(CommitmentId),
}

impl BilledFor {
    /// Returns the sort key for invoices: classes by rank, then the minimum, then commitments by id.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        match self {
            Self::Seats(class) => (0, Reverse(Some(*class)), String::new()),
            Self::Minimum => (1, Reverse(None), String::new()),
            Self::Commitment(id) => (2, Reverse(None), id.to_string()),
        }
    }
}

impl Charge {
    /// Returns the kind of the line on invoices.
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

    /// Returns the class. Returns `None` if the line has no class.
    pub(crate) const fn class(&self) -> Option<SeatClass> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => Some(seats.class),
            Self::Adjustment(BilledFor::Seats(class)) => Some(*class),
            Self::CreditNote(class) => *class,
            _ => None,
        }
    }

    /// Returns how the seats were counted.
    pub(crate) fn mode(&self) -> Option<CountingMode> {
        self.seats().map(|seats| seats.mode)
    }

    /// Returns the number of seat-days.
    pub(crate) fn seat_days(&self) -> i64 {
        self.seats().map_or(0, |seats| seats.seat_days)
    }

    /// Returns the ids of the price versions; for a true-up, the id of the commitment.
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

    /// Returns the unit prices.
    pub(crate) fn unit_prices(&self) -> Vec<String> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => {
                seats.prices.iter().map(|price| price.unit_price.clone()).collect()
            }
            Self::TrueUp { unit_price, .. } => vec![unit_price.clone()],
            _ => Vec::new(),
        }
    }

    /// Returns what the line bills or credits. Returns `None` if it only settles.
    pub(crate) const fn billed_for(&self) -> Option<BilledFor> {
        match self {
            Self::Seats(seats) | Self::Floor(seats) => Some(BilledFor::Seats(seats.class)),
            Self::MinimumSpend => Some(BilledFor::Minimum),
            Self::TrueUp { commitment, .. } => Some(BilledFor::Commitment(*commitment)),
            Self::Adjustment(of) => Some(*of),
            Self::CreditNote(_) | Self::Credit => None,
        }
    }

    /// Returns the kind under which the amount is earned: an adjustment of a true-up is a true-up.
    pub(crate) const fn earned_as(&self) -> LineKind {
        match self {
            Self::Adjustment(BilledFor::Commitment(_)) => LineKind::TrueUp,
            other => other.kind(),
        }
    }

    /// Returns whether the line only settles earlier amounts, and bills nothing itself.
    pub(crate) const fn is_credit(&self) -> bool {
        matches!(self, Self::CreditNote(_) | Self::Credit)
    }
}
