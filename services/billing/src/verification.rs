//! Verifies a ledger: the hash chains, the intervals, the closed periods and the signed heads.

mod facts;
pub(crate) mod model;
mod periods;
mod records;
pub(crate) mod signed_heads;
pub(crate) mod store;

use usher_base::id::EventId;
use usher_base::{CallContext, Permission};
use usher_store::{Database, ScopedDatabase};

use crate::error::BillingError;
use crate::ledger::model::head::Ledger;
use crate::ledger::store::ledgers;
use crate::sql::LONGEST_SCAN;
use crate::verification::model::proof::{ProofKeys, SignedHead};
use crate::verification::model::verdict::{Verdict, Verification};

/// Recomputes the hashes, the intervals and the closed periods from the facts, compares them with what is stored, and
/// stores the result.
///
/// The signed heads must be signed by one of the keys, if these are known. Heads that the caller stored elsewhere
/// must be among them.
pub(crate) async fn verify(
    database: &Database,
    ctx: &CallContext,
    keys: Option<&ProofKeys>,
    exported: &[SignedHead],
) -> Result<Verification, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let workspace = scope.workspace_id();
    let mut verdict = Verdict::default();
    // All reads are of one moment, even if facts are appended meanwhile.
    let mut tx = database.snapshot(LONGEST_SCAN).await?;
    let ledger = ledgers::find(&mut tx).await?.unwrap_or_else(|| Ledger::empty(1));
    let found = facts::check(&mut tx, (workspace, scope.now()), &ledger, &mut verdict).await;
    verdict.unread(found)?;
    let found = periods::check(&mut tx, &mut verdict).await;
    verdict.unread(found)?;
    let found = records::check(&mut tx, &mut verdict).await;
    verdict.unread(found)?;
    let found = records::signed(&mut tx, workspace, (keys, exported), &mut verdict).await;
    verdict.unread(found)?;
    tx.commit().await?;
    let verification = Verification {
        id: EventId::new(scope.clock()),
        at: scope.now(),
        actor: scope.actor().to_string(),
        facts: verdict.facts,
        faults: verdict.faults,
    };
    match keep(&database, &verification).await {
        // Return the faults even if the result can't be stored, for example because the chain is broken.
        Err(error) if !verification.faults.is_empty() => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%workspace, error, "the result of a verification can't be stored");
        }
        kept => kept?,
    }
    let outcome = if verification.faults.is_empty() { "sound" } else { "faulty" };
    metrics::counter!("usher_ledger_verifications_total", "outcome" => outcome).increment(1);
    Ok(verification)
}

async fn keep(database: &ScopedDatabase, verification: &Verification) -> Result<(), BillingError> {
    let mut tx = database.begin_at(verification.at).await?;
    store::verifications::insert(&mut tx, verification).await?;
    Ok(tx.commit().await?)
}

/// Returns the most recent verifications, newest first.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Verification>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let found = store::verifications::last(&mut tx, 30).await?;
    tx.commit().await?;
    Ok(found)
}
