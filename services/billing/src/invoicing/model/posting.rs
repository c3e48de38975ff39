//! The accounts that amounts are posted to.

use usher_seats::{LineKind, SeatClass};

use crate::terms::model::currency::Currency;

/// The account that has what is carried forward in a currency.
pub(crate) fn credit(currency: &Currency) -> String {
    format!("credit:{currency}")
}

/// The account that the revenue of a line about a period is on.
pub(crate) fn revenue(kind: LineKind, class: Option<SeatClass>, origin: i64) -> String {
    match (kind, class) {
        (LineKind::TrueUp, _) => format!("revenue:true_up:{origin}"),
        (_, Some(class)) => format!("revenue:{class}:{origin}"),
        (_, None) => format!("revenue:minimum:{origin}"),
    }
}
