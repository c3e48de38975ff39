//! States of all users, as identity streams them.

use tonic::{Status, Streaming};
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, from_wire, invalid, missing, parse};
use usher_rpc::{required_enum, status};
use usher_seats::ActiveUsers;

use crate::ledger::Watermark;
use crate::reconciliation::{ActiveUser, Claim, ClassState};

/// The most users of one workspace.
const MOST_USERS: usize = 5_000_000;

/// A workspace's state, received.
pub(super) struct State {
    pub(super) workspace: WorkspaceId,
    pub(super) claim: Claim<Vec<ActiveUser>>,
    pub(super) reason: String,
}

/// Reads the stream to its end.
pub(super) async fn receive(mut stream: Streaming<pb::StateRequest>) -> Result<State, Status> {
    let first = stream.message().await?.ok_or_else(|| status(missing("head")))?;
    let head = first.head.clone().ok_or_else(|| status(missing("head")))?;
    let workspace = parse("workspace_id", &head.workspace_id).map_err(status)?;
    let mut users = Vec::new();
    let mut next = Some(first);
    while let Some(message) = next {
        for user in message.users {
            users.push(ActiveUser::try_from(user).map_err(status)?);
        }
        if users.len() > MOST_USERS {
            return Err(status(invalid("users", format_args!("at most {MOST_USERS} are taken"))));
        }
        next = stream.message().await?;
    }
    let claim = Claim { epoch: head.epoch, sequence: head.sequence, state: users };
    Ok(State { workspace, claim, reason: head.reason })
}

impl TryFrom<pb::UserState> for ActiveUser {
    type Error = InvalidArgument;

    fn try_from(message: pb::UserState) -> Result<Self, InvalidArgument> {
        Ok(Self {
            user: parse("user_id", &message.user_id)?,
            person: parse("person_key", &message.person_key)?,
            class: required_enum("class", message.class)?,
        })
    }
}

impl TryFrom<&pb::Watermark> for Watermark {
    type Error = InvalidArgument;

    fn try_from(message: &pb::Watermark) -> Result<Self, InvalidArgument> {
        let at = message.as_of_time.ok_or_else(|| missing("as_of_time"))?;
        Ok(Self { at: from_wire("as_of_time", at)?, sequence: message.last_sequence })
    }
}

impl TryFrom<pb::CompareStateRequest> for Claim<Vec<ClassState>> {
    type Error = InvalidArgument;

    fn try_from(message: pb::CompareStateRequest) -> Result<Self, InvalidArgument> {
        let class = |sent: &pb::ClassDigest| {
            Ok(ClassState {
                class: required_enum("class", sent.class)?,
                users: ActiveUsers {
                    count: sent.count,
                    digest: digest(&sent.digest)
                        .ok_or_else(|| invalid("digest", "write 64 hexadecimal digits"))?,
                },
            })
        };
        let state = message.classes.iter().map(class).collect::<Result<_, InvalidArgument>>()?;
        Ok(Self { epoch: message.epoch, sequence: message.sequence, state })
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
