//! Accounts: in what currency, zone and periods a workspace is billed.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::currency::Currency;
use crate::error::BillingError;
use crate::obstacle;
use crate::period::{Schedule, Terms};
use crate::store::{accounts as store, closes, prices};
use crate::zone;

/// In what a workspace's seats are paid, and in which zone its days are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) currency: Currency,
    pub(crate) zone: TimeZone,
    /// Its IANA name.
    pub(crate) zone_name: String,
}

impl Account {
    /// As a row has it.
    pub(crate) fn stored(currency: Currency, zone_name: String) -> Result<Self, BillingError> {
        let zone = zone::get(&zone_name).map_err(|error| BillingError::Stored(error.to_string()))?;
        Ok(Self { currency, zone, zone_name })
    }

    /// What holds for a workspace until it is set.
    pub(crate) fn unset() -> Self {
        let currency = Currency { code: "EUR".to_owned(), exponent: 2 };
        Self { currency, zone: TimeZone::UTC, zone_name: "UTC".to_owned() }
    }

    /// With what a change names.
    fn changed(&self, change: &AccountChange) -> Self {
        let (zone, zone_name) =
            change.zone.clone().unwrap_or_else(|| (self.zone.clone(), self.zone_name.clone()));
        let currency = change.currency.clone().unwrap_or_else(|| self.currency.clone());
        Self { currency, zone, zone_name }
    }
}

/// What an account is to become; what is absent stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct AccountChange {
    pub(crate) currency: Option<Currency>,
    /// With its IANA name.
    pub(crate) zone: Option<(TimeZone, String)>,
    /// From when on periods are counted; that of calendar months is [`crate::period::CALENDAR`].
    pub(crate) anchor: Option<Date>,
    /// The boundary from which it holds; absent for the whole account.
    pub(crate) effective: Option<Date>,
}

/// The zone of a name that a caller sent.
pub(crate) fn named_zone(name: &str) -> Result<(TimeZone, String), InvalidArgument> {
    let zone = zone::get(name).map_err(|error| invalid("time_zone", error))?;
    Ok((zone, name.to_owned()))
}

/// Sets what is named of currency, zone and periods: of an account in use only from a coming boundary on.
pub(crate) async fn upsert(
    database: &Database,
    ctx: &CallContext,
    change: AccountChange,
) -> Result<Terms, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin_at(ctx.now()).await?;
    store::lock(&mut tx).await?;
    let known = store::terms(&mut tx).await?;
    let today = today(&Schedule::new(known.clone()), ctx.now());
    let changed = match change.effective {
        Some(boundary) => from_boundary(&mut tx, &known, &change, boundary, today).await?,
        None => from_the_beginning(&mut tx, &known, &change, today).await?,
    };
    let Some(terms) = changed else {
        return Ok(Schedule::new(known).terms_on(Date::MAX).clone());
    };
    store::save_terms(&mut tx, &terms).await?;
    let detail = json!({
        "currency": terms.account.currency.code, "time_zone": terms.account.zone_name,
        "anchor": terms.anchor.to_string(), "valid_from": terms.valid_from.to_string(),
    });
    audit::note(&mut tx, ctx, "account.set", detail).await?;
    tx.commit().await?;
    Ok(terms)
}

/// The account's date now.
fn today(schedule: &Schedule, now: jiff::Timestamp) -> Date {
    let near = TimeZone::UTC.to_datetime(now).date();
    schedule.terms_on(near).account.zone.to_datetime(now).date()
}

/// The terms from a coming period's first date on.
async fn from_boundary(
    tx: &mut TenantTx,
    known: &[Terms],
    change: &AccountChange,
    boundary: Date,
    today: Date,
) -> Result<Option<Terms>, BillingError> {
    let schedule = Schedule::new(known.to_vec());
    let current = schedule.terms_on(boundary);
    let begins = schedule.containing(boundary).is_some_and(|period| period.first == boundary);
    if boundary <= today || !begins {
        return Err(invalid(
            "effective_date",
            "it must be the first date of a coming period; an account changes at a boundary only",
        )
        .into());
    }
    let account = current.account.changed(change);
    if account.currency != current.account.currency
        && let Some(until) = store::priced_until(tx, boundary).await?
    {
        return Err(BillingError::CurrencyInUse { boundary, until });
    }
    let terms = Terms { valid_from: boundary, anchor: change.anchor.unwrap_or(current.anchor), account };
    let mut others = known.to_vec();
    if others.is_empty() {
        // Until the boundary there is what holds where nothing was ever set.
        others.push(Terms::unset());
    }
    others.retain(|other| other.valid_from != boundary);
    let next = Schedule::new(others.iter().cloned().chain([terms.clone()]).collect());
    if !next.is_contiguous() {
        return Err(invalid(
            "time_zone",
            "a period of one date would have no instant; change the zone later",
        )
        .into());
    }
    let versions = prices::all(tx).await?;
    obstacle::refuse_new((&schedule, &versions), (&next, &versions))?;
    if known.is_empty() {
        store::save_terms(tx, &Terms::unset()).await?;
    }
    Ok(Some(terms))
}

/// The terms of all periods, of an account that nothing is billed by yet; none where that changes nothing.
async fn from_the_beginning(
    tx: &mut TenantTx,
    known: &[Terms],
    change: &AccountChange,
    today: Date,
) -> Result<Option<Terms>, BillingError> {
    let schedule = Schedule::new(known.to_vec());
    let last = schedule.terms_on(Date::MAX);
    let anchor = change.anchor.unwrap_or(last.anchor);
    let terms = Terms { valid_from: anchor, anchor, account: last.account.changed(change) };
    if !known.is_empty() && (terms.anchor, &terms.account) == (last.anchor, &last.account) {
        return Ok(None);
    }
    let unchanged = (terms.anchor, &terms.account) == (last.anchor, &last.account);
    if !unchanged && (store::is_billed(tx).await? || closes::last(tx).await?.is_some()) {
        return Err(BillingError::AccountInUse);
    }
    // Nothing is billed before the anchor.
    if today.checked_add(1.year()).is_ok_and(|latest| latest < anchor) {
        return Err(invalid("anchor_date", "periods begin within a year at the latest").into());
    }
    store::clear_terms(tx).await?;
    Ok(Some(terms))
}

/// Reads the terms that hold today, and those that are to hold later, by date.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<(Terms, Vec<Terms>), BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let schedule = Schedule::new(store::terms(&mut tx).await?);
    tx.commit().await?;
    let today = today(&schedule, ctx.now());
    Ok((schedule.terms_on(today).clone(), schedule.terms_after(today).to_vec()))
}
