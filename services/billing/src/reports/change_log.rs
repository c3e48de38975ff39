//! Report `CHANGE_LOG`: every fact of the ledger once, in order. A fact is in the period that it is about, or, if that
//! was closed before the fact arrived, in the period that booked it.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::store::closes;
use crate::invoicing::view::View;
use crate::ledger::store::change_log as store;
use crate::ledger::store::change_log::Range;
use crate::reports::writer::{Cell, Writer};

/// The classes are the person's; a correction has only the class that it sets.
pub(super) const COLUMNS: [&str; 9] = [
    "seq",
    "effective_at",
    "local_date",
    "person_key",
    "from_class",
    "to_class",
    "cause",
    "actor",
    "request_id",
];

/// Maximum number of facts read at once.
const PAGE: i64 = 2_000;

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let calendar = &view.calendar;
    let earlier = closes::before(tx, view.period.ordinal, view.known.at).await?;
    let range = Range {
        within: (calendar.open(), calendar.close()),
        // Facts from before the account's first period belong to that period.
        late_after: if view.period.ordinal == 0 { Some(0) } else { earlier.map(|close| close.sequence) },
        until: view.known.sequence,
    };
    let mut after = 0;
    loop {
        let page = store::page(tx, &range, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.sequence;
        for change in &page {
            let date = local_date(view, change.at);
            let class = |class: Option<SeatClass>| class.map_or(Cell::Empty, |class| class.as_str().into());
            let row = [
                change.sequence.into(),
                change.at.to_string().into(),
                date.to_string().into(),
                change.person.to_string().into(),
                class(change.from_class),
                class(change.to_class),
                change.cause.as_str().into(),
                change.actor.as_str().into(),
                change.request_id.as_str().into(),
            ];
            writer.row(&row).await?;
        }
    }
}

/// Returns the date of a fact. A fact from before the period belonged to another period, which may have had another
/// zone; its date is then computed in this period's zone.
fn local_date(view: &View, at: Timestamp) -> Date {
    let micros = at.as_microsecond();
    if micros < view.calendar.open() {
        return view.period.account.zone.to_datetime(at).date();
    }
    view.calendar.dates()[view.calendar.locate(micros)]
}
