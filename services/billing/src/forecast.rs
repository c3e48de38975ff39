//! What a period is expected to cost.

use jiff::civil::Date;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::accounts::Account;
use crate::class::SeatClass;
use crate::draft::{Draft, draft};
use crate::error::BillingError;
use crate::invoice::{self, Kind};
use crate::invoices;
use crate::members;
use crate::price;
use crate::rating::{Member, Stay, Tally, rate_tally};
use crate::store::prices;
use crate::what_if::WhatIf;

/// A forecast with what it rests on.
pub(crate) struct Forecast {
    pub(crate) account: Account,
    pub(crate) accrued_minor: i64,
    pub(crate) expected_minor: i64,
    pub(crate) floor_minor: i64,
    pub(crate) basis: String,
}

/// Expects that nobody comes or goes after now; known price changes are in it.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    first: Date,
) -> Result<Forecast, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let period = invoices::period(&mut tx, first).await?;
    let known = invoices::knowledge(&mut tx, None, ctx.now()).await?;
    let sequence = known.sequence;
    let draft = draft(&mut tx, period, known, &WhatIf::default()).await?;
    let Draft { period, calendar, lines, .. } = draft;
    let (classes, now) = (SeatClass::rated(), ctx.now().as_microsecond());
    let (mut tally, mut open) = (Tally::new(&classes, &calendar), 0);
    members::each(&mut tx, sequence, &calendar, |member| {
        let begun = member.stays.iter().filter(|stay| stay.start < now);
        let so_far = begun.map(|stay| Stay { end: stay.end.map(|end| end.min(now)), ..*stay });
        if let Some(so_far) = Member::new(so_far, &classes, &calendar) {
            tally.add(&so_far);
        }
        // In a period that has ended, those who were there at its last instant.
        let at = now.min(calendar.close() - 1);
        open += member
            .stays
            .iter()
            .filter(|stay| stay.start <= at && stay.end.is_none_or(|end| at < end))
            .count();
    })
    .await?;
    let versions = prices::all(&mut tx).await?;
    tx.commit().await?;
    let lists = price::lists(&versions, period.account.exponent)?;
    let accrued = rate_tally(&tally, &lists)?;
    let accrued = invoice::own_lines(period.ordinal, &calendar, accrued, &versions, 0)?;
    let seats: Vec<_> = accrued.into_iter().filter(|line| line.kind == Kind::Seat).collect();
    let owed: Vec<_> = lines.into_iter().filter(|line| !line.kind.is_credit()).collect();
    let floors: Vec<_> =
        owed.iter().filter(|line| matches!(line.kind, Kind::Floor | Kind::MinimumSpend)).cloned().collect();
    Ok(Forecast {
        accrued_minor: invoice::total(&seats)?,
        expected_minor: invoice::total(&owed)?,
        floor_minor: invoice::total(&floors)?,
        basis: format!(
            "{open} seats are open now and stay open to {}; prices as they are set; fact {sequence}",
            period.end
        ),
        account: period.account,
    })
}
