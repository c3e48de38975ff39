//! The rules of commitments.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use usher_base::id::CommitmentId;
use usher_base::{CallContext, Permission, TenantScope};
use usher_rpc::convert::invalid;
use usher_seats::Pool;
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::error::BillingError;
use crate::terms::model::bought_term::{Commitment, committed};
use crate::terms::model::currency::Currency;
use crate::terms::model::period::Schedule;
use crate::terms::model::price_version::UnitPrice;
use crate::terms::store::closed::closed_until;
use crate::terms::store::{accounts, commitments as store};

/// Maximum length of a term, in years.
const LONGEST: i32 = 10;

/// A commitment to record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewCommitment {
    pub(crate) pool: Pool,
    pub(crate) quantity: i64,
    pub(crate) unit_price: UnitPrice,
    pub(crate) first: Date,
    pub(crate) end: Date,
}

/// A commitment with the currency of its term.
pub(crate) struct Sold {
    pub(crate) commitment: Commitment,
    pub(crate) currency: Currency,
}

impl Sold {
    fn new(commitment: Commitment, schedule: &Schedule) -> Self {
        let currency = schedule.terms_on(commitment.first).account.currency.clone();
        Self { commitment, currency }
    }

    fn detail(&self) -> Value {
        let Commitment { id, pool, quantity, unit_price, first, end } = &self.commitment;
        json!({
            "commitment": id.to_string(), "pool": pool.as_str(), "quantity": quantity,
            "unit_price": unit_price.spelled(self.currency.exponent), "currency": self.currency.code,
            "start_date": first.to_string(), "end_date": end.to_string(),
        })
    }
}

/// Records a commitment. The same commitment again changes nothing. Returns whether anything was changed.
pub(crate) async fn set(
    tx: &mut TenantTx,
    scope: &TenantScope,
    new: NewCommitment,
) -> Result<(Sold, bool), BillingError> {
    let NewCommitment { pool, quantity, unit_price, first, end } = new;
    let id = CommitmentId::new(scope.clock());
    let commitment = Commitment { id, pool, quantity, unit_price, first, end };
    accounts::lock(tx).await?;
    let known = store::known(tx, scope.now()).await?;
    let schedule = accounts::schedule(tx).await?;
    if let Some(same) = known.iter().find(|other| Commitment { id, ..**other } == commitment) {
        return Ok((Sold::new(*same, &schedule), false));
    }
    check_term(tx, &schedule, first, end).await?;
    let meets = |other: &&Commitment| other.pool == pool && other.first < end && first < other.end;
    if let Some(other) = known.iter().find(meets) {
        return Err(BillingError::CommitmentExists { pool, first: other.first, end: other.end });
    }
    store::insert(tx, &commitment, scope.now(), &scope.actor().to_string()).await?;
    let sold = Sold::new(commitment, &schedule);
    audit::note(tx, scope, "commitment.set", sold.detail()).await?;
    Ok((sold, true))
}

/// Withdraws a commitment for which no true-up was billed. Returns whether anything was changed.
pub(crate) async fn withdraw(
    tx: &mut TenantTx,
    scope: &TenantScope,
    id: CommitmentId,
) -> Result<(Sold, bool), BillingError> {
    accounts::lock(tx).await?;
    let (commitment, withdrawn) = store::find(tx, id).await?.ok_or(BillingError::NotFound("Commitment"))?;
    let sold = Sold::new(commitment, &accounts::schedule(tx).await?);
    if withdrawn {
        return Ok((sold, false));
    }
    if store::is_billed(tx, id).await? {
        return Err(BillingError::CommitmentBilled);
    }
    store::withdraw(tx, id, scope.now(), &scope.actor().to_string()).await?;
    audit::note(tx, scope, "commitment.withdraw", sold.detail()).await?;
    Ok((sold, true))
}

/// Checks that a term is within the account's time, and that no part of it is closed.
async fn check_term(
    tx: &mut TenantTx,
    schedule: &Schedule,
    first: Date,
    end: Date,
) -> Result<(), BillingError> {
    let longest = first.checked_add(LONGEST.years()).map_err(|_| invalid("start_date", "it is too late"))?;
    if end <= first || longest < end {
        return Err(invalid("end_date", format_args!("a term is one day to {LONGEST} years long")).into());
    }
    if schedule.containing(first).is_none() {
        return Err(invalid("start_date", "it is before the account's first period").into());
    }
    if schedule.changes_currency(first, end) {
        return Err(invalid(
            "end_date",
            "the account's currency changes within the term; record one commitment per currency",
        )
        .into());
    }
    match closed_until(tx).await? {
        Some(open) if first < open => Err(BillingError::ClosedTerm { first, open }),
        _ => Ok(()),
    }
}

/// Returns all commitments, by pool and term.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Sold>, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin().await?;
    let known = store::known(&mut tx, scope.now()).await?;
    let schedule = accounts::schedule(&mut tx).await?;
    tx.commit().await?;
    Ok(known.into_iter().map(|commitment| Sold::new(commitment, &schedule)).collect())
}

/// Returns the committed seats of a pool at an instant, by the account's date at that time.
pub(crate) async fn committed_at(
    tx: &mut TenantTx,
    pool: Pool,
    at: jiff::Timestamp,
) -> Result<i64, BillingError> {
    let known = store::known(tx, at).await?;
    if known.is_empty() {
        return Ok(0);
    }
    let schedule = accounts::schedule(tx).await?;
    let near = jiff::tz::TimeZone::UTC.to_datetime(at).date();
    let today = schedule.terms_on(near).account.zone.to_datetime(at).date();
    Ok(committed(&known, pool, today))
}
