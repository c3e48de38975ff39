//! Places: how much of the gateway one workspace may have at once.

use std::time::Duration;

use http::Method;
use http::request::Parts;
use usher_base::id::WorkspaceId;
use usher_base::fair_semaphore::{Crowded, FairPermit, FairSemaphore, Limits};

use crate::problem::Problem;

/// Requests of a workspace that are worked on at once, and those that wait for it. An identity provider sends a
/// hundred at once after a pause.
const WORK: Limits = Limits { at_once: 32, waiting: 96, wait: Duration::from_secs(5) };
/// Reads among them, so that there are places for writes, and so for somebody's leaving.
const READS: Limits = Limits { at_once: 24, waiting: 96, wait: Duration::from_secs(5) };
/// Bodies that come in at once, which are held in memory from then on.
const BODIES: Limits = Limits { at_once: 32, waiting: 96, wait: Duration::from_secs(5) };
/// Bulk requests at once, each of which may hold much and goes on without its client.
const BULKS: Limits = Limits { at_once: 2, waiting: 0, wait: Duration::ZERO };

/// The places of all workspaces. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    work: FairSemaphore<WorkspaceId>,
    reads: FairSemaphore<WorkspaceId>,
    bodies: FairSemaphore<WorkspaceId>,
    bulks: FairSemaphore<WorkspaceId>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _work: FairPermit<WorkspaceId>,
    _read: Option<FairPermit<WorkspaceId>>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Read,
    Write,
}

/// A workspace's claim to places, for what reads a request's body.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    places: Places,
    workspace: WorkspaceId,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            work: FairSemaphore::new(WORK),
            reads: FairSemaphore::new(READS),
            bodies: FairSemaphore::new(BODIES),
            bulks: FairSemaphore::new(BULKS),
        }
    }

    /// The claim of a workspace.
    pub(crate) fn admit(&self, workspace: WorkspaceId) -> Admission {
        Admission { places: self.clone(), workspace }
    }

    /// A place for a bulk request.
    pub(crate) async fn bulk(&self, workspace: WorkspaceId) -> Result<FairPermit<WorkspaceId>, Problem> {
        self.bulks.take(workspace).await.map_err(crowded)
    }
}

impl Admission {
    /// A place for a request.
    pub(crate) async fn place(&self, work: Work) -> Result<Place, Problem> {
        let read = match work {
            Work::Read => Some(self.places.reads.take(self.workspace).await.map_err(crowded)?),
            Work::Write => None,
        };
        let work = self.places.work.take(self.workspace).await.map_err(crowded)?;
        Ok(Place { _work: work, _read: read })
    }

    /// Lets a body in, until what it gives is dropped. The request's place is taken when the body is there: a
    /// client that sends slowly keeps nobody from work.
    pub(crate) async fn body(&self) -> Result<FairPermit<WorkspaceId>, Problem> {
        self.places.bodies.take(self.workspace).await.map_err(crowded)
    }
}

impl Work {
    /// What a request asks for. A search reads, though it comes with a body.
    pub(crate) fn of(parts: &Parts) -> Self {
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if reads || parts.uri.path().ends_with("/.search") { Self::Read } else { Self::Write }
    }
}

/// Whether a request's place is taken once its body is there.
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

    /// As many places as there are at once.
    fn taken(admission: &Admission, work: Work) -> Vec<Place> {
        std::iter::from_fn(|| admission.place(work).now_or_never()?.ok()).collect()
    }

    #[tokio::test]
    async fn a_workspace_that_reads_as_much_as_it_can_still_writes_and_others_read() {
        let places = Places::new();
        let [busy, other] = [(), ()].map(|()| places.admit(WorkspaceId::new(&Clock::system())));

        let reads = taken(&busy, Work::Read);
        assert_eq!(reads.len(), READS.at_once);
        let writes = taken(&busy, Work::Write);
        assert_eq!(writes.len(), WORK.at_once - READS.at_once);

        assert_eq!(taken(&other, Work::Read).len(), READS.at_once);
    }

    #[test]
    fn a_search_counts_as_a_read_though_it_comes_with_a_body() {
        let work = |method: Method, path: &str| {
            Work::of(&http::Request::builder().method(method).uri(path).body(()).unwrap().into_parts().0)
        };

        assert_eq!(work(Method::POST, "/scim/v2/acme/Users/.search"), Work::Read);
        assert_eq!(work(Method::GET, "/scim/v2/acme/Users"), Work::Read);
        assert_eq!(work(Method::POST, "/scim/v2/acme/Users"), Work::Write);
        assert_eq!(work(Method::DELETE, "/scim/v2/acme/Users/1"), Work::Write);
    }

    #[tokio::test]
    async fn a_third_bulk_request_of_a_workspace_is_429_with_the_time_to_wait() {
        let places = Places::new();
        let (busy, other) = (WorkspaceId::new(&Clock::system()), WorkspaceId::new(&Clock::system()));
        let _held = (places.bulk(busy).await.unwrap(), places.bulk(busy).await.unwrap());

        assert_eq!(places.bulk(busy).await.unwrap_err().status, 429);
        assert!(places.bulk(other).await.is_ok());
    }
}
