//! What is new at the end of a change log that is watched.

use std::sync::Arc;

use usher_proto::identity::v1 as pb;
use usher_rpc::Poll;
use usher_store::{Error, ScopedDatabase};

use crate::store::{changes as store, seats};

/// The most entries that are read at once; fewer where they are large.
pub(crate) const BATCH: u32 = 500;

/// Entries as they came, without gaps.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The number of the entry before them.
    pub(crate) after: i64,
    pub(crate) changes: Arc<[pb::Change]>,
}

/// Reads what is new in a workspace's change log.
pub(crate) struct LogTail {
    database: ScopedDatabase,
    /// The last number that was told of; `None` before the first poll.
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

    /// The first poll only tells where the log ends: a watcher that has read up to an earlier entry reads on.
    async fn poll(&mut self) -> Result<Option<News>, Error> {
        let Some(after) = self.last else {
            let last = seats::read(&self.database).await?.change_sequence;
            self.last = Some(last);
            return Ok(Some(News { after: last, changes: Arc::default() }));
        };
        let changes = store::after(&self.database, after, BATCH).await?.changes;
        let Some(newest) = changes.last() else { return Ok(None) };
        self.last = Some(newest.sequence);
        Ok(Some(News { after, changes: changes.into() }))
    }
}
