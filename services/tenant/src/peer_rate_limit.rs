//! Rate limits for calls without a credential.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::TenantError;
use crate::peer::Peer;

/// Limits the calls of one method per peer. Clones are the same.
#[derive(Clone)]
pub(crate) struct PeerRateLimit(Arc<DefaultKeyedRateLimiter<Peer>>);

impl PeerRateLimit {
    /// For sign-ins: 60 at once after a pause, then one every two seconds.
    pub(crate) fn for_sign_ins() -> Self {
        Self::new(Duration::from_secs(2), NonZeroU32::MIN.saturating_add(59))
    }

    /// For service keys, which are checked in microseconds: 300 at once after a pause, then 50 per second.
    pub(crate) fn for_service_keys() -> Self {
        Self::new(Duration::from_millis(20), NonZeroU32::MIN.saturating_add(299))
    }

    fn new(every: Duration, burst: NonZeroU32) -> Self {
        let quota = Quota::with_period(every).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self(Arc::new(RateLimiter::keyed(quota.allow_burst(burst))))
    }

    /// Takes one call, or returns how long to wait. A peer with a shared address is not limited here.
    pub(crate) fn take(&self, peer: Peer) -> Result<(), TenantError> {
        let Some(peer) = peer.limited() else { return Ok(()) };
        self.0.check_key(&peer).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            TenantError::TooManyCalls(wait.as_secs() + 1)
        })
    }

    /// Forgets the peers that have been inactive for a while.
    pub(crate) fn tidy(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::tests::peer;

    #[test]
    fn a_peer_that_signs_in_too_often_waits_and_others_do_not() {
        let rate_limit = PeerRateLimit::for_sign_ins();
        let (busy, quiet) = (peer("192.0.2.1", false), peer("192.0.2.2", false));

        let taken = (0..100).filter(|_| rate_limit.take(busy).is_ok()).count();

        assert_eq!(taken, 60);
        assert!(matches!(rate_limit.take(busy), Err(TenantError::TooManyCalls(1..=3))));
        assert!(rate_limit.take(quiet).is_ok());
    }

    #[test]
    fn clients_behind_a_proxy_do_not_wait_for_each_other() {
        let rate_limit = PeerRateLimit::for_sign_ins();

        assert!((0..100).all(|_| rate_limit.take(peer("192.0.2.1", true)).is_ok()));
    }
}
