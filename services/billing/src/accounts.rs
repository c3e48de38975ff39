//! Accounts: in what currency and zone a workspace is billed.

use jiff::tz::TimeZone;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_store::Database;

use crate::error::BillingError;
use crate::store::accounts as store;
use crate::zone;

/// A workspace's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// ISO 4217.
    pub(crate) currency: String,
    /// The currency's decimal places.
    pub(crate) exponent: u32,
    pub(crate) zone: TimeZone,
    /// Its IANA name.
    pub(crate) zone_name: String,
}

impl Account {
    /// Validates what a caller sent.
    pub(crate) fn new(currency: &str, exponent: i32, zone_name: &str) -> Result<Self, InvalidArgument> {
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(invalid("currency", "write its ISO 4217 code, such as EUR"));
        }
        let exponent = u32::try_from(exponent)
            .ok()
            .filter(|exponent| *exponent <= 3)
            .ok_or_else(|| invalid("exponent", "a currency has 0 to 3 decimal places"))?;
        let zone = zone::get(zone_name).map_err(|error| invalid("time_zone", error))?;
        Ok(Self { currency: currency.to_owned(), exponent, zone, zone_name: zone_name.to_owned() })
    }

    /// What holds for a workspace until somebody sets it.
    pub(crate) fn unset() -> Self {
        Self { currency: "EUR".to_owned(), exponent: 2, zone: TimeZone::UTC, zone_name: "UTC".to_owned() }
    }
}

/// Sets currency and zone. Once there are prices, only to what they are already.
pub(crate) async fn upsert(
    database: &Database,
    ctx: &CallContext,
    account: Account,
) -> Result<Account, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let current = store::lock(&mut tx).await?;
    if current != account {
        if store::has_prices(&mut tx).await? {
            return Err(BillingError::AccountInUse);
        }
        store::save(&mut tx, &account).await?;
    }
    tx.commit().await?;
    Ok(account)
}

/// Reads the account.
pub(crate) async fn get(database: &Database, ctx: &CallContext) -> Result<Account, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let account = store::find(&mut tx).await?;
    tx.commit().await?;
    Ok(account.unwrap_or_else(Account::unset))
}
