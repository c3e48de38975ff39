//! The states of all users, which identity streams.

use tonic::{Status, Streaming};
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{invalid, missing, parse};

use crate::ledger::model::state::{ActiveUser, Claim};

/// Maximum number of users per workspace.
const MOST_USERS: usize = 5_000_000;

/// The received state of a workspace.
pub(super) struct State {
    pub(super) workspace: WorkspaceId,
    pub(super) claim: Claim<Vec<ActiveUser>>,
    pub(super) reason: String,
}

/// Reads the whole stream.
pub(super) async fn receive<M>(
    mut stream: Streaming<M>,
    part: fn(M) -> Option<pb::StatePart>,
) -> Result<State, Status> {
    let first = stream.message().await?.and_then(part).ok_or_else(|| missing("part"))?;
    let head = first.head.clone().ok_or_else(|| missing("head"))?;
    let workspace = parse("workspace_id", &head.workspace_id)?;
    let mut users = Vec::new();
    let mut next = Some(first);
    while let Some(message) = next {
        for user in message.users {
            users.push(ActiveUser::try_from(user)?);
        }
        if users.len() > MOST_USERS {
            return Err(invalid("users", format_args!("at most {MOST_USERS} are taken")).into());
        }
        next = stream.message().await?.and_then(part);
    }
    let claim = Claim { epoch: head.epoch, sequence: head.sequence, state: users };
    Ok(State { workspace, claim, reason: head.reason })
}
