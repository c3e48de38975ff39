//! Users whose userName equals another user's by the current comparison, but not by that of an earlier version.

use usher_base::id::{UserId, WorkspaceId};
use usher_store::{Database, Error};
use uuid::Uuid;

/// Some of these users, with their workspaces.
pub(crate) async fn list(database: &Database, max: i32) -> Result<Vec<(WorkspaceId, UserId)>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as("SELECT * FROM users_of_one_name($1)").bind(max).fetch_all(tx.conn()).await?;
    tx.commit().await?;
    let ids = |(workspace, user)| (WorkspaceId::from_uuid(workspace), UserId::from_uuid(user));
    Ok(rows.into_iter().map(ids).collect())
}
