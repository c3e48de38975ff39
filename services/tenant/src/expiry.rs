//! Deletes expired data in the background: entries of the provisioning log and counters of sign-in attempts. Audit
//! entries are never deleted.

use std::future::Future;
use std::time::Duration;

use usher_base::Clock;
use usher_rpc::Tasks;
use usher_store::{Database, Error};

use crate::store::{attempts, provisioning_log};

/// How often to look for expired data.
const EXPIRE: Duration = Duration::from_mins(10);
/// The maximum number of rows to delete per statement.
const BATCH: i32 = 5_000;

/// Deletes log entries beyond the retention time, and counters that no longer affect any decision, until shutdown
/// begins.
pub(crate) async fn run(database: Database, clock: Clock, retention: Duration, tasks: Tasks) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            () = clock.pause(EXPIRE) => {}
        }
        let now = clock.now();
        if let Ok(before) = now.checked_sub(retention) {
            let expire = || provisioning_log::expire(&database, before, BATCH);
            in_batches("could not delete old entries of the provisioning log", expire, &tasks).await;
        }
        let expire = || attempts::expire(&database, now, BATCH);
        in_batches("could not delete old counters of sign-in attempts", expire, &tasks).await;
    }
}

/// Deletes in batches until a batch is not full.
async fn in_batches<F>(failed: &'static str, expire: impl Fn() -> F, tasks: &Tasks)
where
    F: Future<Output = Result<i64, Error>>,
{
    while !tasks.is_stopping() {
        match expire().await {
            Ok(deleted) if deleted >= i64::from(BATCH) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "{failed}");
                return;
            }
        }
    }
}
