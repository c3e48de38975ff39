//! Postings, and the accounts that they are booked on.

use std::fmt;

use usher_seats::{LineKind, SeatClass};

use crate::terms::model::currency::Currency;

/// An amount on an account, in minor units.
pub(crate) type Posting = (Account, i64);

/// An account of the bookkeeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The receivable of a period's invoice; names the currency if it is not the period's.
    Receivable { ordinal: i64, other: Option<Currency> },
    /// The credit carried forward in a currency.
    Credit(Currency),
    /// The revenue of a class in a period.
    SeatRevenue { class: SeatClass, origin: i64 },
    /// The revenue of true-ups in a period.
    TrueUpRevenue { origin: i64 },
    /// The revenue of a period's minimum spend.
    MinimumRevenue { origin: i64 },
}

impl Account {
    /// Returns the revenue account for a line about a period.
    pub(crate) const fn revenue(kind: LineKind, class: Option<SeatClass>, origin: i64) -> Self {
        match (kind, class) {
            (LineKind::TrueUp, _) => Self::TrueUpRevenue { origin },
            (_, Some(class)) => Self::SeatRevenue { class, origin },
            (_, None) => Self::MinimumRevenue { origin },
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receivable { ordinal, other: None } => write!(f, "receivable:{ordinal}"),
            Self::Receivable { ordinal, other: Some(currency) } => {
                write!(f, "receivable:{ordinal}:{currency}")
            }
            Self::Credit(currency) => write!(f, "credit:{currency}"),
            Self::SeatRevenue { class, origin } => write!(f, "revenue:{class}:{origin}"),
            Self::TrueUpRevenue { origin } => write!(f, "revenue:true_up:{origin}"),
            Self::MinimumRevenue { origin } => write!(f, "revenue:minimum:{origin}"),
        }
    }
}
