//! Facts of the ledger, and the hash chain that makes changes to them evident.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};
use usher_seats::SeatClass;

use crate::audit::model::hash::Hash;

/// A change of a SCIM user's state, as identity sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatEvent {
    /// The number in the producer's sequence.
    pub sequence: i64,
    pub event_id: EventId,
    pub person: PersonKey,
    pub user: UserId,
    /// Whether the user is active after the change.
    pub active: bool,
    /// The class of the user's type.
    pub class: SeatClass,
    /// When the change was made.
    pub effective_at: Timestamp,
    /// The kind of the change, such as `scim.create`.
    pub cause: String,
    /// Who made the change.
    pub actor: String,
    /// The id of the request that made the change.
    pub request_id: String,
}

/// A correction of the past, approved by another person than its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionFact {
    pub event_id: EventId,
    pub person: PersonKey,
    /// The class to assume; `None` if not billable.
    pub class: Option<SeatClass>,
    /// The first instant of the corrected range.
    pub from: Timestamp,
    /// The first instant after the corrected range.
    pub until: Timestamp,
    /// Why it was corrected.
    pub reason: String,
    /// The author of the request.
    pub author: String,
    /// The person who approved it.
    pub approver: String,
    /// The id of the request that recorded it.
    pub request_id: String,
}

/// A link: two keys belong to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFact {
    pub event_id: EventId,
    pub person: PersonKey,
    pub other: PersonKey,
    /// Why they were linked.
    pub reason: String,
    /// Who recorded the link.
    pub actor: String,
    /// When the link was recorded.
    pub at: Timestamp,
    /// The id of the request that recorded it.
    pub request_id: String,
}

/// A fact of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A state that identity sent. Its number is 0 if billing recorded the difference of a new epoch.
    State(SeatEvent),
    /// A person's class over a past range.
    Correction(CorrectionFact),
    /// Two keys belong to one person.
    Link(LinkFact),
}

/// A fact as it was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The number in the ledger.
    pub sequence: i64,
    pub epoch: i64,
    pub fact: Fact,
    /// When it counts: its effective time, unless an epoch set that back.
    pub counts_at: Timestamp,
    /// When it was recorded.
    pub at: Timestamp,
    /// The hash of the chain after it.
    pub hash: Hash,
}

/// Collects the fields of a fact for hashing. Each field has a fixed length or is preceded by its length, so that no
/// two facts have the same bytes.
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

/// The place of a fact in the ledger, which is hashed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The workspace of the ledger.
    pub workspace: WorkspaceId,
    pub epoch: i64,
    /// The number in the ledger.
    pub sequence: i64,
    /// When it was recorded.
    pub at: Timestamp,
}

/// Which parts of a fact's place are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Workspace and epoch: for facts that were recorded before there was another version.
    One,
    /// All parts of the place.
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

    /// Computes the hash of this event after the one before.
    pub fn chain(&self, before: &Hash, place: Place) -> Hash {
        self.chained(before, place, Version::Two)
    }

    /// Returns whether a hash is that of this event after the one before, in any version.
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
    /// Computes the hash of this fact after the one before.
    pub fn chain(&self, before: &Hash, place: Place) -> Hash {
        self.chained(before, place, Version::Two)
    }

    /// Same as [`Fact::chain`], for one version of the hash.
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
