//! Copies billing's limits when they change. They are enforced here, even while billing is unavailable.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use tonic::Streaming;
use usher_base::id::WorkspaceId;
use usher_base::{Credential, Fault as _, Reason};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_service_client::SeatLedgerServiceClient;
use usher_rpc::convert::InvalidArgument;
use usher_rpc::{Failure, Tasks, enum_name, required_enum};
use usher_seats::Pool;

use super::interruption::Interruption;
use super::{Relay, RelayError, outgoing};
use crate::store::limits;

/// How long billing may take to open the stream.
const OPEN: Duration = Duration::from_secs(5);
/// The maximum number of limits that are stored at once. It is small, because requests need the connections more.
const MAX_CONCURRENT_WRITES: usize = 4;
/// The maximum pause between two attempts, so that limits that were set during an outage apply soon after it.
const PAUSE: Duration = Duration::from_secs(2);

/// The version that was taken over, by workspace and pool. A stream that only replaces one whose credential has
/// ended lists them all again, and each would be a write; after a failure they are taken over again.
type Taken = HashMap<(String, i32), i64>;

impl Relay {
    /// Keeps a stream open until shutdown begins. A new stream starts with all limits, so nothing is lost between two
    /// streams.
    pub(crate) async fn follow_limits(self, tasks: Tasks) {
        let (mut taken, mut interruption) = (Taken::new(), Interruption::none("limits", PAUSE));
        loop {
            let ended = tokio::select! {
                () = tasks.stopping() => return,
                ended = self.take_limits(&mut taken, &mut interruption) => ended,
            };
            let Err(error) = ended else { continue };
            taken.clear();
            let pause = interruption.failed(&error);
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Stores limits until the stream ends. Its end because of an expired credential is not an error.
    async fn take_limits(
        &self,
        taken: &mut Taken,
        interruption: &mut Interruption,
    ) -> Result<(), RelayError> {
        let credential = self.credential.current().await?;
        let verified = self.verified(&credential).await?;
        let request = outgoing(&credential, OPEN).request(pb::WatchWorkspaceLimitsRequest {});
        let mut client = SeatLedgerServiceClient::new(self.billing.clone());
        let mut stream = client.watch_workspace_limits(request).await.map_err(Failure::from)?.into_inner();
        let (mut complete, mut missed) = (false, None);
        loop {
            let message = match next(&mut stream).await {
                Err(failure) if complete && failure.reason == Reason::CredentialExpired => return Ok(()),
                message => message?,
            };
            missed = self.take(&verified, message.limits, taken).await?.or(missed);
            if message.complete {
                // Only another stream contains the missed limit again.
                if let Some(error) = missed {
                    return Err(error);
                }
                complete = true;
                interruption.over();
            }
        }
    }

    /// Stores a batch of limits, except those that can't be stored: an error of one workspace does not affect the
    /// others. Returns the error if a limit was missed that may be stored at the next attempt.
    async fn take(
        &self,
        verified: &Credential,
        mut limits: Vec<pb::WorkspaceLimit>,
        taken: &mut Taken,
    ) -> Result<Option<RelayError>, RelayError> {
        limits.retain(|limit| taken.get(&pool(limit)) != Some(&limit.version));
        let each = limits.into_iter().map(async |limit| (self.take_one(verified, &limit).await, limit));
        let mut outcomes = futures::stream::iter(each).buffer_unordered(MAX_CONCURRENT_WRITES);
        let mut missed = None;
        while let Some((outcome, limit)) = outcomes.next().await {
            let Err(error) = outcome else {
                taken.insert(pool(&limit), limit.version);
                continue;
            };
            // If the database is unavailable, all workspaces are affected.
            self.database.ping().await?;
            if matches!(&error, RelayError::Store(error) if error.reason().row().retryable) {
                missed = Some(error);
                continue;
            }
            tracing::error!(
                workspace = limit.workspace_id,
                pool = enum_name::<Pool>(limit.pool),
                version = limit.version,
                error = &error as &dyn std::error::Error,
                "can't store a limit; the previous one stays in force"
            );
        }
        Ok(missed)
    }

    async fn take_one(&self, verified: &Credential, limit: &pb::WorkspaceLimit) -> Result<(), RelayError> {
        let workspace: WorkspaceId = limit.workspace_id.parse().map_err(|error| {
            Failure::new(Reason::Internal, format!("billing sent a workspace without an id: {error}"))
        })?;
        let unreadable = |error: InvalidArgument| {
            Failure::new(Reason::Internal, format!("billing sent a limit that can't be read: {error}"))
        };
        let pool = required_enum("pool", limit.pool).map_err(unreadable)?;
        let at_limit = required_enum("at_limit", limit.at_limit).map_err(unreadable)?;
        Ok(limits::take_billing(&self.scoped(verified, workspace)?, (pool, at_limit), limit).await?)
    }
}

fn pool(limit: &pb::WorkspaceLimit) -> (String, i32) {
    (limit.workspace_id.clone(), limit.pool)
}

async fn next(
    stream: &mut Streaming<pb::WatchWorkspaceLimitsResponse>,
) -> Result<pb::WatchWorkspaceLimitsResponse, Failure> {
    let message = stream.message().await?;
    message.ok_or_else(|| Failure::new(Reason::Unavailable, "billing ended the stream"))
}
