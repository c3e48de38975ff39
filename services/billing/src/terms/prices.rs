//! The rules of prices.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use usher_base::id::PriceId;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_seats::{CountingMode, SeatClass};
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::error::BillingError;
use crate::terms::model::currency::Currency;
use crate::terms::model::mode_conflict;
use crate::terms::model::period::Schedule;
use crate::terms::model::price_version::{PriceVersion, UnitPrice};
use crate::terms::store::closed::closed_until;
use crate::terms::store::{accounts, prices as store};

/// A price to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPrice {
    pub(crate) class: SeatClass,
    pub(crate) unit_price: UnitPrice,
    pub(crate) valid_from: Date,
    pub(crate) mode: CountingMode,
    pub(crate) included: i64,
    pub(crate) floor: i64,
}

/// A price with its currency.
pub(crate) struct Priced {
    pub(crate) version: PriceVersion,
    pub(crate) currency: Currency,
}

impl Priced {
    fn new(version: PriceVersion, schedule: &Schedule) -> Self {
        let currency = schedule.terms_on(version.valid_from).account.currency.clone();
        Self { version, currency }
    }

    fn detail(&self) -> Value {
        let PriceVersion { id, class, unit_price, valid_from, mode, included, floor } = &self.version;
        json!({
            "price": id.to_string(), "class": class.as_str(), "currency": self.currency.code,
            "unit_price": unit_price.spelled(self.currency.exponent), "valid_from": valid_from.to_string(),
            "mode": mode.as_str(), "included": included, "floor": floor,
        })
    }
}

/// Checks that a free class has no price but 0.
pub(crate) fn check(class: SeatClass, unit_price: UnitPrice) -> Result<(), InvalidArgument> {
    if class.is_paid() || unit_price == UnitPrice::from_micros(0) {
        return Ok(());
    }
    Err(invalid("unit_price", format_args!("a {class} seat is free; its price must be 0")))
}

/// Adds a price. From then on the account's currency and zone can change only at a future boundary. If the same price
/// exists, returns that one.
pub(crate) async fn create(
    database: &Database,
    ctx: &CallContext,
    new: NewPrice,
) -> Result<Priced, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let NewPrice { class, unit_price, valid_from, mode, included, floor } = new;
    check(class, unit_price)?;
    let id = PriceId::new(scope.clock());
    let version = PriceVersion { id, class, unit_price, valid_from, mode, included, floor };
    let mut tx = database.begin_at(scope.now()).await?;
    accounts::lock(&mut tx).await?;
    let known = store::all(&mut tx).await?;
    let schedule = accounts::schedule(&mut tx).await?;
    if let Some(known) = known.iter().find(|known| (known.class, known.valid_from) == (class, valid_from)) {
        let same = PriceVersion { id, ..known.clone() } == version;
        let known = Priced::new(known.clone(), &schedule);
        return if same { Ok(known) } else { Err(BillingError::PriceExists { class, valid_from }) };
    }
    if closed_until(&mut tx).await?.is_some_and(|end| valid_from < end) {
        return Err(BillingError::ClosedDate(valid_from));
    }
    let changed: Vec<PriceVersion> = known.iter().cloned().chain([version.clone()]).collect();
    mode_conflict::refuse_new((&schedule, &known), (&schedule, &changed))?;
    store::insert(&mut tx, &version, scope.now(), &scope.actor().to_string()).await?;
    let priced = Priced::new(version, &schedule);
    audit::note(&mut tx, &scope, "price.create", priced.detail()).await?;
    tx.commit().await?;
    Ok(priced)
}

/// Withdraws a price that applies to no date of a closed period. The price before it applies again.
pub(crate) async fn withdraw(
    database: &Database,
    ctx: &CallContext,
    id: PriceId,
) -> Result<Priced, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    accounts::lock(&mut tx).await?;
    let (version, withdrawn) =
        store::find(&mut tx, id).await?.ok_or(BillingError::NotFound("PriceVersion"))?;
    let schedule = accounts::schedule(&mut tx).await?;
    let priced = Priced::new(version, &schedule);
    if withdrawn {
        return Ok(priced);
    }
    if let Some(end) = closed_until(&mut tx).await?.filter(|end| priced.version.valid_from < *end) {
        return Err(BillingError::Billed { end });
    }
    let known = store::all(&mut tx).await?;
    let left: Vec<PriceVersion> = known.iter().filter(|known| known.id != id).cloned().collect();
    mode_conflict::refuse_new((&schedule, &known), (&schedule, &left))?;
    store::withdraw(&mut tx, id, scope.now(), &scope.actor().to_string()).await?;
    audit::note(&mut tx, &scope, "price.withdraw", priced.detail()).await?;
    tx.commit().await?;
    Ok(priced)
}

/// Returns the prices as of a time, in the currency in force since a date: an amount in another currency is not a
/// price.
pub(crate) async fn since(
    tx: &mut TenantTx,
    currency_since: Option<Date>,
    known_at: Timestamp,
) -> Result<Vec<PriceVersion>, BillingError> {
    let mut versions = store::known(tx, known_at).await?;
    versions.retain(|version| currency_since.is_none_or(|since| since <= version.valid_from));
    Ok(versions)
}

/// Returns all prices, by rank of class and date.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Priced>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingAdmin)?);
    let mut tx = database.begin().await?;
    let versions = store::all(&mut tx).await?;
    let schedule = accounts::schedule(&mut tx).await?;
    tx.commit().await?;
    Ok(versions.into_iter().map(|version| Priced::new(version, &schedule)).collect())
}
