//! Report `ADJUSTMENTS`: amounts that a period booked about periods that were closed before.

use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::invoices::State;
use crate::invoicing::model::charge::Charge;
use crate::invoicing::model::line;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::store::{close_lines, closes};
use crate::invoicing::view::View;
use crate::ledger::store::facts;
use crate::reports::statement::invoice;
use crate::reports::writer::{Cell, Writer};

/// `fact_seq` and `reason` list all facts that were booked together.
pub(super) const COLUMNS: [&str; 8] =
    ["origin_period", "booked_period", "class", "old_amount", "new_amount", "delta", "fact_seq", "reason"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let invoice = invoice(tx, view).await?;
    let until = match &invoice.state {
        State::Closed(close, _) => close.sequence,
        State::Provisional(draft, _) => draft.sequence,
    };
    let since =
        closes::before(tx, view.period.ordinal, view.known.at).await?.map_or(0, |close| close.sequence);
    let booked: Vec<&InvoiceLine> =
        invoice.lines().iter().filter(|line| matches!(line.charge, Charge::Adjustment(_))).collect();
    let reasons = facts::reasons(tx, since, until).await?;
    let numbers: Vec<String> = reasons.iter().map(|(sequence, _)| sequence.to_string()).collect();
    let texts: Vec<&str> = reasons.iter().map(|(_, reason)| reason.as_str()).collect();
    for line in booked {
        let billed: Vec<InvoiceLine> =
            close_lines::about(tx, line.origin, view.period.ordinal, view.known.at)
                .await?
                .into_iter()
                .filter(|billed| billed.charge.billed_for() == line.charge.billed_for())
                .collect();
        let old = line::total(&billed)?;
        let exponent = invoice.currency(line).exponent;
        let row = [
            invoice.origin(line).into(),
            view.period.first.to_string().into(),
            line.charge.class().map_or("", SeatClass::as_str).into(),
            Cell::Amount(old, exponent),
            Cell::Amount(old.saturating_add(line.amount_minor), exponent),
            Cell::Amount(line.amount_minor, exponent),
            numbers.join(" ").into(),
            texts.join("; ").into(),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}
