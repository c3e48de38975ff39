//! Accounts: in what currency, zone and periods a workspace is billed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_store::Database;

use crate::audit;
use crate::currency::Currency;
use crate::error::BillingError;
use crate::period::{CALENDAR, Schedule, Terms};
use crate::store::{accounts as store, closes};
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
    /// Validates what a caller sent.
    pub(crate) fn new(currency: &str, exponent: i32, zone_name: &str) -> Result<Self, InvalidArgument> {
        let currency = Currency::new(currency, exponent)?;
        let zone = zone::get(zone_name).map_err(|error| invalid("time_zone", error))?;
        Ok(Self { currency, zone, zone_name: zone_name.to_owned() })
    }

    /// What holds for a workspace until somebody sets it.
    pub(crate) fn unset() -> Self {
        let currency = Currency { code: "EUR".to_owned(), exponent: 2 };
        Self { currency, zone: TimeZone::UTC, zone_name: "UTC".to_owned() }
    }
}

/// What an account is to become.
#[derive(Clone, Debug)]
pub(crate) struct AccountChange {
    pub(crate) account: Account,
    /// From when on periods are counted; absent for calendar months.
    pub(crate) anchor: Option<Date>,
    /// The boundary from which it holds; absent for the whole account.
    pub(crate) effective: Option<Date>,
}

/// Sets currency, zone and periods: of an account in use only from a coming boundary on.
pub(crate) async fn upsert(
    database: &Database,
    ctx: &CallContext,
    change: AccountChange,
) -> Result<Terms, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    store::lock(&mut tx).await?;
    let known = store::terms(&mut tx).await?;
    let never_set = known.is_empty();
    let schedule = Schedule::new(known);
    let terms = if let Some(boundary) = change.effective {
        let current = schedule.terms_on(boundary);
        let today = current.account.zone.to_datetime(ctx.now()).date();
        let begins = schedule.containing(boundary).is_some_and(|period| period.first == boundary);
        if boundary <= today || !begins {
            return Err(invalid(
                "effective_date",
                "it must be the first date of a coming period; an account changes at a boundary only",
            )
            .into());
        }
        if change.account.currency != current.account.currency
            && let Some(until) = store::priced_until(&mut tx, boundary).await?
        {
            return Err(BillingError::CurrencyInUse { boundary, until });
        }
        if never_set {
            // Until the boundary there is what holds where nobody says anything.
            store::save_terms(&mut tx, &Terms::unset()).await?;
        }
        let anchor = change.anchor.unwrap_or(current.anchor);
        Terms { valid_from: boundary, anchor, account: change.account }
    } else {
        let anchor = change.anchor.unwrap_or(CALENDAR);
        let terms = Terms { valid_from: anchor, anchor, account: change.account };
        let unused = !store::is_billed(&mut tx).await? && closes::last(&mut tx).await?.is_none();
        if *schedule.terms_on(Date::MAX) != terms && !unused {
            return Err(BillingError::AccountInUse);
        }
        store::clear_terms(&mut tx).await?;
        terms
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

/// Reads the terms that hold today.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Terms, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let schedule = Schedule::new(store::terms(&mut tx).await?);
    tx.commit().await?;
    let today = TimeZone::UTC.to_datetime(ctx.now()).date();
    Ok(schedule.terms_on(today).clone())
}
