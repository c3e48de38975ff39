//! What a connection is doing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::limits::Patience;

/// What a connection is doing: told by its requests, asked by its listener.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
    vouched: AtomicBool,
    flooded: AtomicBool,
    unshaken: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers are not over; since when a part of one waits for the peer.
    answers: Slab<Option<Instant>>,
    /// Since when there is none.
    idle_since: Instant,
    /// Whether there was one.
    served: bool,
    /// When the head began that is not here as a whole yet.
    head_since: Option<Instant>,
}

/// A connection without a request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Idle {
    /// Whether it ever had one.
    pub(crate) served: bool,
    pub(crate) since: Instant,
}

/// Why a connection is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// No request came in time.
    Silent,
    /// No further request came.
    Idle,
    /// An answer was not taken.
    Slow,
}

impl Activity {
    /// A connection that was just accepted.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                answers: Slab::new(),
                idle_since: now,
                served: false,
                head_since: None,
            }),
            vouched: AtomicBool::new(false),
            flooded: AtomicBool::new(false),
            unshaken: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request came; its answer is under way until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        state.served = true;
        state.head_since = None;
        let key = state.answers.insert(None);
        drop(state);
        UnderWay { activity: Arc::clone(self), key }
    }

    /// Bytes came over HTTP/1: of a body, or the beginning of a head.
    pub(crate) fn heard(&self, now: Instant) {
        let mut state = self.state();
        if state.answers.is_empty() {
            state.head_since.get_or_insert(now);
        }
    }

    /// Somebody who is known stands for this connection.
    pub(crate) fn vouch(&self) {
        self.vouched.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_vouched(&self) -> bool {
        self.vouched.load(Ordering::Relaxed)
    }

    /// The peer sent more frames than anything asks for.
    pub(crate) fn note_flood(&self) {
        self.flooded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// The handshake of TLS failed: no certificate that is believed, or no TLS at all.
    pub(crate) fn note_no_handshake(&self) {
        self.unshaken.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_no_handshake(&self) -> bool {
        self.unshaken.load(Ordering::Relaxed)
    }

    /// Whether no request is under way.
    pub(crate) fn idle(&self) -> Option<Idle> {
        let state = self.state();
        state.answers.is_empty().then_some(Idle { served: state.served, since: state.idle_since })
    }

    /// Whether the connection is to be ended, and why.
    pub(crate) fn overdue(&self, now: Instant, patience: &Patience) -> Option<Overdue> {
        let state = self.state();
        let longer = |since: Instant, than: Duration| now.saturating_duration_since(since) > than;
        if !state.answers.is_empty() {
            let mut offered = state.answers.iter().filter_map(|(_, offered)| *offered);
            let slow = offered.any(|since| longer(since, patience.answer));
            return slow.then_some(Overdue::Slow);
        }
        if state.head_since.is_some_and(|since| longer(since, patience.head)) {
            return Some(Overdue::Silent);
        }
        if state.served {
            longer(state.idle_since, patience.idle).then_some(Overdue::Idle)
        } else {
            longer(state.idle_since, patience.head).then_some(Overdue::Silent)
        }
    }
}

/// An answer under way.
#[derive(Debug)]
pub(crate) struct UnderWay {
    activity: Arc<Activity>,
    key: usize,
}

impl UnderWay {
    /// A part of the answer, its head for one, waits for the peer.
    pub(crate) fn offer(&self) {
        self.set(Some(Instant::now()));
    }

    /// The peer has taken what was offered.
    pub(crate) fn taken(&self) {
        self.set(None);
    }

    fn set(&self, offered: Option<Instant>) {
        if let Some(answer) = self.activity.state().answers.get_mut(self.key) {
            *answer = offered;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.answers.try_remove(self.key);
        if state.answers.is_empty() {
            state.idle_since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        answer: Duration::from_mins(1),
        farewell: Duration::from_secs(5),
    };

    fn overdue_after(activity: &Activity, seconds: u64) -> Option<Overdue> {
        activity.overdue(Instant::now() + Duration::from_secs(seconds), &PATIENCE)
    }

    #[test]
    fn a_connection_without_a_request_has_ten_seconds_and_after_one_it_has_longer() {
        let activity = Arc::new(Activity::new(Instant::now()));
        assert_eq!(
            (overdue_after(&activity, 9), overdue_after(&activity, 11)),
            (None, Some(Overdue::Silent))
        );

        drop(activity.begin());

        assert_eq!((overdue_after(&activity, 11), overdue_after(&activity, 76)), (None, Some(Overdue::Idle)));
    }

    #[test]
    fn a_later_head_that_has_begun_has_ten_seconds_too() {
        let activity = Arc::new(Activity::new(Instant::now()));
        drop(activity.begin());

        activity.heard(Instant::now());

        assert_eq!(overdue_after(&activity, 11), Some(Overdue::Silent));
    }

    #[test]
    fn an_answer_that_is_not_taken_is_overdue_and_one_that_is_being_made_is_not() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let answer = activity.begin();
        assert_eq!(overdue_after(&activity, 3_600), None);

        answer.offer();

        assert_eq!((overdue_after(&activity, 59), overdue_after(&activity, 61)), (None, Some(Overdue::Slow)));
        answer.taken();
        assert_eq!(overdue_after(&activity, 3_600), None);
    }
}
