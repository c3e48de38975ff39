//! The active users of a workspace at one seat sequence number, for the comparison with billing.

use usher_base::id::{PersonKey, UserId, WorkspaceId};
use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum as _;
use usher_seats::{ActiveUsers, SeatClass};

/// The maximum number of users per message.
const CHUNK: usize = 1_000;

/// The active users, and the sequence number to which they belong.
#[derive(Clone, Debug)]
pub(crate) struct SeatState {
    pub(crate) epoch: i64,
    pub(crate) sequence: i64,
    /// Ordered by user id.
    pub(crate) users: Vec<ActiveUser>,
}

/// A user who uses a seat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActiveUser {
    pub(crate) user: UserId,
    pub(crate) person: PersonKey,
    pub(crate) class: SeatClass,
}

/// Count and digest of each class.
pub(crate) fn digests(users: &[ActiveUser]) -> Vec<pb::ClassDigest> {
    let digest = |class: SeatClass| {
        let of_class = users.iter().filter(|user| user.class == class);
        let of_class = ActiveUsers::digest(of_class.map(|user| (user.user.as_uuid(), user.person.as_uuid())));
        pb::ClassDigest { class: class.to_wire(), count: of_class.count, digest: of_class.digest.to_vec() }
    };
    SeatClass::BY_RANK.map(digest).to_vec()
}

/// All of the state in parts, the head first.
pub(crate) fn parts(
    workspace: WorkspaceId,
    epoch: i64,
    reason: &str,
    state: &SeatState,
) -> Vec<pb::StatePart> {
    let head = pb::StateHead {
        workspace_id: workspace.to_string(),
        epoch,
        sequence: state.sequence,
        reason: reason.to_owned(),
    };
    let chunks = state.users.chunks(CHUNK).map(|users| pb::StatePart {
        head: None,
        users: users
            .iter()
            .map(|user| pb::UserState {
                user_id: user.user.to_string(),
                person_key: user.person.to_string(),
                class: user.class.to_wire(),
            })
            .collect(),
    });
    std::iter::once(pb::StatePart { head: Some(head), users: Vec::new() }).chain(chunks).collect()
}
