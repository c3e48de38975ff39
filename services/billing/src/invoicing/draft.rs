//! Computes what a period costs, as of a number of the ledger.

use usher_rating::Calendar;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::draft::Draft;
use crate::invoicing::model::period_seats::PeriodSeats;
use crate::terms::model::period::Period;
use crate::terms::model::what_if::WhatIf;

/// Drafts a period's invoice, also with other prices or counts than the recorded ones.
pub(crate) async fn draft(
    tx: &mut TenantTx,
    book: &Book,
    (period, calendar): (&Period, &Calendar),
    what_if: &WhatIf,
) -> Result<Draft, BillingError> {
    let seats = PeriodSeats::read(tx, book, (period, calendar), what_if, |_| ()).await?;
    book.invoice(period, &seats, what_if)
}
