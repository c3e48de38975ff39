//! Billing's limits, taken over as they come to hold: they are enforced here, also while billing is away.

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
use crate::store::limits as store;

/// How long billing may take to open the stream.
const OPEN: Duration = Duration::from_secs(5);
/// Limits that are taken over at once: few, because requests need the connections more.
const AT_ONCE: usize = 4;
/// The longest pause between two tries, so that what billing sets after an outage holds soon.
const PAUSE: Duration = Duration::from_secs(2);

/// The version that was taken over, by workspace and pool. A stream that only replaces one whose credential has
/// ended lists them all again, and each would be a write; after a failure they are taken over again.
type Taken = HashMap<(String, i32), i64>;

impl Relay {
    /// Keeps a stream open until the stop is asked for. A new one begins with all limits, so nothing is lost
    /// between two, whatever ended the one before.
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

    /// Takes limits over until the stream ends; that only its credential did is no error.
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
                // Only another stream has again what was missed.
                if let Some(error) = missed {
                    return Err(error);
                }
                complete = true;
                interruption.over();
            }
        }
    }

    /// Takes over what came at once, but for what can't be stored: one workspace's fault stops no other. Says why
    /// a limit was missed that may be taken when it comes again.
    async fn take(
        &self,
        verified: &Credential,
        mut limits: Vec<pb::WorkspaceLimit>,
        taken: &mut Taken,
    ) -> Result<Option<RelayError>, RelayError> {
        limits.retain(|limit| taken.get(&pool(limit)) != Some(&limit.version));
        let each = limits.into_iter().map(async |limit| (self.take_one(verified, &limit).await, limit));
        let mut outcomes = futures::stream::iter(each).buffer_unordered(AT_ONCE);
        let mut missed = None;
        while let Some((outcome, limit)) = outcomes.next().await {
            let Err(error) = outcome else {
                taken.insert(pool(&limit), limit.version);
                continue;
            };
            // Where the database is away, so is every other workspace.
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
                "a limit can't be taken over; the one before it holds"
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
        Ok(store::take_billing(&self.scoped(verified, workspace)?, (pool, at_limit), limit).await?)
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
