//! Deletes what is over, in the background: entries of the provisioning log and attempts to sign in. Audit entries are
//! never deleted.

use std::future::Future;
use std::time::Duration;

use usher_base::Clock;
use usher_rpc::Tasks;
use usher_store::{Database, Error};

use crate::store::{attempts, provisioning_log};

/// How often is looked for what is over.
const EXPIRE: Duration = Duration::from_mins(10);
/// Most rows deleted in one statement.
const BATCH: i32 = 5_000;

/// Deletes log entries that are older than the retention, and attempts that no decision reads any more, until the stop
/// is asked for.
pub(crate) async fn run(database: Database, clock: Clock, retention: Duration, tasks: Tasks) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            () = clock.pause(EXPIRE) => {}
        }
        let now = clock.now();
        if let Ok(before) = now.checked_sub(retention) {
            let expire = || provisioning_log::expire(&database, before, BATCH);
            in_batches("old entries of the provisioning log were not deleted", expire, &tasks).await;
        }
        let expire = || attempts::expire(&database, now, BATCH);
        in_batches("old attempts to sign in were not deleted", expire, &tasks).await;
    }
}

/// Deletes until a batch is not full any more.
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
