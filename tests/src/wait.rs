//! Waiting for conditions.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Waits until the condition holds.
///
/// # Panics
/// It does not hold in time.
#[track_caller]
pub fn eventually<C>(within: Duration, what: &str, condition: C) -> impl Future<Output = ()>
where
    C: AsyncFn() -> bool,
{
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + within;
        while !condition().await {
            assert!(Instant::now() < deadline, "{caller}: not within {within:?}: {what}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}
