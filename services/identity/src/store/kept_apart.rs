//! Users whose name is another user's by today's comparison, and was not by that of an earlier version.

use usher_base::id::{UserId, WorkspaceId};
use usher_store::{Database, Error};
use uuid::Uuid;

/// Some of them, by workspace.
pub(crate) async fn list(database: &Database, most: i32) -> Result<Vec<(WorkspaceId, UserId)>, Error> {
    let mut tx = database.global().await?;
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as("SELECT * FROM users_of_one_name($1)").bind(most).fetch_all(tx.conn()).await?;
    tx.commit().await?;
    let ids = |(workspace, user)| (WorkspaceId::from_uuid(workspace), UserId::from_uuid(user));
    Ok(rows.into_iter().map(ids).collect())
}
