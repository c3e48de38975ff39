//! One row a workspace: where its billing is.

use usher_store::TenantTx;

use super::Subject;
use super::statement::invoice;
use super::writer::{Cell, Writer};
use crate::error::BillingError;
use crate::invoices::State;
use crate::store::{history, intervals};
use crate::watermarks::TOLERANCE;

/// `watermark_lag` in seconds, 0 within two minutes. `open_issues` counts what keeps the period from being closed, apart
/// from its not having ended.
pub(super) const COLUMNS: [&str; 7] =
    ["tenant", "period", "state", "seats", "amount", "watermark_lag", "open_issues"];

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    let exponent = subject.period.account.exponent;
    let seats = intervals::count_open(tx, subject.known.sequence).await?;
    let lag = history::ledger(tx, subject.known.at, subject.known.sequence)
        .await?
        .and_then(|ledger| ledger.watermark)
        .map(|watermark| subject.known.at.duration_since(watermark.at))
        .map(|lag| if lag <= TOLERANCE { 0 } else { lag.as_secs() });
    // A workspace that can't be rated must not hide the others.
    let (state, amount, issues) = match invoice(tx, subject).await {
        Ok(invoice) => match invoice.state {
            State::Closed(close, _) => ("CLOSED", Cell::Amount(close.total_minor, exponent), 0),
            State::Provisional(draft, reasons) => {
                let ended = subject.known.at.as_microsecond() >= draft.calendar.close();
                let issues = reasons.len() - usize::from(!ended);
                let state = if reasons.is_empty() { "COMPLETE" } else { "OPEN" };
                (state, Cell::Amount(draft.settlement.total_minor, exponent), issues)
            }
        },
        Err(BillingError::Rating(_)) => ("UNRATED", Cell::Empty, 1),
        Err(error) => return Err(error),
    };
    let row = [
        subject.tenant.to_string().into(),
        subject.period.first.to_string().into(),
        state.into(),
        seats.into(),
        amount,
        lag.map_or(Cell::Empty, Cell::Number),
        i64::try_from(issues).unwrap_or(i64::MAX).into(),
    ];
    writer.row(&row).await
}
