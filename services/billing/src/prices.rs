//! The rules of prices.

use jiff::civil::Date;
use usher_base::id::PriceId;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::class::SeatClass;
use crate::error::BillingError;
use crate::price::{PriceVersion, UnitPrice};
use crate::store::{accounts, prices as store};

/// A price that is to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPrice {
    pub(crate) class: SeatClass,
    pub(crate) unit_price: UnitPrice,
    pub(crate) valid_from: Date,
}

/// Adds a price. From then on the account's currency and zone are fixed.
pub(crate) async fn create(
    database: &Database,
    ctx: &CallContext,
    new: NewPrice,
) -> Result<PriceVersion, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let NewPrice { class, unit_price, valid_from } = new;
    let version = PriceVersion { id: PriceId::new(ctx.clock()), class, unit_price, valid_from };
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    accounts::lock(&mut tx).await?;
    if !store::insert(&mut tx, &version, ctx.now(), &ctx.actor().to_string()).await? {
        return Err(BillingError::PriceExists { class, valid_from });
    }
    tx.commit().await?;
    Ok(version)
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
