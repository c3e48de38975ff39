use usher_base::id::WorkspaceId;
use usher_store::Database;
use uuid::Uuid;

use crate::error::BillingError;

/// Returns the workspaces with a ledger after a given id, ordered by id.
pub(crate) async fn page(
    database: &Database,
    after: WorkspaceId,
    most: i32,
) -> Result<Vec<WorkspaceId>, BillingError> {
    let mut tx = database.global().await?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT * FROM ledger_workspaces($1, $2)")
        .bind(after.as_uuid())
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(ids.into_iter().map(WorkspaceId::from_uuid).collect())
}
