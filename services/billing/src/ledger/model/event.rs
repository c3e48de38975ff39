//! Facts of the ledger, and the chain that makes changes to them evident.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};
use usher_seats::SeatClass;

use crate::audit::model::hash::Hash;

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
    /// When it was committed.
    pub effective_at: Timestamp,
    /// Why.
    pub cause: String,
    /// Who.
    pub actor: String,
    /// The request that did it.
    pub request_id: String,
}

/// A correction of the past, approved by somebody else than its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionFact {
    /// Its id.
    pub event_id: EventId,
    /// The person.
    pub person: PersonKey,
    /// The state to assume; `None` is not billable.
    pub class: Option<SeatClass>,
    /// From.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub author: String,
    /// Who approved it.
    pub approver: String,
    /// The request that recorded it.
    pub request_id: String,
}

/// Two keys that are one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFact {
    /// Its id.
    pub event_id: EventId,
    /// One key.
    pub person: PersonKey,
    /// The other.
    pub other: PersonKey,
    /// Why.
    pub reason: String,
    /// Who recorded it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The request that recorded it.
    pub request_id: String,
}

/// A fact of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What identity said; a number of 0 where billing booked the difference of a new epoch.
    State(SeatEvent),
    /// A person's state over a past range.
    Correction(CorrectionFact),
    /// Two keys are one person.
    Link(LinkFact),
}

/// A fact as it was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The ledger's number.
    pub sequence: i64,
    /// The producer's epoch.
    pub epoch: i64,
    /// The fact.
    pub fact: Fact,
    /// When it counts: when it was effective, unless an epoch set its time back.
    pub counts_at: Timestamp,
    /// When it was recorded.
    pub at: Timestamp,
    /// The chain's hash after it.
    pub hash: Hash,
}

/// Collects a fact's fields: each has a fixed length or carries its own, so no two facts have the
/// same bytes.
struct Chain(Sha256);

impl Chain {
    fn new(kind: &str, before: &Hash, workspace: WorkspaceId, epoch: i64) -> Self {
        Self(Sha256::new()).text(kind).bytes(before).bytes(workspace.as_uuid().as_bytes()).number(epoch)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    fn number(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    fn text(self, text: &str) -> Self {
        self.bytes(&(text.len() as u64).to_be_bytes()).bytes(text.as_bytes())
    }

    fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// Where a fact is in the ledger; it is hashed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose ledger it is.
    pub workspace: WorkspaceId,
    /// The producer's epoch.
    pub epoch: i64,
    /// The ledger's number.
    pub sequence: i64,
    /// When it was recorded.
    pub at: Timestamp,
}

/// What of a fact's place is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Workspace and epoch; of facts that were recorded before there was another.
    One,
    /// All of it.
    Two,
}

impl SeatEvent {
    fn chained(&self, before: &Hash, place: Place, version: Version) -> Hash {
        place
            .chain("state", before, version)
            .number(self.sequence)
            .bytes(self.event_id.as_uuid().as_bytes())
            .bytes(self.person.as_uuid().as_bytes())
            .bytes(self.user.as_uuid().as_bytes())
            .bytes(&[u8::from(self.active)])
            .number(self.effective_at.as_microsecond())
            .text(self.class.user_type().as_str())
            .text(&self.cause)
            .text(&self.actor)
            .text(&self.request_id)
            .finish()
    }

    /// The hash of this event after the one before.
    pub fn chain(&self, before: &Hash, place: Place) -> Hash {
        self.chained(before, place, Version::Two)
    }

    /// Whether a hash is that of this event after the one before, in any version.
    pub fn has(&self, before: &Hash, place: Place, hash: &Hash) -> bool {
        [Version::Two, Version::One].iter().any(|version| self.chained(before, place, *version) == *hash)
    }
}

impl Place {
    fn chain(&self, kind: &str, before: &Hash, version: Version) -> Chain {
        match version {
            Version::One => Chain::new(&format!("usher.{kind}.v1"), before, self.workspace, self.epoch),
            Version::Two => Chain::new(&format!("usher.{kind}.v2"), before, self.workspace, self.epoch)
                .number(self.sequence)
                .number(self.at.as_microsecond()),
        }
    }
}

impl Fact {
    /// The hash of this fact after the one before.
    pub fn chain(&self, before: &Hash, place: Place) -> Hash {
        self.chained(before, place, Version::Two)
    }

    /// As [`Fact::chain`], as it was in a version.
    pub fn chained(&self, before: &Hash, place: Place, version: Version) -> Hash {
        match self {
            Self::State(event) => event.chained(before, place, version),
            Self::Correction(fact) => place
                .chain("correction", before, version)
                .bytes(fact.event_id.as_uuid().as_bytes())
                .bytes(fact.person.as_uuid().as_bytes())
                .text(fact.class.map_or("", SeatClass::as_str))
                .number(fact.from.as_microsecond())
                .number(fact.until.as_microsecond())
                .text(&fact.reason)
                .text(&fact.author)
                .text(&fact.approver)
                .text(&fact.request_id)
                .finish(),
            Self::Link(fact) => place
                .chain("link", before, version)
                .bytes(fact.event_id.as_uuid().as_bytes())
                .bytes(fact.person.as_uuid().as_bytes())
                .bytes(fact.other.as_uuid().as_bytes())
                .text(&fact.reason)
                .text(&fact.actor)
                .number(fact.at.as_microsecond())
                .text(&fact.request_id)
                .finish(),
        }
    }
}
