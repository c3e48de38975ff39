//! What a period is expected to cost.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::{CallContext, Permission};
use usher_seats::LineKind;
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::invoicing::draft::draft;
use crate::invoicing::model::line;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::scheduled_changes;
use crate::invoicing::scheduled_changes::ScheduledChange;
use crate::invoicing::view::View;
use crate::ledger::{as_of, members};
use crate::rating;
use crate::rating::{Member, Stay, Tally, rate};
use crate::sql::LONGEST_SCAN;
use crate::terms::model::account::Account;
use crate::terms::model::price_version;
use crate::terms::model::what_if::WhatIf;
use crate::terms::{accounts, prices};

/// A forecast with what it rests on. Amounts are of the account's currency.
pub(crate) struct Forecast {
    pub(crate) account: Account,
    /// The first date of the period, and the date after the last.
    pub(crate) dates: (Date, Date),
    /// What seats have cost until now.
    pub(crate) accrued_minor: i64,
    /// What they are still to cost.
    pub(crate) remainder_minor: i64,
    /// What floors and the minimum add.
    pub(crate) floor_minor: i64,
    /// True-ups, and adjustments of earlier periods.
    pub(crate) other_minor: i64,
    pub(crate) expected_minor: i64,
    pub(crate) scheduled: Vec<ScheduledChange>,
    pub(crate) basis: String,
}

/// Expects that nobody comes or goes after a time; what is known to change is in it.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    first: Date,
    known_at: Option<Timestamp>,
) -> Result<Forecast, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let period = accounts::period(&mut tx, first).await?;
    let known = as_of::knowledge(&mut tx, known_at, ctx.now()).await?;
    let view = View::new(&mut tx, period, known).await?;
    let (accrued_minor, open) = accrued(&mut tx, &view).await?;
    let scheduled = scheduled_changes::of(&mut tx, &view).await?;
    let draft = draft(&mut tx, view.period.clone(), view.known, &WhatIf::default()).await?;
    tx.commit().await?;
    let basis = basis(&view, open)?;
    let (dates, account) = ((view.period.first, view.period.end), view.period.account);
    let own = |line: &&InvoiceLine| draft.currencies.of(line) == Some(&account.currency);
    let sum = |kinds: &[LineKind]| {
        line::total(draft.lines.iter().filter(own).filter(|line| kinds.contains(&line.kind)))
    };
    let seats_minor = sum(&[LineKind::Seat])?;
    let (floor_minor, other_minor) =
        (sum(&[LineKind::Floor, LineKind::MinimumSpend])?, sum(&[LineKind::TrueUp, LineKind::Adjustment])?);
    Ok(Forecast {
        accrued_minor,
        remainder_minor: seats_minor - accrued_minor,
        floor_minor,
        other_minor,
        expected_minor: seats_minor.saturating_add(floor_minor).saturating_add(other_minor),
        scheduled,
        basis,
        account,
        dates,
    })
}

/// What a forecast rests on, for people.
fn basis(view: &View, open: i64) -> Result<String, BillingError> {
    let begins = Timestamp::from_microsecond(view.calendar.open())
        .map_err(|_| BillingError::Stored("an instant out of range".to_owned()))?;
    Ok(format!(
        "{open} seats are open at {} and stay open to {}; prices as they are set; fact {}",
        view.known.at.max(begins),
        view.period.end,
        view.known.sequence
    ))
}

/// What seats have cost until a view's last instant, and how many were open then.
async fn accrued(tx: &mut TenantTx, view: &View) -> Result<(i64, i64), BillingError> {
    let (classes, now) = (rating::classes(), view.known.at.as_microsecond());
    let (mut tally, mut open) = (Tally::new(&classes, &view.calendar), 0);
    members::each(tx, view.known.sequence, &view.calendar, |member| {
        let begun = member.stays.iter().filter(|stay| stay.start < now);
        let so_far = begun.map(|stay| Stay { end: stay.end.map(|end| end.min(now)), ..*stay });
        if let Some(so_far) = Member::new(so_far, &classes, &view.calendar) {
            tally.add(&so_far);
        }
        // Of a coming period, those who are there when it begins.
        let at = view.last_instant().max(view.calendar.open());
        let held = member.stays.iter().any(|stay| stay.start <= at && stay.end.is_none_or(|end| at < end));
        open += i64::from(held);
    })
    .await?;
    let versions = prices::since(tx, view.period.currency_since, view.known.at).await?;
    let exponent = view.period.account.currency.exponent;
    let lines = rate(&tally, &price_version::lists(&versions, exponent)?)?;
    let lines = line::own_lines((view.period.ordinal, exponent), &view.calendar, lines, &versions, 0)?;
    Ok((line::total(lines.iter().filter(|line| line.kind == LineKind::Seat))?, open))
}
