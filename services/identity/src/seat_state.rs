//! A workspace's active users at a number of its seat events, as billing compares them.

use sha2::{Digest as _, Sha256};
use usher_base::id::{PersonKey, UserId, WorkspaceId};
use usher_proto::billing::v1 as pb;
use usher_scim::user::UserType;

/// The most users in one message.
const CHUNK: usize = 1_000;

/// The active users, and the number at which they were.
#[derive(Clone, Debug)]
pub(crate) struct SeatState {
    pub(crate) epoch: i64,
    pub(crate) sequence: i64,
    /// By user id.
    pub(crate) users: Vec<ActiveUser>,
}

/// A user who takes a seat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActiveUser {
    pub(crate) user: UserId,
    pub(crate) person: PersonKey,
    pub(crate) user_type: UserType,
}

/// Count and digest of each class: SHA-256 over each user's id and person key, by user id.
pub(crate) fn digests(users: &[ActiveUser]) -> Vec<pb::ClassDigest> {
    let digest = |user_type: UserType| {
        let mut hash = Sha256::new();
        let mut count = 0;
        for user in users.iter().filter(|user| user.user_type == user_type) {
            hash.update(user.user.as_uuid());
            hash.update(user.person.as_uuid());
            count += 1;
        }
        let hash: [u8; 32] = hash.finalize().into();
        let digest = hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        pb::ClassDigest { class: user_type.as_str().to_lowercase(), count, digest }
    };
    [UserType::Regular, UserType::External, UserType::Collaborator].map(digest).to_vec()
}

/// All of the state as messages, the head first.
pub(crate) fn requests(
    workspace: WorkspaceId,
    epoch: i64,
    reason: &str,
    state: &SeatState,
) -> Vec<pb::StateRequest> {
    let head = pb::StateHead {
        workspace_id: workspace.to_string(),
        epoch,
        sequence: state.sequence,
        reason: reason.to_owned(),
    };
    let chunks = state.users.chunks(CHUNK).map(|users| pb::StateRequest {
        head: None,
        users: users
            .iter()
            .map(|user| pb::UserState {
                user_id: user.user.to_string(),
                person_key: user.person.to_string(),
                user_type: user.user_type.as_str().to_owned(),
            })
            .collect(),
    });
    std::iter::once(pb::StateRequest { head: Some(head), users: Vec::new() }).chain(chunks).collect()
}
