//! What keeps billing's proof complete beside the events: limits, watermarks, comparisons of states.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Credential};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_client::SeatLedgerClient;
use usher_rpc::convert::{from_wire, to_wire};
use usher_rpc::{Failure, Outgoing, Tasks};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use super::{Relay, RelayError};
use crate::seat_state::{SeatState, digests, requests};
use crate::store::{limits, relays, states};

/// How soon a limit that billing changed holds here.
const LIMITS: Duration = Duration::from_secs(1);
/// How often watermarks are advanced.
const WATERMARKS: Duration = Duration::from_secs(15);
/// Limits are asked for again over so long a time: billing's replicas have clocks of their own.
const OVERLAP: SignedDuration = SignedDuration::from_mins(1);
/// How many workspaces' watermarks are sent at once.
const PAGE: i32 = 500;
/// The longest that a comparison of all states may take.
const COMPARE: Duration = Duration::from_mins(1);

/// The limits that were taken over.
#[derive(Default)]
struct Taken {
    /// When the last of them was set.
    latest: Option<Timestamp>,
    /// Those that the last round listed: the next lists them again, for [`OVERLAP`], and takes none twice.
    versions: HashSet<(WorkspaceId, String, i64)>,
}

impl Relay {
    /// Goes on until the stop is asked for; what fails is tried again.
    pub(crate) async fn upkeep(self, tasks: Tasks) {
        let (mut taken, mut watermarks_at) = (Taken::default(), Instant::now());
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(LIMITS) => {}
            }
            let round = async {
                self.take_limits(&mut taken).await?;
                if Instant::now() >= watermarks_at {
                    watermarks_at = Instant::now() + WATERMARKS;
                    self.advance_watermarks().await?;
                }
                Ok::<_, RelayError>(())
            };
            let outcome = tokio::select! {
                () = tasks.stopping() => return,
                outcome = round => outcome,
            };
            if let Err(error) = outcome {
                tracing::warn!(error = &error as &dyn std::error::Error, "limits and watermarks wait");
            }
        }
    }

    /// Takes limits over that were set since the last time.
    async fn take_limits(&self, taken: &mut Taken) -> Result<(), RelayError> {
        let credential = self.credential.current().await?;
        let verified = self.verified(&credential).await?;
        let mut after = taken.latest.map(|latest| latest.saturating_sub(OVERLAP).unwrap_or(latest));
        let mut seen = HashSet::new();
        loop {
            let message = pb::ListLimitsRequest { after_time: after.map(to_wire) };
            let request = outgoing(&credential, Duration::from_secs(5)).request(message);
            let mut client = SeatLedgerClient::new(self.billing.clone());
            let found = client.list_limits(request).await.map_err(Failure::from)?.into_inner().limits;
            let last = found.last().and_then(|limit| limit.set_time);
            let last = last.and_then(|time| from_wire("set_time", time).ok());
            for limit in found {
                let Ok(workspace) = limit.workspace_id.parse::<WorkspaceId>() else { continue };
                let version = (workspace, limit.pool.clone(), limit.version);
                if !taken.versions.contains(&version) {
                    limits::take_billing(&self.scoped(&verified, workspace)?, &limit).await?;
                }
                seen.insert(version);
            }
            if last.is_none() || last <= after {
                break;
            }
            after = last;
        }
        *taken = Taken { latest: taken.latest.max(after), versions: seen };
        Ok(())
    }

    /// Advances every workspace's watermark, and compares where billing wants it.
    async fn advance_watermarks(&self) -> Result<(), RelayError> {
        let credential = self.credential.current().await?;
        let verified = self.verified(&credential).await?;
        let mut after = WorkspaceId::from_uuid(Uuid::nil());
        loop {
            let workspaces = states::workspaces(&self.database, after, PAGE).await?;
            let Some(last) = workspaces.last() else { return Ok(()) };
            after = *last;
            let mut watermarks = Vec::with_capacity(workspaces.len());
            for workspace in workspaces {
                let database = self.scoped(&verified, workspace)?;
                watermarks.extend(states::advance_watermark(&database, workspace, self.clock.now()).await?);
            }
            let message = pb::AdvanceWatermarksRequest { watermarks };
            let request = outgoing(&credential, Duration::from_secs(30)).request(message);
            let mut client = SeatLedgerClient::new(self.billing.clone());
            let answer = client.advance_watermarks(request).await.map_err(Failure::from)?.into_inner();
            self.rewind(&credential, &verified, answer.behind_workspace_ids).await?;
            for id in answer.compare_workspace_ids {
                let Ok(workspace) = id.parse() else { continue };
                self.compare(&credential, &self.scoped(&verified, workspace)?, workspace).await?;
            }
        }
    }

    /// Goes back to where billing is, for workspaces in which it lacks events that it once had: its
    /// database was restored. What is on its way is sent again, and changes nothing.
    async fn rewind(
        &self,
        credential: &str,
        verified: &Credential,
        workspace_ids: Vec<String>,
    ) -> Result<(), RelayError> {
        if workspace_ids.is_empty() {
            return Ok(());
        }
        let request =
            outgoing(credential, Duration::from_secs(10)).request(pb::GetCursorsRequest { workspace_ids });
        let mut client = SeatLedgerClient::new(self.billing.clone());
        let cursors = client.get_cursors(request).await.map_err(Failure::from)?.into_inner().cursors;
        for cursor in cursors {
            let Ok(workspace) = cursor.workspace_id.parse::<WorkspaceId>() else { continue };
            let database = self.scoped(verified, workspace)?;
            relays::rewind(&database, cursor.epoch, cursor.acknowledged_sequence).await?;
        }
        self.nudge.nudge();
        Ok(())
    }

    /// Compares a workspace's states with billing's, by digests first, and user by user where these differ.
    async fn compare(
        &self,
        credential: &str,
        database: &ScopedDatabase,
        workspace: WorkspaceId,
    ) -> Result<(), RelayError> {
        let Some(state) = states::read(database).await? else { return Ok(()) };
        let message = pb::CompareStateRequest {
            workspace_id: workspace.to_string(),
            epoch: state.epoch,
            sequence: state.sequence,
            classes: digests(&state.users),
        };
        let mut client = SeatLedgerClient::new(self.billing.clone());
        let request = outgoing(credential, COMPARE).request(message);
        let outcome = client.compare_state(request).await.map_err(Failure::from)?.into_inner().outcome;
        if outcome != "DIFFERENT" {
            return Ok(());
        }
        let found = self.reconcile(credential, workspace, &state).await?;
        tracing::error!(
            %workspace, sequence = state.sequence, persons = found.person_keys.len(),
            "identity and billing count different seats; begin a new epoch to book the difference"
        );
        Ok(())
    }

    async fn reconcile(
        &self,
        credential: &str,
        workspace: WorkspaceId,
        state: &SeatState,
    ) -> Result<pb::ReconcileStateResponse, RelayError> {
        let stream = tokio_stream::iter(requests(workspace, state.epoch, "", state));
        let request = outgoing(credential, COMPARE).request(stream);
        let mut client = SeatLedgerClient::new(self.billing.clone());
        Ok(client.reconcile_state(request).await.map_err(Failure::from)?.into_inner())
    }

    fn scoped(&self, credential: &Credential, workspace: WorkspaceId) -> Result<ScopedDatabase, RelayError> {
        let ctx = CallContext::background(self.clock.clone(), credential.clone(), workspace, "upkeep");
        let scope = ctx.scope().map_err(|error| RelayError::Credential(error.to_string()))?;
        Ok(self.database.scoped(&scope))
    }
}

fn outgoing(credential: &str, timeout: Duration) -> Outgoing<'_> {
    Outgoing { credential, workspace: None, request_id: "relay", trace: None, timeout }
}
