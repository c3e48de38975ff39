//! The rules of minimum spends.

use jiff::civil::Date;
use serde_json::{Value, json};
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::audit;
use crate::error::BillingError;
use crate::terms::model::minimum_spend::Minimum;
use crate::terms::store::closed::closed_until;
use crate::terms::store::{accounts, minimums as store};

fn detail(valid_from: Date, amount_minor: i64) -> Value {
    json!({"valid_from": valid_from.to_string(), "amount_minor": amount_minor})
}

/// Sets the minimum spend, from the first period that begins on a date or later. Repeating it changes nothing.
pub(crate) async fn set(
    database: &Database,
    ctx: &CallContext,
    valid_from: Date,
    amount_minor: i64,
) -> Result<(), BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    accounts::lock(&mut tx).await?;
    if let Some(known) = store::find(&mut tx, valid_from).await? {
        let same = known == amount_minor;
        return if same { Ok(()) } else { Err(BillingError::MinimumExists(valid_from)) };
    }
    if closed_until(&mut tx).await?.is_some_and(|end| valid_from < end) {
        return Err(BillingError::ClosedDate(valid_from));
    }
    store::insert(&mut tx, valid_from, amount_minor, scope.now(), &scope.actor().to_string()).await?;
    audit::note(&mut tx, &scope, "minimum_spend.set", detail(valid_from, amount_minor)).await?;
    tx.commit().await?;
    Ok(())
}

/// Withdraws the minimum from a date, if no closed period uses it.
pub(crate) async fn withdraw(
    database: &Database,
    ctx: &CallContext,
    valid_from: Date,
) -> Result<Minimum, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    accounts::lock(&mut tx).await?;
    let currency = accounts::schedule(&mut tx).await?.terms_on(valid_from).account.currency.clone();
    let Some(amount_minor) = store::find(&mut tx, valid_from).await? else {
        let withdrawn = store::last_withdrawn(&mut tx, valid_from).await?;
        let amount_minor = withdrawn.ok_or(BillingError::NotFound("MinimumSpend"))?;
        return Ok(Minimum { valid_from, amount_minor, currency });
    };
    if let Some(end) = closed_until(&mut tx).await?.filter(|end| valid_from < *end) {
        return Err(BillingError::Billed { end });
    }
    store::withdraw(&mut tx, valid_from, scope.now(), &scope.actor().to_string()).await?;
    audit::note(&mut tx, &scope, "minimum_spend.withdraw", detail(valid_from, amount_minor)).await?;
    tx.commit().await?;
    Ok(Minimum { valid_from, amount_minor, currency })
}

/// Returns all minimums, by date.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Minimum>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingAdmin)?);
    let mut tx = database.begin().await?;
    let found = store::all(&mut tx).await?;
    let schedule = accounts::schedule(&mut tx).await?;
    tx.commit().await?;
    let minimum = |(valid_from, amount_minor)| Minimum {
        valid_from,
        amount_minor,
        currency: schedule.terms_on(valid_from).account.currency.clone(),
    };
    Ok(found.into_iter().map(minimum).collect())
}
