//! Periodic work beside the events that billing's proof needs: watermarks, and comparisons of seats.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use usher_base::id::{PersonKey, WorkspaceId};
use usher_base::{Credential, Reason};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_service_client::SeatLedgerServiceClient;
use usher_rpc::{Failure, Tasks};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use super::faults::Faults;
use super::interruption::Interruption;
use super::{Relay, RelayError, outgoing};
use crate::seat_state::{SeatState, digests, parts};
use crate::store::{relays, states};

/// How often watermarks are advanced.
const WATERMARKS: Duration = Duration::from_secs(15);
/// How far times may be ahead of the database's clock, which is authoritative.
const MAX_AHEAD: SignedDuration = SignedDuration::from_secs(5);
/// The maximum number of workspaces in a log line.
const MAX_NAMED: usize = 10;
/// The number of workspaces whose watermarks are sent at once.
const PAGE: i32 = 500;
/// The maximum duration of a comparison of all seats.
const COMPARE: Duration = Duration::from_mins(1);

impl Relay {
    /// Runs until shutdown begins, and retries after errors.
    pub(crate) async fn upkeep(self, tasks: Tasks) {
        let mut interruption = Interruption::none("watermarks", WATERMARKS);
        let mut advanced = Instant::now();
        loop {
            let outcome = tokio::select! {
                () = tasks.stopping() => return,
                outcome = self.advance_watermarks() => outcome,
            };
            let pause = match outcome {
                Ok(()) => {
                    interruption.over();
                    advanced = Instant::now();
                    WATERMARKS
                }
                Err(error) => interruption.failed(&error),
            };
            metrics::gauge!("usher_watermark_age_seconds").set(advanced.elapsed().as_secs_f64());
            tokio::select! {
                () = tasks.stopping() => return,
                () = self.clock.pause(pause) => {}
            }
        }
    }

    /// Advances the watermarks of all workspaces, and compares seats where billing asks for it. A workspace whose
    /// rows can't be read or written does not delay the others.
    async fn advance_watermarks(&self) -> Result<(), RelayError> {
        let credential = self.credential.current().await?;
        let verified = self.verified(&credential).await?;
        self.check_clock().await?;
        let (mut ahead, mut faults) = (Vec::new(), Faults::default());
        let mut after = WorkspaceId::from_uuid(Uuid::nil());
        loop {
            let workspaces = states::workspaces(&self.database, after, PAGE).await?;
            let Some(last) = workspaces.last() else {
                alarm(&ahead);
                return faults.into_result();
            };
            after = *last;
            let mut watermarks = Vec::with_capacity(workspaces.len());
            for workspace in workspaces {
                let database = self.scoped(&verified, workspace)?;
                let (as_of, watermark) =
                    match states::advance_watermark(&database, workspace, self.clock.now()).await {
                        Ok(None) => continue,
                        Ok(Some(advanced)) => advanced,
                        Err(error) => {
                            faults.met(&self.database, workspace, error).await?;
                            continue;
                        }
                    };
                if as_of > self.clock.now() + MAX_AHEAD {
                    // Billing would refuse this watermark.
                    ahead.push(workspace);
                } else {
                    watermarks.push(watermark);
                }
            }
            let message = pb::AdvanceWatermarksRequest { watermarks };
            let request = outgoing(&credential, Duration::from_secs(30)).request(message);
            let mut client = SeatLedgerServiceClient::new(self.billing.clone());
            let answer = client.advance_watermarks(request).await.map_err(Failure::from)?.into_inner();
            self.rewind(&credential, &verified, answer.behind_workspace_ids, &mut faults).await?;
            for links in answer.links {
                let Ok(workspace) = links.workspace_id.parse::<WorkspaceId>() else { continue };
                if let Err(error) = self.take_links(&verified, workspace, &links).await {
                    faults.met(&self.database, workspace, error).await?;
                }
            }
            for id in answer.compare_workspace_ids {
                let Ok(workspace) = id.parse() else { continue };
                let database = self.scoped(&verified, workspace)?;
                if let Err(error) = self.compare(&credential, &database, workspace).await {
                    faults.met(&self.database, workspace, error).await?;
                }
            }
        }
    }

    /// Compares this program's clock with the database's.
    async fn check_clock(&self) -> Result<(), RelayError> {
        let clock = states::clock(&self.database).await?;
        let ahead = self.clock.now().duration_since(clock);
        metrics::gauge!("usher_clock_ahead_seconds", "service" => "identity").set(ahead.as_secs_f64());
        if ahead <= MAX_AHEAD {
            return Ok(());
        }
        let error = RelayError::ClockAhead(ahead.as_secs());
        tracing::error!(error = &error as &dyn std::error::Error, "the clock is wrong");
        Err(error)
    }

    /// Rewinds to billing's position, for workspaces in which billing lacks events that it once had, because its
    /// database was restored. Events that are in transit are sent again without effect.
    async fn rewind(
        &self,
        credential: &str,
        verified: &Credential,
        workspace_ids: Vec<String>,
        faults: &mut Faults,
    ) -> Result<(), RelayError> {
        if workspace_ids.is_empty() {
            return Ok(());
        }
        let request =
            outgoing(credential, Duration::from_secs(10)).request(pb::GetCursorsRequest { workspace_ids });
        let mut client = SeatLedgerServiceClient::new(self.billing.clone());
        let cursors = client.get_cursors(request).await.map_err(Failure::from)?.into_inner().cursors;
        for cursor in cursors {
            let Ok(workspace) = cursor.workspace_id.parse::<WorkspaceId>() else { continue };
            let database = self.scoped(verified, workspace)?;
            if let Err(error) = relays::rewind(&database, cursor.epoch, cursor.acknowledged_sequence).await {
                faults.met(&self.database, workspace, error).await?;
            }
        }
        self.nudge.nudge();
        Ok(())
    }

    /// Stores billing's person links.
    async fn take_links(
        &self,
        verified: &Credential,
        workspace: WorkspaceId,
        links: &pb::PersonLinks,
    ) -> Result<(), RelayError> {
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::new(Reason::Internal, format!("billing sent an invalid person link: {error}"))
        };
        let mut pairs = Vec::with_capacity(links.links.len());
        for link in &links.links {
            let person = link.person_key.parse::<PersonKey>().map_err(|error| wrong(&error))?;
            let stands_for =
                link.stands_for_person_key.parse::<PersonKey>().map_err(|error| wrong(&error))?;
            pairs.push((person, stands_for));
        }
        Ok(states::take_links(&self.scoped(verified, workspace)?, &links.version, &pairs).await?)
    }

    /// Compares the seats of a workspace with billing's: first by digests, then by user if these differ.
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
        let mut client = SeatLedgerServiceClient::new(self.billing.clone());
        let request = outgoing(credential, COMPARE).request(message);
        let answer = client.compare_state(request).await.map_err(Failure::from)?.into_inner();
        if answer.outcome() != pb::ComparisonOutcome::Different {
            return Ok(());
        }
        let found = self.reconcile(credential, workspace, &state).await?;
        tracing::error!(
            %workspace, sequence = state.sequence, persons = found.person_keys.len(),
            "identity and billing count different seats; begin a new epoch to record the difference"
        );
        Ok(())
    }

    async fn reconcile(
        &self,
        credential: &str,
        workspace: WorkspaceId,
        state: &SeatState,
    ) -> Result<pb::ReconcileStateResponse, RelayError> {
        let state_parts = parts(workspace, state.epoch, "", state).into_iter();
        let stream =
            tokio_stream::iter(state_parts.map(|part| pb::ReconcileStateRequest { part: Some(part) }));
        let request = outgoing(credential, COMPARE).request(stream);
        let mut client = SeatLedgerServiceClient::new(self.billing.clone());
        Ok(client.reconcile_state(request).await.map_err(Failure::from)?.into_inner())
    }
}

/// Reports workspaces whose times are ahead of the clock, because they were written while a clock was wrong.
fn alarm(ahead: &[WorkspaceId]) {
    metrics::gauge!("usher_workspaces_ahead_of_clock")
        .set(f64::from(u32::try_from(ahead.len()).unwrap_or(u32::MAX)));
    if !ahead.is_empty() {
        let first: Vec<String> = ahead.iter().take(MAX_NAMED).map(ToString::to_string).collect();
        tracing::error!(
            workspaces = ahead.len(),
            first = first.join(" "),
            "the times of these workspaces are ahead of the clock, so billing does not accept their \
             events; run `usher admin ledger resync` for each"
        );
    }
}
