//! A workspace's limits and alerts, as one watcher sees them.

use tokio::sync::watch;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Permission};
use usher_rpc::{Poll, Pollers};
use usher_store::{Database, ScopedDatabase};

use crate::error::BillingError;
use crate::limits::look::{EVERY, Look};
use crate::limits::model::alert::Alert;
use crate::limits::model::limit::Limit;
use crate::limits::store::{alerts, limits};

/// The limits and alerts that are sent to a watcher.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) limits: Vec<Limit>,
    pub(crate) alerts: Vec<Alert>,
}

/// The numbers of a workspace's limit versions and alerts. Watchers read again when they change.
pub(crate) type Counts = (i64, i64);

/// Polls the numbers for all watchers of a workspace.
struct Count {
    database: ScopedDatabase,
    counted: Option<Counts>,
}

impl Poll for Count {
    type News = Counts;
    type Error = BillingError;

    async fn poll(&mut self) -> Result<Option<Counts>, BillingError> {
        let mut tx = self.database.begin().await?;
        let counts = limits::count(&mut tx).await?;
        tx.commit().await?;
        Ok((self.counted.replace(counts) != Some(counts)).then_some(counts))
    }
}

/// Watches the limits and alerts of a workspace: all of them now, and again whenever they have changed.
pub(crate) struct LimitView {
    database: ScopedDatabase,
    workspace: WorkspaceId,
    pollers: Pollers<Counts>,
    /// The receiver of the shared poller; `None` before the first poll, and after the poller has failed.
    news: Option<watch::Receiver<Option<Counts>>>,
    /// The numbers when the data were last returned.
    counted: Option<Counts>,
}

impl LimitView {
    /// Starts with the current data.
    pub(crate) fn open(
        database: &Database,
        pollers: &Pollers<Counts>,
        ctx: &CallContext,
    ) -> Result<Self, BillingError> {
        let scope = ctx.scope(Permission::BillingRead)?;
        Ok(Self {
            database: database.scoped(&scope),
            workspace: scope.workspace_id(),
            pollers: pollers.clone(),
            news: None,
            counted: None,
        })
    }
}

impl Look for LimitView {
    type Seen = Shown;

    /// Reads the numbers first, so that a change between the two reads is found by the next poll.
    async fn look(&mut self) -> Result<Option<Shown>, BillingError> {
        if self.news.is_none() {
            let count = Count { database: self.database.clone(), counted: None };
            self.news = Some(self.pollers.watch(self.workspace, count));
        }
        let mut tx = self.database.begin().await?;
        let counted = Some(limits::count(&mut tx).await?);
        if counted == self.counted {
            tx.commit().await?;
            return Ok(None);
        }
        let (limits, alerts) = (limits::last(&mut tx).await?, alerts::all(&mut tx).await?);
        tx.commit().await?;
        self.counted = counted;
        Ok(Some(Shown { limits, alerts }))
    }

    async fn pause(&mut self) {
        let Some(news) = &mut self.news else { return };
        if news.changed().await.is_err() {
            self.news = None;
            tokio::time::sleep(EVERY).await;
        }
    }
}
