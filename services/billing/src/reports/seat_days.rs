//! Report `SEAT_DAYS`: seat-days by person, with each person's share of the amount.

use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::allocations;
use crate::invoicing::view::View;
use crate::reports::writer::{Cell, Writer};

/// `display` is empty, because billing has no names. A reader who may see names requests them from identity by person
/// key, as `usher admin report --names` does.
pub(super) const COLUMNS: [&str; 8] =
    ["period", "person_key", "display", "class", "first_date", "last_date", "days", "allocated_amount"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let mut shares = allocations::of_period(tx, view).await?;
    shares.sort_by_key(|share| (share.person, std::cmp::Reverse(share.class)));
    for share in shares {
        let (first, last) = share.dates.map(|(a, b)| (a.to_string(), b.to_string())).unwrap_or_default();
        let row = [
            view.period.first.to_string().into(),
            share.person.to_string().into(),
            Cell::Empty,
            share.class.as_str().into(),
            first.into(),
            last.into(),
            share.days.into(),
            Cell::Amount(share.amount_minor, view.period.account.currency.exponent),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}
