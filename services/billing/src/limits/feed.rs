//! The limits of all workspaces for one watcher: each version is sent once.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use usher_base::{CallContext, Clock, Permission};
use usher_seats::Pool;
use usher_store::Database;
use uuid::Uuid;

use crate::error::BillingError;
use crate::limits::look::Look;
use crate::limits::store::feed as store;
use crate::limits::store::feed::{Place, WorkspaceLimit};

/// How long a pass overlaps the one before. The clocks of billing's replicas differ, and a version that a transaction
/// set becomes visible only when that commits.
const OVERLAP: SignedDuration = SignedDuration::from_mins(1);
/// Maximum number of limits per page.
const PAGE: i32 = 1_000;

/// The key of a version: workspace, pool and number.
type Version = (Uuid, Pool, i64);

/// Reads limits in passes, oldest first. The first pass reads all; each later one reads the limits that were set
/// since the one before, and in the [`OVERLAP`] before that.
pub(crate) struct LimitFeed {
    database: Database,
    clock: Clock,
    /// The position of the current pass.
    place: Place,
    /// The start of the next pass; it never goes back.
    next: Timestamp,
    /// The versions in the range of this pass that the pass before has read.
    known: HashSet<Version>,
    /// The versions in the range of the next pass that this pass has read.
    read: HashSet<Version>,
    complete: bool,
}

/// Limits that were not returned before.
pub(crate) struct Fed {
    pub(crate) limits: Vec<WorkspaceLimit>,
    /// Whether a pass was completed.
    pub(crate) complete: bool,
}

impl LimitFeed {
    /// Starts with all limits in force.
    pub(crate) fn open(database: &Database, ctx: &CallContext) -> Result<Self, BillingError> {
        ctx.require(Permission::SeatsAppend)?;
        ctx.credential().require_unbound()?;
        Ok(Self {
            database: database.clone(),
            clock: ctx.clock().clone(),
            place: Place::from(Timestamp::UNIX_EPOCH),
            next: begin(ctx.now()),
            known: HashSet::new(),
            read: HashSet::new(),
            complete: false,
        })
    }

    fn begin_pass(&mut self) {
        self.place = Place::from(self.next);
        self.next = self.next.max(begin(self.clock.now()));
        self.known = std::mem::take(&mut self.read);
    }
}

impl Look for LimitFeed {
    type Seen = Fed;

    async fn look(&mut self) -> Result<Option<Fed>, BillingError> {
        loop {
            let (mut limits, more) = store::page(&self.database, &self.place, PAGE).await?;
            if let Some(last) = limits.last() {
                self.place = last.place();
            }
            self.read.extend(limits.iter().filter(|limit| limit.set_at.0 >= self.next).map(version));
            limits.retain(|limit| !self.known.contains(&version(limit)));
            let is_news = !limits.is_empty() || !(more || self.complete);
            if !more {
                self.complete = true;
                self.begin_pass();
            }
            if is_news {
                return Ok(Some(Fed { limits, complete: self.complete }));
            }
            if !more {
                return Ok(None);
            }
        }
    }
}

/// Returns the start of the pass that follows one at that time.
fn begin(before: Timestamp) -> Timestamp {
    before.saturating_sub(OVERLAP).unwrap_or(before)
}

fn version(limit: &WorkspaceLimit) -> Version {
    (limit.tenant_id, limit.pool, limit.version)
}
