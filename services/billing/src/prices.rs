//! The rules of prices.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use usher_base::id::PriceId;
use usher_base::{CallContext, Permission};
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::class::SeatClass;
use crate::error::BillingError;
use crate::price::{PriceVersion, UnitPrice};
use crate::rating::Mode;
use crate::store::{accounts, closes, prices as store};

/// A price that is to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPrice {
    pub(crate) class: SeatClass,
    pub(crate) unit_price: UnitPrice,
    pub(crate) valid_from: Date,
    pub(crate) mode: Mode,
    pub(crate) included: i64,
    pub(crate) floor: i64,
}

/// Adds a price. From then on the account's currency and zone are fixed. The same price again is the one
/// that is there.
pub(crate) async fn create(
    database: &Database,
    ctx: &CallContext,
    new: NewPrice,
) -> Result<PriceVersion, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let NewPrice { class, unit_price, valid_from, mode, included, floor } = new;
    let id = PriceId::new(ctx.clock());
    let version = PriceVersion { id, class, unit_price, valid_from, mode, included, floor };
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    accounts::lock(&mut tx).await?;
    let known = store::all(&mut tx).await?;
    if let Some(known) =
        known.into_iter().find(|known| (known.class, known.valid_from) == (class, valid_from))
    {
        let same = PriceVersion { id, ..known.clone() } == version;
        return if same { Ok(known) } else { Err(BillingError::PriceExists { class, valid_from }) };
    }
    if closes::last(&mut tx).await?.is_some_and(|last| valid_from < last.end) {
        return Err(BillingError::ClosedDate(valid_from));
    }
    store::insert(&mut tx, &version, ctx.now(), &ctx.actor().to_string()).await?;
    let detail = json!({
        "price": id.to_string(), "class": class.as_str(), "unit_price": unit_price.to_string(),
        "valid_from": valid_from.to_string(), "mode": mode.as_str(), "included": included, "floor": floor,
    });
    audit::note(&mut tx, ctx, "price.create", detail).await?;
    tx.commit().await?;
    Ok(version)
}

/// Sets what a period costs at least, from the first period that begins on a date or later. The same again
/// changes nothing.
pub(crate) async fn set_minimum_spend(
    database: &Database,
    ctx: &CallContext,
    valid_from: Date,
    amount_minor: i64,
) -> Result<(), BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    accounts::lock(&mut tx).await?;
    if let Some(known) = accounts::minimum_from(&mut tx, valid_from).await? {
        let same = known == amount_minor;
        return if same { Ok(()) } else { Err(BillingError::MinimumExists(valid_from)) };
    }
    if closes::last(&mut tx).await?.is_some_and(|last| valid_from < last.end) {
        return Err(BillingError::ClosedDate(valid_from));
    }
    let by = ctx.actor().to_string();
    accounts::set_minimum_spend(&mut tx, valid_from, amount_minor, ctx.now(), &by).await?;
    let detail = json!({"valid_from": valid_from.to_string(), "amount_minor": amount_minor});
    audit::note(&mut tx, ctx, "minimum_spend.set", detail).await?;
    tx.commit().await?;
    Ok(())
}

/// The prices that were there at a time, in the currency that holds since a date: an amount in another one
/// is no price.
pub(crate) async fn since(
    tx: &mut TenantTx,
    currency_since: Option<Date>,
    known_at: Timestamp,
) -> Result<Vec<PriceVersion>, BillingError> {
    let mut versions = store::known(tx, known_at).await?;
    versions.retain(|version| currency_since.is_none_or(|since| since <= version.valid_from));
    Ok(versions)
}

/// All prices, by rank of class and date.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<PriceVersion>, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let versions = store::all(&mut tx).await?;
    tx.commit().await?;
    Ok(versions)
}
