//! Limits on how much of the gateway one workspace uses at once.

use std::time::Duration;

use http::Method;
use http::request::Parts;
use usher_base::fair_semaphore::{Crowded, FairPermit, FairSemaphore, Limits};
use usher_base::id::WorkspaceId;

use crate::problem::Problem;

/// The maximum number of concurrent requests per workspace, and of waiting ones. An identity provider sends a hundred
/// at once after a pause.
const WORK: Limits = Limits { at_once: 32, waiting: 96, wait: Duration::from_secs(5) };
/// The maximum number of reads among them, so that slots are left for writes, and so for deactivations.
const READS: Limits = Limits { at_once: 24, waiting: 96, wait: Duration::from_secs(5) };
/// The maximum number of bodies that arrive at once. They are then held in memory.
const BODIES: Limits = Limits { at_once: 32, waiting: 96, wait: Duration::from_secs(5) };
/// The maximum number of concurrent bulk requests. Each may use much memory and continues without its client.
const BULKS: Limits = Limits { at_once: 2, waiting: 0, wait: Duration::ZERO };

/// The slots of all workspaces. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    work: FairSemaphore<WorkspaceId>,
    reads: FairSemaphore<WorkspaceId>,
    bodies: FairSemaphore<WorkspaceId>,
    bulks: FairSemaphore<WorkspaceId>,
}

/// A slot, which is released when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _work: FairPermit<WorkspaceId>,
    _read: Option<FairPermit<WorkspaceId>>,
}

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Read,
    Write,
}

/// A workspace and its slots, for the code that reads a request's body.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    slots: Slots,
    workspace: WorkspaceId,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            work: FairSemaphore::new(WORK),
            reads: FairSemaphore::new(READS),
            bodies: FairSemaphore::new(BODIES),
            bulks: FairSemaphore::new(BULKS),
        }
    }

    /// The slots of a workspace.
    pub(crate) fn admit(&self, workspace: WorkspaceId) -> Admission {
        Admission { slots: self.clone(), workspace }
    }

    /// Takes a slot for a bulk request.
    pub(crate) async fn bulk(&self, workspace: WorkspaceId) -> Result<FairPermit<WorkspaceId>, Problem> {
        self.bulks.take(workspace).await.map_err(crowded)
    }
}

impl Admission {
    /// Takes a slot for a request.
    pub(crate) async fn slot(&self, work: Work) -> Result<Slot, Problem> {
        let read = match work {
            Work::Read => Some(self.slots.reads.take(self.workspace).await.map_err(crowded)?),
            Work::Write => None,
        };
        let work = self.slots.work.take(self.workspace).await.map_err(crowded)?;
        Ok(Slot { _work: work, _read: read })
    }

    /// Permits a body to arrive, until the permit is dropped. The request takes its slot when the body is complete,
    /// so that a slow client uses none.
    pub(crate) async fn body(&self) -> Result<FairPermit<WorkspaceId>, Problem> {
        self.slots.bodies.take(self.workspace).await.map_err(crowded)
    }
}

impl Work {
    /// The kind of a request. A search is a read, although it has a body.
    pub(crate) fn from_parts(parts: &Parts) -> Self {
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if reads || parts.uri.path().ends_with("/.search") { Self::Read } else { Self::Write }
    }
}

/// Whether a request takes its slot after its body has arrived.
pub(crate) fn comes_with_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn crowded(_: Crowded) -> Problem {
    Problem::crowded()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use usher_base::Clock;

    use super::*;

    /// Takes all slots that are free.
    fn taken(admission: &Admission, work: Work) -> Vec<Slot> {
        std::iter::from_fn(|| admission.slot(work).now_or_never()?.ok()).collect()
    }

    #[tokio::test]
    async fn a_workspace_that_reads_as_much_as_it_can_still_writes_and_others_read() {
        let slots = Slots::new();
        let [busy, other] = [(), ()].map(|()| slots.admit(WorkspaceId::new(&Clock::system())));

        let reads = taken(&busy, Work::Read);
        assert_eq!(reads.len(), READS.at_once);
        let writes = taken(&busy, Work::Write);
        assert_eq!(writes.len(), WORK.at_once - READS.at_once);

        assert_eq!(taken(&other, Work::Read).len(), READS.at_once);
    }

    #[test]
    fn a_search_counts_as_a_read_though_it_comes_with_a_body() {
        let work = |method: Method, path: &str| {
            Work::from_parts(
                &http::Request::builder().method(method).uri(path).body(()).unwrap().into_parts().0,
            )
        };

        assert_eq!(work(Method::POST, "/scim/v2/acme/Users/.search"), Work::Read);
        assert_eq!(work(Method::GET, "/scim/v2/acme/Users"), Work::Read);
        assert_eq!(work(Method::POST, "/scim/v2/acme/Users"), Work::Write);
        assert_eq!(work(Method::DELETE, "/scim/v2/acme/Users/1"), Work::Write);
    }

    #[tokio::test]
    async fn a_third_bulk_request_of_a_workspace_is_429_with_the_time_to_wait() {
        let slots = Slots::new();
        let (busy, other) = (WorkspaceId::new(&Clock::system()), WorkspaceId::new(&Clock::system()));
        let _held = (slots.bulk(busy).await.unwrap(), slots.bulk(busy).await.unwrap());

        assert_eq!(slots.bulk(busy).await.unwrap_err().status, 429);
        assert!(slots.bulk(other).await.is_ok());
    }
}
