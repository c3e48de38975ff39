//! How far a ledger has come.

use jiff::{SignedDuration, Timestamp};
use usher_seats::SeatClass;

use crate::audit::model::hash::{GENESIS, Hash};
use crate::ledger::model::span::Span;

/// How far facts and watermarks may be ahead of the clock here. Beyond, a clock is wrong, and one that leapt once
/// must not decide when everybody's seats end from then on.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_secs(5);

/// Everything that is effective until an instant has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watermark {
    pub(crate) at: Timestamp,
    /// The producer's last number then.
    pub(crate) sequence: i64,
}

/// The state of a ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) epoch: i64,
    pub(crate) acknowledged_sequence: i64,
    pub(crate) sequence: i64,
    pub(crate) head_hash: Hash,
    /// Open intervals by class.
    pub(crate) open_seats: [i64; SeatClass::COUNT],
    pub(crate) halted: bool,
    pub(crate) last_effective_at: Timestamp,
    pub(crate) last_recorded_at: Timestamp,
    /// Up to when everything that identity recorded has been sent, and its number then.
    pub(crate) watermark: Option<Watermark>,
    /// The watermarks that came one soon after the other, up to the last.
    pub(crate) span: Option<Span>,
    /// The producer's number at which both sides last had the same state.
    pub(crate) reconciled_sequence: i64,
    /// Whether a comparison of states was asked for.
    pub(crate) digest_wanted: bool,
    /// When states were last compared.
    pub(crate) compared_at: Option<Timestamp>,
}

impl Ledger {
    /// A ledger without any fact.
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
