//! Commitments, and the caps that depend on them.

use usher_base::id::CommitmentId;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::BillingError;
use crate::limits::limit_versions;
use crate::terms::commitments::{self, NewCommitment, Sold};

/// Records a commitment. Caps that depend on it change with it.
pub(crate) async fn set(
    database: &Database,
    ctx: &CallContext,
    new: NewCommitment,
) -> Result<Sold, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    let (sold, changed) = commitments::set(&mut tx, &scope, new).await?;
    if changed {
        limit_versions::renew(&mut tx, scope.now(), &scope.actor().to_string(), None).await?;
        tx.commit().await?;
    }
    Ok(sold)
}

/// Withdraws a commitment for which no true-up was billed. Caps that depend on it change with it.
pub(crate) async fn withdraw(
    database: &Database,
    ctx: &CallContext,
    id: CommitmentId,
) -> Result<Sold, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    let (sold, changed) = commitments::withdraw(&mut tx, &scope, id).await?;
    if changed {
        limit_versions::renew(&mut tx, scope.now(), &scope.actor().to_string(), None).await?;
        tx.commit().await?;
    }
    Ok(sold)
}
