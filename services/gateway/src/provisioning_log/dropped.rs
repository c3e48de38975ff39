//! Counts dropped entries, and reports them periodically.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use usher_rpc::Tasks;

/// How often they are reported.
const REPORT_INTERVAL: Duration = Duration::from_mins(1);

/// The entries that were dropped since the last report, by reason. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Dropped(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Dropped {
    /// Counts dropped entries.
    pub(super) fn add(&self, entries: usize, why: &'static str) {
        if entries == 0 {
            return;
        }
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        metrics::counter!("usher_provisioning_log_dropped_total", "why" => why).increment(entries);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += entries;
    }

    /// Reports dropped entries every minute until shutdown.
    pub(super) async fn report(self, tasks: Tasks) {
        while !tasks.is_stopping() {
            tokio::select! {
                () = tasks.stopping() => {}
                () = tokio::time::sleep(REPORT_INTERVAL) => {}
            }
            let dropped = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            if !dropped.is_empty() {
                tracing::warn!(?dropped, "entries of provisioning logs were dropped in the last minute");
            }
        }
    }

    #[cfg(test)]
    pub(super) fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
