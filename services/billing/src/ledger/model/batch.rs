//! Events that are to be applied, and events as they were applied.

use jiff::Timestamp;
use usher_base::id::WorkspaceId;

use crate::audit::model::hash::Hash;
use crate::ledger::model::event::SeatEvent;

/// Consecutive events of one workspace.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) workspace: WorkspaceId,
    pub(crate) epoch: i64,
    /// Not empty; numbers increase by one.
    pub(crate) events: Vec<SeatEvent>,
}

/// A fact with its place in the ledger.
pub(crate) struct Entry<'a> {
    pub(crate) sequence: i64,
    pub(crate) event: &'a SeatEvent,
    pub(crate) hash: Hash,
}

/// An applied event, with what its hash needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    /// The number in the ledger.
    pub(crate) sequence: i64,
    /// When it was recorded.
    pub(crate) at: Timestamp,
    /// The hash before it, and its own hash.
    pub(crate) before: Hash,
    pub(crate) hash: Hash,
}
