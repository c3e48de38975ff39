//! How often a peer may call without a credential.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::TenantError;
use crate::peer::Peer;

/// Limits the calls of one method by peer. Clones are the same.
#[derive(Clone)]
pub(crate) struct Brake(Arc<DefaultKeyedRateLimiter<Peer>>);

impl Brake {
    /// For sign-ins: 60 at once after a pause, then one every two seconds.
    pub(crate) fn of_sign_ins() -> Self {
        Self::new(Duration::from_secs(2), NonZeroU32::MIN.saturating_add(59))
    }

    /// For service keys, which are judged in microseconds: 300 at once after a pause, then 50 a second.
    pub(crate) fn of_service_keys() -> Self {
        Self::new(Duration::from_millis(20), NonZeroU32::MIN.saturating_add(299))
    }

    fn new(every: Duration, burst: NonZeroU32) -> Self {
        let quota = Quota::with_period(every).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self(Arc::new(RateLimiter::keyed(quota.allow_burst(burst))))
    }

    /// Takes one call, or says how long to wait. Behind an address that is shared, nobody waits for another.
    pub(crate) fn take(&self, peer: Peer) -> Result<(), TenantError> {
        let Some(peer) = peer.limited() else { return Ok(()) };
        self.0.check_key(&peer).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            TenantError::TooManyCalls(wait.as_secs() + 1)
        })
    }

    /// Forgets the peers that were quiet for long.
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
        let brake = Brake::of_sign_ins();
        let (busy, quiet) = (peer("192.0.2.1", false), peer("192.0.2.2", false));

        let taken = (0..100).filter(|_| brake.take(busy).is_ok()).count();

        assert_eq!(taken, 60);
        assert!(matches!(brake.take(busy), Err(TenantError::TooManyCalls(1..=3))));
        assert!(brake.take(quiet).is_ok());
    }

    #[test]
    fn whoever_comes_through_a_proxy_waits_for_nobody_else_who_does() {
        let brake = Brake::of_sign_ins();

        assert!((0..100).all(|_| brake.take(peer("192.0.2.1", true)).is_ok()));
    }
}
