//! Where time comes from: the system in service, the system's time and an offset in dev mode, a hand in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// The source of all times in the services. Clones of a clock that can be moved move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Movable(Arc<Movable>),
    Manual(Arc<AtomicI64>),
}

/// The system's clock and an offset.
#[derive(Debug)]
struct Movable {
    /// In microseconds.
    offset: AtomicI64,
    woken: Notify,
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that goes as the system's does, is `offset` ahead of it, and can be advanced. Only dev mode has one.
    pub fn movable(offset: SignedDuration) -> Self {
        let offset = AtomicI64::new(microseconds(offset));
        Self(Source::Movable(Arc::new(Movable { offset, woken: Notify::new() })))
    }

    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.as_microsecond()))))
    }

    /// The current time in whole microseconds, the precision of the databases.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    pub fn now(&self) -> Timestamp {
        let system = || Timestamp::now().as_microsecond();
        let microseconds = match &self.0 {
            Source::System => system(),
            Source::Movable(movable) => system().saturating_add(movable.offset.load(Ordering::SeqCst)),
            Source::Manual(at) => at.load(Ordering::SeqCst),
        };
        Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MAX)
    }

    /// How far it is ahead of the system's clock; none for a manual clock, which does not go.
    pub fn offset(&self) -> Option<SignedDuration> {
        match &self.0 {
            Source::System => Some(SignedDuration::ZERO),
            Source::Movable(movable) => {
                Some(SignedDuration::from_micros(movable.offset.load(Ordering::SeqCst)))
            }
            Source::Manual(_) => None,
        }
    }

    /// Moves the clock, and wakes who waits by [`Clock::pause`]. The system's clock is not moved.
    pub fn advance(&self, by: SignedDuration) {
        let at = match &self.0 {
            Source::System => return,
            Source::Movable(movable) => &movable.offset,
            Source::Manual(at) => at,
        };
        at.fetch_add(microseconds(by), Ordering::SeqCst);
        self.wake();
    }

    /// Waits for a time, or until the clock is moved or [`Clock::wake`] is called: for work that is due by the clock.
    pub async fn pause(&self, time: Duration) {
        match &self.0 {
            Source::Movable(movable) => {
                // A time that is over is no error here.
                let _ = tokio::time::timeout(time, movable.woken.notified()).await;
            }
            Source::System | Source::Manual(_) => tokio::time::sleep(time).await,
        }
    }

    /// Ends every [`Clock::pause`] of a movable clock.
    pub fn wake(&self) {
        if let Source::Movable(movable) = &self.0 {
            movable.woken.notify_waiters();
        }
    }
}

fn microseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_movable_clock_move_together_and_the_systems_does_not_move() {
        let (system, movable) = (Clock::system(), Clock::movable(SignedDuration::from_hours(-24)));
        let clone = movable.clone();

        movable.advance(SignedDuration::from_hours(72));
        system.advance(SignedDuration::from_hours(72));

        assert_eq!(clone.offset(), Some(SignedDuration::from_hours(48)));
        assert_eq!(system.offset(), Some(SignedDuration::ZERO));
        let ahead = clone.now().duration_since(system.now());
        assert!((ahead - SignedDuration::from_hours(48)).abs() < SignedDuration::from_mins(1), "{ahead}");
        assert_eq!(Clock::manual(Timestamp::UNIX_EPOCH).offset(), None);
    }

    #[tokio::test]
    async fn a_pause_ends_when_the_clock_is_moved() {
        let clock = Clock::movable(SignedDuration::ZERO);
        let pause = clock.pause(Duration::from_hours(1));
        let advance = async { clock.advance(SignedDuration::from_secs(1)) };

        let ended = async { tokio::join!(pause, advance) };

        tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    }
}
