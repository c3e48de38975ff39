//! Accounts: the currency, time zone and periods of a workspace.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::error::BillingError;
use crate::terms::model::account_change::AccountChange;
use crate::terms::model::period::{Period, Planned, Schedule, Terms};
use crate::terms::model::{account_change, mode_conflict};
use crate::terms::store::closed::closed_until;
use crate::terms::store::{accounts as store, prices};

/// Sets the named fields of currency, zone and periods. An account in use changes only from a future boundary on.
pub(crate) async fn upsert(
    database: &Database,
    ctx: &CallContext,
    change: AccountChange,
) -> Result<Planned, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    store::lock(&mut tx).await?;
    let stored = store::terms(&mut tx).await?;
    // If nothing was ever set, the default terms apply.
    let known = if stored.is_empty() { vec![Terms::unset()] } else { stored.clone() };
    let today = today(&Schedule::new(known.clone()), scope.now());
    let changed = match change.effective {
        Some(boundary) => from_boundary(&mut tx, &known, &change, boundary, today).await?,
        None => from_the_beginning(&mut tx, &known, &change, today).await?,
    };
    let since = change.effective.unwrap_or(today);
    let planned = planned(&Schedule::new(changed.clone()), since);
    if changed == stored {
        return Ok(planned);
    }
    let gone = stored.iter().map(|terms| terms.valid_from);
    let gone: Vec<Date> = gone.filter(|date| changed.iter().all(|terms| terms.valid_from != *date)).collect();
    let written: Vec<Terms> = changed.into_iter().filter(|terms| !stored.contains(terms)).collect();
    store::replace_terms(&mut tx, &gone, &written).await?;
    let mut detail = described(&planned.0);
    // Includes the effect on later terms.
    detail["coming"] = written.iter().filter(|terms| terms.valid_from > since).map(described).collect();
    audit::note(&mut tx, &scope, "account.set", detail).await?;
    tx.commit().await?;
    Ok(planned)
}

/// Formats terms for the audit log.
fn described(terms: &Terms) -> Value {
    json!({
        "currency": terms.account.currency.code, "time_zone": terms.account.zone_name,
        "anchor": terms.anchor.to_string(), "valid_from": terms.valid_from.to_string(),
    })
}

/// Returns the terms on a date, and the scheduled ones after it.
fn planned(schedule: &Schedule, on: Date) -> Planned {
    (schedule.terms_on(on).clone(), schedule.terms_after(on).to_vec())
}

/// Returns the current date in the account's zone.
fn today(schedule: &Schedule, now: jiff::Timestamp) -> Date {
    let near = TimeZone::UTC.to_datetime(now).date();
    schedule.terms_on(near).account.zone.to_datetime(now).date()
}

/// Returns the terms if the change applies from the first date of a future period on.
async fn from_boundary(
    tx: &mut TenantTx,
    known: &[Terms],
    change: &AccountChange,
    boundary: Date,
    today: Date,
) -> Result<Vec<Terms>, BillingError> {
    let schedule = Schedule::new(known.to_vec());
    let begins = schedule.containing(boundary).is_some_and(|period| period.first == boundary);
    if boundary <= today || !begins {
        return Err(invalid(
            "effective_date",
            "it must be the first date of a future period, because accounts change only at a period's boundary",
        )
        .into());
    }
    let changed = change.since(known, boundary);
    refuse_displaced(known, &changed)?;
    let next = Schedule::new(changed.clone());
    if next.terms_on(boundary).account.currency != schedule.terms_on(boundary).account.currency
        && let Some(until) = store::priced_until(tx, boundary).await?
    {
        return Err(BillingError::CurrencyInUse { boundary, until });
    }
    if !next.is_contiguous() {
        return Err(invalid(
            "time_zone",
            "a period of one date would have no instant; change the zone later",
        )
        .into());
    }
    let versions = prices::all(tx).await?;
    mode_conflict::refuse_new((&schedule, &versions), (&next, &versions))?;
    Ok(changed)
}

/// Returns the terms if the change applies from the beginning: either nothing is billed by the account yet, or the
/// values are in force today already.
async fn from_the_beginning(
    tx: &mut TenantTx,
    known: &[Terms],
    change: &AccountChange,
    today: Date,
) -> Result<Vec<Terms>, BillingError> {
    let changed = change.throughout(known, today);
    if changed == known {
        return Ok(changed);
    }
    if store::is_billed(tx).await? || closed_until(tx).await?.is_some() {
        let holds = change.holds_in(Schedule::new(known.to_vec()).terms_on(today));
        return if holds { Ok(known.to_vec()) } else { Err(BillingError::AccountInUse) };
    }
    // Nothing is billed before the anchor.
    if let Some(anchor) = change.anchor
        && today.checked_add(1.year()).is_ok_and(|latest| latest < anchor)
    {
        return Err(invalid("anchor_date", "periods must begin within a year").into());
    }
    refuse_displaced(known, &changed)?;
    if !Schedule::new(changed.clone()).is_contiguous() {
        return Err(invalid(
            "time_zone",
            "a period of one date would have no instant, because a change of zone is scheduled; set that zone again first",
        )
        .into());
    }
    Ok(changed)
}

/// Refuses periods that would put a scheduled change inside a period: it was to apply from a period's first date.
fn refuse_displaced(known: &[Terms], changed: &[Terms]) -> Result<(), BillingError> {
    let Some(date) = account_change::displaced(known, changed) else { return Ok(()) };
    let fault = format_args!(
        "the account changes on {date} too, and that would be within a period; choose an anchor by which one \
         begins then, or take that change back first: name for {date} what holds before it"
    );
    Err(invalid("anchor_date", fault).into())
}

/// Returns the terms in force today, and the scheduled ones, by date.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Planned, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin().await?;
    let schedule = Schedule::new(store::terms(&mut tx).await?);
    tx.commit().await?;
    Ok(planned(&schedule, today(&schedule, scope.now())))
}

/// Returns the period that begins on a date.
pub(crate) async fn period(tx: &mut TenantTx, first: Date) -> Result<Period, BillingError> {
    let schedule = store::schedule(tx).await?;
    let found = schedule.containing(first).filter(|period| period.first == first);
    Ok(found.ok_or_else(|| invalid("start_date", "it is not the first date of a period of the account"))?)
}
