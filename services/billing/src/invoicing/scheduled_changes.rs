//! Changes that are scheduled for a later date of a period.

use jiff::civil::Date;
use usher_seats::{Pool, ScheduledChangeKind, SeatClass};

use crate::invoicing::model::book::Book;
use crate::invoicing::view::View;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduledChange {
    /// The date on which the change takes effect.
    pub(crate) date: Date,
    pub(crate) kind: ScheduledChangeKind,
    pub(crate) about: About,
    /// A description for people.
    pub(crate) detail: String,
}

/// The subject of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The price of a class.
    Class(SeatClass),
    /// A commitment of a pool.
    Pool(Pool),
}

/// Returns the changes after a view's last date, by date.
pub(crate) fn of(book: &Book, view: &View) -> Vec<ScheduledChange> {
    let today = view.calendar.dates()[view.calendar.locate(view.last_instant())];
    let later = |date: Date| today < date && date < view.period.end;
    let exponent = view.period.account.currency.exponent;
    let mut changes = Vec::new();
    for version in book.prices(&view.period) {
        if later(version.valid_from) {
            changes.push(ScheduledChange {
                date: version.valid_from,
                kind: ScheduledChangeKind::Price,
                about: About::Class(version.class),
                detail: format!("{} in mode {}", version.unit_price.spelled(exponent), version.mode),
            });
        }
    }
    for commitment in &book.commitments {
        let mut add = |date, kind, detail| {
            let about = About::Pool(commitment.pool);
            changes.extend(later(date).then_some(ScheduledChange { date, kind, about, detail }));
        };
        let seats = format!("{} seats at {}", commitment.quantity, commitment.unit_price.spelled(exponent));
        add(commitment.first, ScheduledChangeKind::Commitment, seats.clone());
        add(commitment.end, ScheduledChangeKind::CommitmentEnd, seats);
        // The last quarter of a term has no true-up, because nothing remains of the term.
        for quarter in commitment.quarters().filter(|quarter| quarter.end < commitment.end) {
            add(
                quarter.last(),
                ScheduledChangeKind::TrueUp,
                format!("the quarter from {} ends", quarter.first),
            );
        }
    }
    changes.sort_by_key(|change| change.date);
    changes
}
