//! The head of a ledger: the numbers and times that it has reached.

use jiff::{SignedDuration, Timestamp};
use usher_seats::SeatClass;

use crate::audit::model::hash::{GENESIS, Hash};
use crate::ledger::model::span::Span;

/// How far facts and watermarks may be ahead of this program's clock. Beyond that, a clock is wrong, and a clock that
/// was once wrong must not determine when all later seats end.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_secs(5);

/// The promise that all events up to a time have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watermark {
    pub(crate) at: Timestamp,
    /// The producer's last number at that time.
    pub(crate) sequence: i64,
}

/// The state of a ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) epoch: i64,
    pub(crate) acknowledged_sequence: i64,
    pub(crate) sequence: i64,
    pub(crate) head_hash: Hash,
    /// The number of open intervals by class.
    pub(crate) open_seats: [i64; SeatClass::COUNT],
    pub(crate) halted: bool,
    pub(crate) last_effective_at: Timestamp,
    pub(crate) last_recorded_at: Timestamp,
    /// The time up to which identity has sent everything, and its number at that time.
    pub(crate) watermark: Option<Watermark>,
    /// The current span of watermarks.
    pub(crate) span: Option<Span>,
    /// The producer's number at the last comparison that found equal states.
    pub(crate) reconciled_sequence: i64,
    /// Whether a comparison of states has been requested.
    pub(crate) digest_wanted: bool,
    /// When states were last compared.
    pub(crate) compared_at: Option<Timestamp>,
}

impl Ledger {
    /// Creates a ledger without facts.
    pub(crate) fn empty(epoch: i64) -> Self {
        Self {
            epoch,
            acknowledged_sequence: 0,
            sequence: 0,
            head_hash: GENESIS,
            open_seats: [0; SeatClass::COUNT],
            halted: false,
            last_effective_at: Timestamp::UNIX_EPOCH,
            last_recorded_at: Timestamp::UNIX_EPOCH,
            watermark: None,
            span: None,
            reconciled_sequence: 0,
            digest_wanted: false,
            compared_at: None,
        }
    }
}
