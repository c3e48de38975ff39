//! What keeps billing's proof complete beside the events: watermarks, comparisons of states.

use std::time::Duration;

use usher_base::Credential;
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_client::SeatLedgerClient;
use usher_rpc::{Failure, Tasks};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use super::interruption::Interruption;
use super::{Relay, RelayError, outgoing};
use crate::seat_state::{SeatState, digests, requests};
use crate::store::{relays, states};

/// How often watermarks are advanced.
const WATERMARKS: Duration = Duration::from_secs(15);
/// How many workspaces' watermarks are sent at once.
const PAGE: i32 = 500;
/// The longest that a comparison of all states may take.
const COMPARE: Duration = Duration::from_mins(1);

impl Relay {
    /// Goes on until the stop is asked for; what fails is tried again.
    pub(crate) async fn upkeep(self, tasks: Tasks) {
        let mut interruption = Interruption::none("watermarks", WATERMARKS);
        loop {
            let outcome = tokio::select! {
                () = tasks.stopping() => return,
                outcome = self.advance_watermarks() => outcome,
            };
            let pause = match outcome {
                Ok(()) => {
                    interruption.over();
                    WATERMARKS
                }
                Err(error) => interruption.failed(&error),
            };
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
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
}
