//! Checks a ledger against itself: the chains of hashes, the projection, the closed periods, the signed heads.

mod facts;
mod periods;
mod records;

use jiff::Timestamp;
use usher_base::id::EventId;
use usher_base::{CallContext, Permission};
use usher_store::{Database, ScopedDatabase};

use crate::error::BillingError;
use crate::ledger::Ledger;
use crate::signed_head::{ProofKeys, SignedHead};
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

    /// What billing can't have written is a fault as well; any other failure ends the verification.
    fn unread(&mut self, checked: Result<(), BillingError>) -> Result<(), BillingError> {
        match checked {
            Err(BillingError::Stored(what)) => {
                self.fault(format!("what is stored can't be read: {what}"));
                Ok(())
            }
            other => other,
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
///
/// The signed heads must be by one of the keys, where these are known; heads that the caller kept elsewhere
/// must be among them.
pub(crate) async fn verify(
    database: &Database,
    ctx: &CallContext,
    keys: Option<&ProofKeys>,
    exported: &[SignedHead],
) -> Result<Verification, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let scope = ctx.scope()?;
    let database = database.scoped(&scope);
    let workspace = scope.workspace_id();
    let mut verdict = Verdict::default();
    // Everything is of one moment, whatever is appended meanwhile.
    let mut tx = database.snapshot(LONGEST_SCAN).await?;
    let ledger = ledgers::find(&mut tx).await?.unwrap_or_else(|| Ledger::empty(1));
    let found = facts::check(&mut tx, (workspace, ctx.now()), &ledger, &mut verdict).await;
    verdict.unread(found)?;
    let found = periods::check(&mut tx, &mut verdict).await;
    verdict.unread(found)?;
    let found = records::check(&mut tx, &mut verdict).await;
    verdict.unread(found)?;
    let found = records::signed(&mut tx, workspace, (keys, exported), &mut verdict).await;
    verdict.unread(found)?;
    tx.commit().await?;
    let verification = Verification {
        id: EventId::new(ctx.clock()),
        at: ctx.now(),
        actor: ctx.actor().to_string(),
        facts: verdict.facts,
        faults: verdict.faults,
    };
    match keep(&database, &verification).await {
        // Faults must be told also where the chain that they are found in can't be gone on with.
        Err(error) if !verification.faults.is_empty() => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%workspace, error, "what a verification found can't be kept");
        }
        kept => kept?,
    }
    let outcome = if verification.faults.is_empty() { "sound" } else { "faulty" };
    metrics::counter!("usher_ledger_verifications_total", "outcome" => outcome).increment(1);
    Ok(verification)
}

async fn keep(database: &ScopedDatabase, verification: &Verification) -> Result<(), BillingError> {
    let mut tx = database.begin_at(verification.at).await?;
    store::insert(&mut tx, verification).await?;
    Ok(tx.commit().await?)
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
