//! Reports users whose userName equals another user's by the current comparison, but not by that of an earlier
//! version.

use usher_store::{Database, Error};

use crate::store::kept_apart;

/// The maximum number of users to report.
const MAX_REPORTED: i32 = 100;

/// Logs these users at each start, until one of each two is renamed or deleted.
pub(crate) async fn report(database: &Database) -> Result<(), Error> {
    for (workspace, user) in kept_apart::list(database, MAX_REPORTED).await? {
        tracing::warn!(
            %workspace, %user,
            "this user has the userName of another user in another spelling; rename or delete one of them"
        );
    }
    Ok(())
}
