//! What was booked in a period about periods that were closed before.

use usher_store::TenantTx;

use super::Subject;
use super::statement::invoice;
use super::writer::{Cell, Writer};
use crate::class::SeatClass;
use crate::error::BillingError;
use crate::invoice::{self, InvoiceLine, Kind};
use crate::invoices::State;
use crate::store::{closes, facts};

/// `fact_seq` and `reason` are those of all facts that were booked together.
pub(super) const COLUMNS: [&str; 8] =
    ["origin_period", "booked_period", "class", "old_amount", "new_amount", "delta", "fact_seq", "reason"];

pub(super) async fn write(
    tx: &mut TenantTx,
    subject: &Subject,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    let exponent = subject.period.account.exponent;
    let invoice = invoice(tx, subject).await?;
    let until = match &invoice.state {
        State::Closed(close, _) => close.sequence,
        State::Provisional(draft, _) => draft.sequence,
    };
    let earlier = closes::all(tx).await?.into_iter().rfind(|close| close.ordinal < subject.period.ordinal);
    let since = earlier.as_ref().map_or(0, |close| close.sequence);
    let booked: Vec<&InvoiceLine> =
        invoice.lines().iter().filter(|line| line.kind == Kind::Adjustment).collect();
    let reasons = facts::reasons(tx, since, until).await?;
    let numbers: Vec<String> = reasons.iter().map(|(sequence, _)| sequence.to_string()).collect();
    let texts: Vec<&str> = reasons.iter().map(|(_, reason)| reason.as_str()).collect();
    for line in booked {
        let billed: Vec<InvoiceLine> =
            closes::lines_about(tx, line.origin, subject.period.ordinal, subject.known.at)
                .await?
                .into_iter()
                .filter(|billed| billed.class == line.class && !billed.kind.is_credit())
                .collect();
        let old = invoice::total(&billed)?;
        let row = [
            invoice.origins.get(&line.origin).map(ToString::to_string).unwrap_or_default().into(),
            subject.period.first.to_string().into(),
            line.class.map_or("", SeatClass::as_str).into(),
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
