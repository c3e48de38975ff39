//! Signs the heads of the chains, and reads signed heads.

use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::audit::model::hash::GENESIS;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::store::ledgers;
use crate::verification::model::proof::{Heads, ProofKeys, SignedHead};
use crate::verification::store::signed_heads as store;

/// Signs the current heads of both chains.
pub(crate) async fn sign(
    database: &Database,
    ctx: &CallContext,
    keys: &ProofKeys,
) -> Result<(), BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    let (sequence, head_hash) =
        ledgers::find(&mut tx).await?.map_or((0, GENESIS), |ledger| (ledger.sequence, ledger.head_hash));
    let (record_number, record_hash) = records::head(&mut tx).await?.unwrap_or((0, GENESIS));
    let heads = Heads { at: scope.now(), sequence, head_hash, record_number, record_hash };
    if let Some(signed) = keys.sign(scope.workspace_id(), heads) {
        store::insert(&mut tx, &signed).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Returns all signed heads, oldest first.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<SignedHead>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingAdmin)?);
    let mut tx = database.begin().await?;
    let heads = store::all(&mut tx).await?;
    tx.commit().await?;
    Ok(heads)
}
