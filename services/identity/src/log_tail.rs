//! The new entries at the end of a watched change log.

use std::sync::Arc;

use usher_proto::identity::v1 as pb;
use usher_rpc::Poll;
use usher_store::{Error, ScopedDatabase};

use crate::store::{changes, seats};

/// The maximum number of entries to read at once. Large entries reduce it.
pub(crate) const BATCH: u32 = 500;

/// Consecutive entries without gaps.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The number of the entry before them.
    pub(crate) after: i64,
    pub(crate) changes: Arc<[pb::Change]>,
}

/// Reads the new entries of a workspace's change log.
pub(crate) struct LogTail {
    database: ScopedDatabase,
    /// The number of the last entry that was returned; `None` before the first poll.
    last: Option<i64>,
}

impl LogTail {
    pub(crate) const fn new(database: ScopedDatabase) -> Self {
        Self { database, last: None }
    }
}

impl Poll for LogTail {
    type News = News;
    type Error = Error;

    /// The first poll only finds the end of the log. A watcher that is further behind reads on by itself.
    async fn poll(&mut self) -> Result<Option<News>, Error> {
        let Some(after) = self.last else {
            let last = seats::read(&self.database).await?.change_sequence;
            self.last = Some(last);
            return Ok(Some(News { after: last, changes: Arc::default() }));
        };
        let changes = changes::after(&self.database, after, BATCH).await?.changes;
        let Some(newest) = changes.last() else { return Ok(None) };
        self.last = Some(newest.sequence);
        Ok(Some(News { after, changes: changes.into() }))
    }
}
