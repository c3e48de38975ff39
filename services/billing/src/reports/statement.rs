//! Report `STATEMENT`: the lines of a period's invoice.

use std::collections::BTreeSet;

use usher_rating::RatingError;
use usher_seats::{CountingMode, SeatClass};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::invoices;
use crate::invoicing::invoices::{Invoice, State};
use crate::invoicing::view::View;
use crate::ledger::store::ledgers;
use crate::reports::model::About;
use crate::reports::writer::{Cell, Writer};

pub(super) const COLUMNS: [&str; 13] = [
    "period",
    "line_no",
    "kind",
    "class",
    "origin_period",
    "mode",
    "price_version",
    "unit_price",
    "seat_days",
    "exact_num",
    "exact_den",
    "amount",
    "currency",
];

/// Returns the period's invoice as of a time.
pub(super) async fn invoice(tx: &mut TenantTx, view: &View) -> Result<Invoice, BillingError> {
    invoices::read(tx, view.period.clone(), Some(view.known.at), view.known.at).await
}

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let invoice = invoice(tx, view).await?;
    for (number, line) in (1_i64..).zip(invoice.lines()) {
        let currency = invoice.currency(line);
        let origin = invoice.origin(line);
        let row = [
            view.period.first.to_string().into(),
            number.into(),
            line.charge.kind().as_str().into(),
            line.charge.class().map_or("", SeatClass::as_str).into(),
            origin.into(),
            line.charge.mode().map_or("", CountingMode::as_str).into(),
            line.charge.price_versions().join(" ").into(),
            line.charge.unit_prices().join(" ").into(),
            line.charge.seat_days().into(),
            Cell::Text(line.exact.numer().to_string()),
            Cell::Text(line.exact.denom().to_string()),
            Cell::Amount(line.amount_minor, currency.exponent),
            currency.code.as_str().into(),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}

/// Returns the manifest's data about a period. If prices are missing, it lists none: a report that needs them fails
/// by itself, and the others do not need them.
pub(super) async fn about(tx: &mut TenantTx, view: &View) -> Result<About, BillingError> {
    let invoice = match invoice(tx, view).await {
        Err(BillingError::Rating(RatingError::PriceMissing { .. })) => None,
        invoice => Some(invoice?),
    };
    let lines = invoice.as_ref().map_or(&[][..], Invoice::lines);
    let mut modes: Vec<CountingMode> = lines.iter().filter_map(|line| line.charge.mode()).collect();
    modes.sort_unstable_by_key(|mode| mode.as_str());
    modes.dedup();
    let versions: BTreeSet<String> = lines.iter().flat_map(|line| line.charge.price_versions()).collect();
    let (sequence, head_hash) = match invoice.as_ref().map(|invoice| &invoice.state) {
        Some(State::Closed(close, _)) => (close.sequence, Some(close.head_hash)),
        Some(State::Provisional(draft, _)) => (draft.sequence, ledgers::hash_at(tx, draft.sequence).await?),
        None => (view.known.sequence, ledgers::hash_at(tx, view.known.sequence).await?),
    };
    Ok(About {
        dates: Some((view.period.first, view.period.end)),
        sequence,
        head_hash: head_hash.map(|hash| hash.to_vec()).unwrap_or_default(),
        modes,
        price_versions: versions.into_iter().collect(),
    })
}
