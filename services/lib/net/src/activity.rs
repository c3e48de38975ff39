//! The activity of a connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::limits::Patience;

/// The activity of a connection. Its requests update it, and its listener reads it.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
    vouched: AtomicBool,
    flooded: AtomicBool,
    unshaken: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// The requests whose answers are not complete, each with the time since which a part of its answer waits for the
    /// peer.
    answers: Slab<Option<Instant>>,
    /// Since when no request is in progress.
    idle_since: Instant,
    /// Whether there has been a request.
    served: bool,
    /// When a head began that is not complete yet.
    head_since: Option<Instant>,
}

/// A connection without a request in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Idle {
    /// Whether it ever had a request.
    pub(crate) served: bool,
    pub(crate) since: Instant,
}

/// Why a connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The first request did not arrive in time.
    Silent,
    /// The next request did not arrive in time.
    Idle,
    /// The peer did not receive an answer in time.
    Slow,
}

impl Activity {
    /// The activity of a connection that was just accepted.
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

    /// Records that a request arrived. Its answer is in progress until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        state.served = true;
        state.head_since = None;
        let key = state.answers.insert(None);
        drop(state);
        UnderWay { activity: Arc::clone(self), key }
    }

    /// Records that bytes arrived over HTTP/1: of a body, or the beginning of a head.
    pub(crate) fn heard(&self, now: Instant) {
        let mut state = self.state();
        if state.answers.is_empty() {
            state.head_since.get_or_insert(now);
        }
    }

    /// Records that an authenticated service uses this connection.
    pub(crate) fn vouch(&self) {
        self.vouched.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_vouched(&self) -> bool {
        self.vouched.load(Ordering::Relaxed)
    }

    /// Records that the peer sent more frames than its requests need.
    pub(crate) fn note_flood(&self) {
        self.flooded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// Records that the TLS handshake failed: the certificate is not trusted, or the peer does not use TLS.
    pub(crate) fn note_no_handshake(&self) {
        self.unshaken.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_no_handshake(&self) -> bool {
        self.unshaken.load(Ordering::Relaxed)
    }

    /// Returns the connection if no request is in progress.
    pub(crate) fn idle(&self) -> Option<Idle> {
        let state = self.state();
        state.answers.is_empty().then_some(Idle { served: state.served, since: state.idle_since })
    }

    /// Returns why the connection must be closed, or `None`.
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

/// An answer in progress.
#[derive(Debug)]
pub(crate) struct UnderWay {
    activity: Arc<Activity>,
    key: usize,
}

impl UnderWay {
    /// Records that a part of the answer (the head is one) waits for the peer.
    pub(crate) fn offer(&self) {
        self.set(Some(Instant::now()));
    }

    /// Records that the peer has received what was offered.
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
    fn an_answer_that_is_not_read_is_overdue_and_one_in_preparation_is_not() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let answer = activity.begin();
        assert_eq!(overdue_after(&activity, 3_600), None);

        answer.offer();

        assert_eq!((overdue_after(&activity, 59), overdue_after(&activity, 61)), (None, Some(Overdue::Slow)));
        answer.taken();
        assert_eq!(overdue_after(&activity, 3_600), None);
    }
}
