//! Tells of users whose name is another user's by today's comparison, and was not by that of an earlier version.

use usher_store::{Database, Error};

use crate::store::kept_apart as store;

/// The most that are told of.
const MOST: i32 = 100;

/// Writes to the log whom there are, at each start, until one of each two was renamed or deleted.
pub(crate) async fn report(database: &Database) -> Result<(), Error> {
    for (workspace, user) in store::list(database, MOST).await? {
        tracing::warn!(
            %workspace, %user,
            "this user has the userName of another user in another spelling; rename or delete one of them"
        );
    }
    Ok(())
}
