//! Facts of the ledger, and the chain that makes changes to them evident.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};

use crate::class::SeatClass;

/// A change of a SCIM user's state, as identity sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatEvent {
    /// The producer's number.
    pub sequence: i64,
    /// Its id.
    pub event_id: EventId,
    /// The person.
    pub person: PersonKey,
    /// The SCIM user.
    pub user: UserId,
    /// Whether the user is active after it.
    pub active: bool,
    /// The class of the user's type.
    pub class: SeatClass,
    /// The type as it was sent.
    pub user_type: String,
    /// When it was committed.
    pub effective_at: Timestamp,
    /// Why.
    pub cause: String,
    /// Who.
    pub actor: String,
    /// The request that did it.
    pub request_id: String,
}

/// SHA-256 of a fact and all before it.
pub type Hash = [u8; 32];

/// What the first fact is chained to.
pub const GENESIS: Hash = [0; 32];

impl SeatEvent {
    /// The hash of this event after the one before.
    ///
    /// Fields have fixed lengths or carry theirs, so no two events have the same bytes.
    pub fn chain(&self, before: &Hash, workspace: WorkspaceId, epoch: i64) -> Hash {
        let mut hash = Sha256::new();
        hash.update(b"usher.seat-event.v1");
        hash.update(before);
        hash.update(workspace.as_uuid());
        hash.update(epoch.to_be_bytes());
        hash.update(self.sequence.to_be_bytes());
        hash.update(self.event_id.as_uuid());
        hash.update(self.person.as_uuid());
        hash.update(self.user.as_uuid());
        hash.update([u8::from(self.active)]);
        hash.update(self.effective_at.as_microsecond().to_be_bytes());
        for text in [&self.user_type, &self.cause, &self.actor, &self.request_id] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
