//! Sends seat events to billing: those of each workspace in order, continued where billing says it is.
//!
//! Several replicas may relay at the same time. Billing applies each event once, and answers a late batch with its
//! current position.

mod faults;
mod interruption;
mod limits;
mod upkeep;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;
use usher_base::id::WorkspaceId;
use usher_base::{Audience, CallContext, Clock, Credential, Permission, Reason};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_service_client::SeatLedgerServiceClient;
use usher_rpc::convert::{from_wire, reason_of_wire};
use usher_rpc::{Failure, Outgoing, ServiceCredential, Tasks, Verifier};
use usher_store::{Database, ScopedDatabase};

use self::interruption::Interruption;
use crate::store::relays::{self, BatchOutcome};

/// How often to look for events without a notification: those of other replicas, or those that an outage left.
const POLL: Duration = Duration::from_millis(500);
/// Under load, the minimum time between two rounds, so that batches are worth their transactions. After a pause,
/// events are sent at once.
const PACE: Duration = Duration::from_millis(200);
const BATCH: i64 = 500;
const WORKSPACES: i32 = 256;
/// Each round opens a new stream, so a call lasts no longer than the answers of one round.
const ROUND: Duration = Duration::from_secs(30);

/// The maximum pause between two attempts.
const PAUSE: Duration = Duration::from_secs(5);

/// Notifies the relay that there are events to send.
#[derive(Clone, Default)]
pub(crate) struct Nudge(Arc<Notify>);

impl Nudge {
    pub(crate) fn nudge(&self) {
        self.0.notify_one();
    }
}

/// Workspaces whose rows could not be read or written, with the time of the next attempt.
#[derive(Debug, Default)]
struct Resting(HashMap<WorkspaceId, Instant>);

impl Resting {
    fn rest(&mut self, workspace: WorkspaceId) {
        self.0.insert(workspace, Instant::now() + PAUSE);
    }

    /// Returns the workspaces that need not wait.
    fn without(&mut self, mut workspaces: Vec<WorkspaceId>, now: Instant) -> Vec<WorkspaceId> {
        self.0.retain(|_, until| now < *until);
        workspaces.retain(|workspace| !self.0.contains_key(workspace));
        workspaces
    }
}

#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) database: Database,
    pub(crate) billing: Channel,
    pub(crate) credential: ServiceCredential,
    /// All scopes come from verified credentials, even for work without a caller.
    pub(crate) verifier: Verifier,
    pub(crate) clock: Clock,
    pub(crate) nudge: Nudge,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("billing or tenant: {0}")]
    Call(#[from] Failure),
    #[error("the identity database failed")]
    Store(#[from] usher_store::Error),
    #[error("the service's own credential: {0}")]
    Credential(String),
    #[error(
        "this program's clock is {0} s ahead of the database's; nothing is written until it is corrected"
    )]
    ClockAhead(i64),
}

impl Relay {
    /// Relays until shutdown begins. Events that are in transit then are sent again after the next start.
    pub(crate) async fn run(self, tasks: Tasks) {
        let (mut pause, mut interruption) = (Duration::ZERO, Interruption::none("seat events", PAUSE));
        let mut resting = Resting::default();
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = self.nudge.0.notified(), if pause.is_zero() => {}
                () = tokio::time::sleep(POLL.max(pause)) => {}
            }
            let round = tokio::select! {
                () = tasks.stopping() => return,
                round = self.rounds(&mut resting) => round,
            };
            pause = match round {
                Ok(()) => {
                    interruption.over();
                    Duration::ZERO
                }
                Err(error) => interruption.failed(&error),
            };
        }
    }

    /// Runs rounds until only events of waiting workspaces are left.
    async fn rounds(&self, resting: &mut Resting) -> Result<(), RelayError> {
        loop {
            let began = Instant::now();
            let workspaces = relays::waiting(&self.database, WORKSPACES).await?;
            metrics::gauge!("usher_relay_workspaces_waiting")
                .set(f64::from(u32::try_from(workspaces.len()).unwrap_or(u32::MAX)));
            if workspaces.is_empty() {
                metrics::gauge!("usher_relay_lag_seconds").set(0);
                return Ok(());
            }
            let there_may_be_more = workspaces.len() >= usize::try_from(WORKSPACES).unwrap_or(usize::MAX);
            let ready = resting.without(workspaces, began);
            if ready.is_empty() {
                return Ok(());
            }
            self.round(ready, resting).await?;
            if !there_may_be_more {
                tokio::time::sleep_until(began + PACE).await;
            }
        }
    }

    async fn verified(&self, credential: &str) -> Result<Arc<Credential>, RelayError> {
        let verified = self.verifier.verify(credential).await;
        let verified = verified.map_err(|error| RelayError::Credential(error.to_string()))?;
        debug_assert!(verified.is_for(Audience::Identity));
        Ok(verified)
    }

    fn scoped(&self, credential: &Credential, workspace: WorkspaceId) -> Result<ScopedDatabase, RelayError> {
        let ctx = CallContext::background(self.clock.clone(), credential.clone(), workspace, "relay");
        let scope =
            ctx.scope(Permission::SeatsAppend).map_err(|error| RelayError::Credential(error.to_string()))?;
        Ok(self.database.scoped(&scope))
    }

    /// Opens a stream and sends one batch per workspace, waiting for each answer. A workspace whose rows can't be
    /// read or written waits, and does not delay the others.
    async fn round(&self, workspaces: Vec<WorkspaceId>, resting: &mut Resting) -> Result<(), RelayError> {
        let credential = self.credential.current().await?;
        let verified = self.verified(&credential).await?;
        let (sender, receiver) = mpsc::channel(4);
        let request = outgoing(&credential, ROUND).request(ReceiverStream::new(receiver));
        let mut client = SeatLedgerServiceClient::new(self.billing.clone());
        let mut answers: Option<Streaming<pb::AppendSeatEventsResponse>> = None;
        let mut request = Some(request);
        let mut lag = 0.0_f64;
        for workspace in workspaces {
            let database = self.scoped(&verified, workspace)?;
            let (epoch, events) = match relays::next(&database, BATCH).await {
                Ok((_, events)) if events.is_empty() => continue,
                Ok(next) => next,
                Err(error) => {
                    faults::note(&self.database, workspace, error.into()).await?;
                    resting.rest(workspace);
                    continue;
                }
            };
            lag = lag.max(age(&events[0], self.clock.now()));
            metrics::gauge!("usher_relay_lag_seconds").set(lag);
            let sent = events.len();
            let batch = pb::AppendSeatEventsRequest { workspace_id: workspace.to_string(), epoch, events };
            if sender.send(batch).await.is_err() {
                return Err(Failure::new(Reason::Unavailable, "billing closed the stream").into());
            }
            if let Some(request) = request.take() {
                answers = Some(client.append_seat_events(request).await.map_err(Failure::from)?.into_inner());
            }
            let answer = match &mut answers {
                Some(answers) => answers.message().await.map_err(Failure::from)?,
                None => None,
            };
            let answer =
                answer.ok_or_else(|| Failure::new(Reason::Unavailable, "billing closed the stream"))?;
            let answered = match reason_of_wire(answer.refused_reason) {
                None => BatchOutcome::Applied,
                Some(Reason::EventConflict) => BatchOutcome::Halted,
                Some(Reason::SequenceGap) => BatchOutcome::Elsewhere,
                Some(_) => BatchOutcome::Refused,
            };
            if answered == BatchOutcome::Halted {
                tracing::error!(%workspace, acknowledged = answer.acknowledged_sequence, "billing halted this workspace's ledger");
            }
            if let Err(error) = relays::acknowledge(&database, answer.acknowledged_sequence, answered).await {
                // The batch is sent again, and billing will recognise it.
                faults::note(&self.database, workspace, error.into()).await?;
                resting.rest(workspace);
            }
            let outcome = if answered == BatchOutcome::Applied { "applied" } else { "refused" };
            metrics::counter!("usher_relay_events_total", "outcome" => outcome)
                .increment(u64::try_from(sent).unwrap_or_default());
        }
        Ok(())
    }
}

/// The age of an event in seconds.
fn age(event: &pb::SeatEvent, now: Timestamp) -> f64 {
    let at = event.effective_time.and_then(|at| from_wire("effective_time", at).ok());
    at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0))
}

fn outgoing(credential: &str, timeout: Duration) -> Outgoing<'_> {
    Outgoing { credential, workspace: None, request_id: "relay", trace: None, timeout }
}
