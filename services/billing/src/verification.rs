//! Checks a ledger against itself: the chain of hashes, the projection, the closed periods.

mod facts;
mod periods;

use jiff::Timestamp;
use usher_base::id::EventId;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::BillingError;
use crate::ledger::Ledger;
use crate::store::LONGEST_SCAN;
use crate::store::{ledgers, verifications as store};

const MOST_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) facts: i64,
    /// Empty if all is well.
    pub(crate) faults: Vec<String>,
}

impl Verdict {
    fn fault(&mut self, text: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(text);
        }
    }
}

/// A verification, as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) facts: i64,
    pub(crate) faults: Vec<String>,
}

/// Hashes the chain, folds the facts and rates the closed periods again, compares with what is stored,
/// and keeps what was found.
pub(crate) async fn verify(database: &Database, ctx: &CallContext) -> Result<Verification, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let scope = ctx.scope()?;
    let database = database.scoped(&scope);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let mut verdict = Verdict::default();
    let ledger = ledgers::find(&mut tx).await?.unwrap_or_else(|| Ledger::empty(1));
    facts::check(&mut tx, scope.workspace_id(), &ledger, ctx.now(), &mut verdict).await?;
    periods::check(&mut tx, &mut verdict).await?;
    let verification = Verification {
        id: EventId::new(ctx.clock()),
        at: ctx.now(),
        actor: ctx.actor().to_string(),
        facts: verdict.facts,
        faults: verdict.faults,
    };
    store::insert(&mut tx, &verification).await?;
    tx.commit().await?;
    let outcome = if verification.faults.is_empty() { "sound" } else { "faulty" };
    metrics::counter!("usher_ledger_verifications_total", "outcome" => outcome).increment(1);
    Ok(verification)
}

/// The last verifications, newest first.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Verification>, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let found = store::last(&mut tx, 30).await?;
    tx.commit().await?;
    Ok(found)
}
