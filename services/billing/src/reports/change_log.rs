//! Every fact about a period, in the ledger's order.

use usher_store::TenantTx;

use super::Subject;
use super::writer::{Cell, Writer};
use crate::error::BillingError;
use crate::store::change_log as store;

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

/// How many facts are read at once.
const PAGE: i64 = 2_000;

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    let calendar = subject.period.calendar()?;
    let mut after = 0;
    loop {
        let page = store::page(tx, &calendar, after, subject.known.sequence, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.sequence;
        for change in &page {
            let date = calendar.dates()[calendar.locate(change.at.as_microsecond())];
            let class = |name: &Option<String>| name.as_deref().map_or(Cell::Empty, Cell::from);
            let row = [
                change.sequence.into(),
                change.at.to_string().into(),
                date.to_string().into(),
                change.person.to_string().into(),
                class(&change.from_class),
                class(&change.to_class),
                change.cause.as_str().into(),
                change.actor.as_str().into(),
                change.request_id.as_str().into(),
            ];
            writer.row(&row).await?;
        }
    }
}
