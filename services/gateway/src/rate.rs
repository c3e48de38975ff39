//! The rate limit of each workspace.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use usher_base::id::WorkspaceId;
use usher_rpc::Tasks;

/// Workspaces without a request in this time are forgotten.
const TIDY_INTERVAL: Duration = Duration::from_mins(1);

/// Limits the request rate per workspace. The key is the verified workspace; a limit by the name in the URL could be
/// used up by anybody.
pub(crate) struct RateLimit(Option<Limiters>);

struct Limiters {
    all: DefaultKeyedRateLimiter<WorkspaceId>,
    /// A reserve for changes when the rate is used up, so that the workspace's own reads and creations do not delay a
    /// deactivation.
    changes: DefaultKeyedRateLimiter<WorkspaceId>,
    /// A reserve for deactivations when that is used up as well.
    leaving: DefaultKeyedRateLimiter<WorkspaceId>,
    /// Limits how many requests beyond the rate are examined for deactivations.
    looks: DefaultKeyedRateLimiter<WorkspaceId>,
}

/// The size of each reserve: one fifth of the rate, in addition to it.
const RESERVE: u32 = 5;

impl RateLimit {
    /// Limits to `per_second` on average and `burst` after a pause. 0 per second means no limit.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let limiter = |per_second: u32, burst: u32| {
            let per_second = NonZeroU32::new(per_second)?;
            let burst = NonZeroU32::new(burst).unwrap_or(per_second);
            Some(RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst)))
        };
        let kept = || limiter(per_second.div_ceil(RESERVE), burst.div_ceil(RESERVE));
        let limiters = || {
            let looks = limiter(per_second, burst)?;
            Some(Limiters { all: limiter(per_second, burst)?, changes: kept()?, leaving: kept()?, looks })
        };
        Self(limiters())
    }

    /// Takes one request, or returns how long to wait.
    pub(crate) fn take(&self, workspace: WorkspaceId) -> Result<(), Duration> {
        self.0.as_ref().map_or(Ok(()), |limiters| take(&limiters.all, workspace))
    }

    /// Takes one change of an existing resource (PUT, PATCH, DELETE), or returns how long to wait.
    pub(crate) fn take_change(&self, workspace: WorkspaceId) -> Result<(), Duration> {
        let Some(limiters) = &self.0 else { return Ok(()) };
        take(&limiters.all, workspace).or_else(|wait| take(&limiters.changes, workspace).map_err(|_| wait))
    }

    /// Whether one more request beyond the rate may be examined. Its body must be read to know what it does.
    pub(crate) fn take_look(&self, workspace: WorkspaceId) -> bool {
        self.0.as_ref().is_none_or(|limiters| take(&limiters.looks, workspace).is_ok())
    }

    /// Takes one deactivation from the reserve for them.
    pub(crate) fn take_leaving(&self, workspace: WorkspaceId) -> bool {
        self.0.as_ref().is_none_or(|limiters| take(&limiters.leaving, workspace).is_ok())
    }

    /// Waits until one request is permitted, at most for `within`; otherwise returns how long to wait.
    pub(crate) async fn take_within(&self, workspace: WorkspaceId, within: Duration) -> Result<(), Duration> {
        let until = Instant::now() + within;
        loop {
            let Err(wait) = self.take(workspace) else { return Ok(()) };
            if Instant::now() + wait > until {
                return Err(wait);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Forgets inactive workspaces periodically until shutdown.
    pub(crate) async fn tidy(&self, tasks: &Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(TIDY_INTERVAL) => {}
            }
            let Some(Limiters { all, changes, leaving, looks }) = &self.0 else { continue };
            for limiter in [all, changes, leaving, looks] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
    }
}

fn take(limiter: &DefaultKeyedRateLimiter<WorkspaceId>, workspace: WorkspaceId) -> Result<(), Duration> {
    limiter.check_key(&workspace).map_err(|until| until.wait_time_from(DefaultClock::default().now()))
}

#[cfg(test)]
mod tests {
    use usher_base::Clock;

    use super::*;

    #[test]
    fn a_workspace_that_used_up_its_burst_waits_and_others_do_not() {
        let limit = RateLimit::new(1, 2);
        let (busy, other) = (WorkspaceId::new(&Clock::system()), WorkspaceId::new(&Clock::system()));

        assert!(limit.take(busy).is_ok() && limit.take(busy).is_ok());

        assert!(limit.take(busy).unwrap_err() <= Duration::from_secs(1));
        assert!(limit.take(other).is_ok());
    }

    #[test]
    fn a_workspace_that_used_up_its_rate_still_changes_some() {
        let limit = RateLimit::new(5, 10);
        let workspace = WorkspaceId::new(&Clock::system());
        while limit.take(workspace).is_ok() {}

        assert!(limit.take_change(workspace).is_ok() && limit.take_change(workspace).is_ok());
        assert!(limit.take_change(workspace).is_err(), "changes have no limit");
    }

    #[test]
    fn a_workspace_that_used_up_its_changes_can_still_deactivate_some_people() {
        let limit = RateLimit::new(5, 10);
        let workspace = WorkspaceId::new(&Clock::system());
        while limit.take_change(workspace).is_ok() {}

        assert!(limit.take_leaving(workspace) && limit.take_leaving(workspace));
        assert!(!limit.take_leaving(workspace), "leaving has no limit");
        assert!((0..10).all(|_| limit.take_look(workspace)) && !limit.take_look(workspace));
    }

    #[tokio::test]
    async fn a_waiting_request_is_permitted_when_the_rate_allows_it_in_time() {
        let limit = RateLimit::new(100, 1);
        let workspace = WorkspaceId::new(&Clock::system());

        for _ in 0..3 {
            assert!(limit.take_within(workspace, Duration::from_secs(10)).await.is_ok());
        }
        assert!(limit.take_within(workspace, Duration::ZERO).await.is_err());
    }

    #[test]
    fn zero_per_second_means_no_limit() {
        let limit = RateLimit::new(0, 0);
        let workspace = WorkspaceId::new(&Clock::system());

        assert!((0..1_000).all(|_| limit.take(workspace).is_ok()));
    }
}
