//! How often a workspace may ask.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use usher_base::id::WorkspaceId;
use usher_rpc::Tasks;

/// Only who asked in this time is remembered.
const TIDY: Duration = Duration::from_mins(1);

/// Limits requests by workspace. Its key is the verified workspace: a limit on what the URL says
/// would let anybody use up another's.
pub(crate) struct RateLimit(Option<Limiters>);

struct Limiters {
    all: DefaultKeyedRateLimiter<WorkspaceId>,
    /// What only changes may take when the rest is used up: somebody who must leave is not held up by the
    /// workspace's own reads and creations.
    changes: DefaultKeyedRateLimiter<WorkspaceId>,
    /// What only somebody's leaving may take when that is used up as well.
    leaving: DefaultKeyedRateLimiter<WorkspaceId>,
    /// Requests beyond the rate that are looked at, whether somebody leaves by them.
    looks: DefaultKeyedRateLimiter<WorkspaceId>,
}

/// What of the rate is kept for changes, and for people's leaving, besides the rest: a fifth each.
const KEPT: u32 = 5;

impl RateLimit {
    /// `per_second` for long, `burst` at once after a pause; 0 a second means no limit.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let limiter = |per_second: u32, burst: u32| {
            let per_second = NonZeroU32::new(per_second)?;
            let burst = NonZeroU32::new(burst).unwrap_or(per_second);
            Some(RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst)))
        };
        let kept = || limiter(per_second.div_ceil(KEPT), burst.div_ceil(KEPT));
        let limiters = || {
            let looks = limiter(per_second, burst)?;
            Some(Limiters { all: limiter(per_second, burst)?, changes: kept()?, leaving: kept()?, looks })
        };
        Self(limiters())
    }

    /// Takes one request, or says how long to wait.
    pub(crate) fn take(&self, workspace: WorkspaceId) -> Result<(), Duration> {
        self.0.as_ref().map_or(Ok(()), |limiters| take(&limiters.all, workspace))
    }

    /// Takes one change of somebody who is there (PUT, PATCH, DELETE), or says how long to wait.
    pub(crate) fn take_change(&self, workspace: WorkspaceId) -> Result<(), Duration> {
        let Some(limiters) = &self.0 else { return Ok(()) };
        take(&limiters.all, workspace).or_else(|wait| take(&limiters.changes, workspace).map_err(|_| wait))
    }

    /// Whether one more request beyond the rate is looked at: its body is read before it is known what it does.
    pub(crate) fn take_look(&self, workspace: WorkspaceId) -> bool {
        self.0.as_ref().is_none_or(|limiters| take(&limiters.looks, workspace).is_ok())
    }

    /// Whether somebody's leaving beyond the rate goes on: there is a reserve that nothing else takes.
    pub(crate) fn take_leaving(&self, workspace: WorkspaceId) -> bool {
        self.0.as_ref().is_none_or(|limiters| take(&limiters.leaving, workspace).is_ok())
    }

    /// Takes one request when that may be done, if it is soon enough; else says how long to wait.
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

    /// Forgets workspaces that have been quiet, until the stop is asked for.
    pub(crate) async fn tidy(&self, tasks: &Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(TIDY) => {}
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
    fn a_workspace_that_used_up_what_changes_may_take_still_lets_some_people_leave() {
        let limit = RateLimit::new(5, 10);
        let workspace = WorkspaceId::new(&Clock::system());
        while limit.take_change(workspace).is_ok() {}

        assert!(limit.take_leaving(workspace) && limit.take_leaving(workspace));
        assert!(!limit.take_leaving(workspace), "leaving has no limit");
        assert!((0..10).all(|_| limit.take_look(workspace)) && !limit.take_look(workspace));
    }

    #[tokio::test]
    async fn who_can_wait_takes_what_comes_free_in_the_time() {
        let limit = RateLimit::new(100, 1);
        let workspace = WorkspaceId::new(&Clock::system());

        for _ in 0..3 {
            assert!(limit.take_within(workspace, Duration::from_secs(10)).await.is_ok());
        }
        assert!(limit.take_within(workspace, Duration::ZERO).await.is_err());
    }

    #[test]
    fn nothing_a_second_means_no_limit() {
        let limit = RateLimit::new(0, 0);
        let workspace = WorkspaceId::new(&Clock::system());

        assert!((0..1_000).all(|_| limit.take(workspace).is_ok()));
    }
}
