//! The limits of all workspaces as one watcher gets them: each version once.

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

/// Limits are read again over so long a time: billing's replicas have clocks of their own, and what a
/// transaction has set is seen only when it is over.
const OVERLAP: SignedDuration = SignedDuration::from_mins(1);
/// Most limits at once.
const PAGE: i32 = 1_000;

/// The pool of a workspace, and the version of its limit.
type Version = (Uuid, Pool, i64);

/// Reads limits in passes, oldest first: all in the first one, in the others those that were set since the one
/// before, and for [`OVERLAP`] before that.
pub(crate) struct LimitFeed {
    database: Database,
    clock: Clock,
    /// Where the pass under way is.
    place: Place,
    /// Where the next one begins; it never goes back.
    next: Timestamp,
    /// What the pass before has read of this one's time.
    known: HashSet<Version>,
    /// What this pass has read of the next one's.
    read: HashSet<Version>,
    complete: bool,
}

/// Limits that were not seen before.
pub(crate) struct Fed {
    pub(crate) limits: Vec<WorkspaceLimit>,
    /// Whether there was a whole pass.
    pub(crate) complete: bool,
}

impl LimitFeed {
    /// Begins with all that hold.
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

/// Where a pass begins that comes after one of that time.
fn begin(before: Timestamp) -> Timestamp {
    before.saturating_sub(OVERLAP).unwrap_or(before)
}

fn version(limit: &WorkspaceLimit) -> Version {
    (limit.tenant_id, limit.pool, limit.version)
}
