//! `usher.billing.v1.SeatLedgerService`

use std::pin::Pin;

use futures::Stream;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use usher_base::id::{PersonKey, WorkspaceId};
use usher_base::{CallContext, Fault as _, Permission, Reason, chain};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_service_server::SeatLedgerService;
use usher_rpc::convert::{invalid, parse, reason_to_wire, to_wire};
use usher_rpc::{Tasks, WireEnum as _, open};
use usher_store::{Database, ScopedDatabase};

use crate::error::BillingError;
use crate::grpc::state;
use crate::grpc::watch::{Watch, watch};
use crate::ingest;
use crate::ledger::epochs;
use crate::ledger::model::batch::Batch;
use crate::ledger::model::head::Watermark;
use crate::ledger::model::state::Claim;
use crate::ledger::seats_in_use::Links;
use crate::ledger::store::ledgers as store;
use crate::limits::feed::LimitFeed;
use crate::limits::model::limit::PlanLimit;
use crate::limits::model::refusal::Refusals;
use crate::limits::{limit_versions, refusals};

/// Maximum number of workspaces per request for cursors.
const MOST_CURSORS: usize = 1_000;

/// Maximum number of linked persons per response, over all workspaces; each takes about 80 bytes.
const MOST_LINKS: usize = 10_000;

pub(crate) struct SeatLedgerApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

type Answers = Pin<Box<dyn Stream<Item = Result<pb::AppendSeatEventsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl SeatLedgerService for SeatLedgerApi {
    type AppendSeatEventsStream = Answers;
    type WatchWorkspaceLimitsStream = Watch<pb::WatchWorkspaceLimitsResponse>;

    async fn append_seat_events(
        &self,
        request: Request<Streaming<pb::AppendSeatEventsRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let (ctx, batches) = open(request)?;
        let (sender, receiver) = mpsc::channel(4);
        let database = self.database.clone();
        let tasks = self.tasks.clone();
        drop(self.tasks.spawn(async move { append_all(&database, &ctx, batches, &sender, &tasks).await }));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_cursors(
        &self,
        request: Request<pb::GetCursorsRequest>,
    ) -> Result<Response<pb::GetCursorsResponse>, Status> {
        let (ctx, message) = open(request)?;
        if message.workspace_ids.len() > MOST_CURSORS {
            return Err(invalid("workspace_ids", format_args!("at most {MOST_CURSORS} at once")).into());
        }
        let mut cursors = Vec::with_capacity(message.workspace_ids.len());
        for id in &message.workspace_ids {
            let workspace: WorkspaceId = parse("workspace_ids", id)?;
            let ledger = store::get(&ledger_of(&self.database, &ctx, workspace)?).await?;
            cursors.push(ledger.map_or_else(
                || pb::Cursor { workspace_id: id.clone(), ..Default::default() },
                |ledger| pb::Cursor {
                    workspace_id: id.clone(),
                    epoch: ledger.epoch,
                    acknowledged_sequence: ledger.acknowledged_sequence,
                    head_hash: if ledger.sequence == 0 { Vec::new() } else { ledger.head_hash.to_vec() },
                    halted: ledger.halted,
                },
            ));
        }
        Ok(Response::new(pb::GetCursorsResponse { cursors }))
    }

    async fn advance_watermarks(
        &self,
        request: Request<pb::AdvanceWatermarksRequest>,
    ) -> Result<Response<pb::AdvanceWatermarksResponse>, Status> {
        let (ctx, message) = open(request)?;
        if message.watermarks.len() > MOST_CURSORS {
            return Err(invalid("watermarks", format_args!("at most {MOST_CURSORS} at once")).into());
        }
        let (mut answer, mut linked) = (pb::AdvanceWatermarksResponse::default(), 0);
        for sent in message.watermarks {
            let workspace: WorkspaceId = parse("workspace_id", &sent.workspace_id)?;
            let database = ledger_of(&self.database, &ctx, workspace)?;
            let watermark = Watermark::try_from(&sent)?;
            let known = &sent.links_version;
            let wish = match ingest::advance(&database, ctx.now(), sent.epoch, watermark, known).await {
                Err(error) if is_one_workspaces(&self.database, &error).await => {
                    tracing::error!(%workspace, error = chain(&error), "a watermark can't be recorded now");
                    continue;
                }
                wish => wish?,
            };
            let Some(wish) = wish else { continue };
            take_along(&database, ctx.now(), watermark.at, &sent).await?;
            // The rest comes with later watermarks, because their producer has another version until then.
            let new = wish.links.filter(|links| linked == 0 || linked + links.keys.len() <= MOST_LINKS);
            linked += new.as_ref().map_or(0, |links| links.keys.len());
            answer.links.extend(new.map(|links| links_to_wire(&sent.workspace_id, links)));
            if wish.behind {
                answer.behind_workspace_ids.push(sent.workspace_id.clone());
            }
            if wish.compare {
                answer.compare_workspace_ids.push(sent.workspace_id);
            }
        }
        Ok(Response::new(answer))
    }

    async fn compare_state(
        &self,
        request: Request<pb::CompareStateRequest>,
    ) -> Result<Response<pb::CompareStateResponse>, Status> {
        let (ctx, message) = open(request)?;
        let workspace: WorkspaceId = parse("workspace_id", &message.workspace_id)?;
        let database = ledger_of(&self.database, &ctx, workspace)?;
        let claim = Claim::try_from(message)?;
        let outcome = ingest::compare(&database, ctx.clock(), &claim).await;
        let outcome = outcome?.to_wire();
        Ok(Response::new(pb::CompareStateResponse { outcome }))
    }

    async fn reconcile_state(
        &self,
        request: Request<Streaming<pb::ReconcileStateRequest>>,
    ) -> Result<Response<pb::ReconcileStateResponse>, Status> {
        let (ctx, stream) = open(request)?;
        let sent = state::receive(stream, |message| message.part).await?;
        let database = ledger_of(&self.database, &ctx, sent.workspace)?;
        let found = ingest::reconcile(&database, ctx.clock(), &sent.claim).await;
        let (outcome, persons) = found?;
        Ok(Response::new(pb::ReconcileStateResponse {
            outcome: outcome.to_wire(),
            person_keys: persons.iter().take(MOST_CURSORS).map(ToString::to_string).collect(),
        }))
    }

    async fn watch_workspace_limits(
        &self,
        request: Request<pb::WatchWorkspaceLimitsRequest>,
    ) -> Result<Response<Watch<pb::WatchWorkspaceLimitsResponse>>, Status> {
        let (ctx, _) = open(request)?;
        let feed = LimitFeed::open(&self.database, &ctx)?;
        Ok(watch(&self.tasks, feed))
    }

    async fn begin_epoch(
        &self,
        request: Request<Streaming<pb::BeginEpochRequest>>,
    ) -> Result<Response<pb::BeginEpochResponse>, Status> {
        let (ctx, stream) = open(request)?;
        let sent = state::receive(stream, |message| message.part).await?;
        let database = self.database.clone();
        let work =
            async move { epochs::begin(&database, &ctx, sent.workspace, &sent.claim, &sent.reason).await };
        let begun = self.tasks.detach(work).await?;
        Ok(Response::new(pb::BeginEpochResponse {
            epoch: begun.epoch,
            differences: begun.differences,
            last_effective_time: Some(to_wire(begun.last_effective_at)),
        }))
    }
}

/// The ledger of a workspace that the producer names.
fn ledger_of(
    database: &Database,
    ctx: &CallContext,
    workspace: WorkspaceId,
) -> Result<ScopedDatabase, BillingError> {
    Ok(database.scoped(&ctx.scope_in(workspace, Permission::SeatsAppend)?))
}

/// Takes over what comes with a watermark. What can't be read of one workspace stops no other.
async fn take_along(
    database: &ScopedDatabase,
    now: Timestamp,
    as_of: Timestamp,
    sent: &pb::Watermark,
) -> Result<(), BillingError> {
    let plan: Result<Vec<PlanLimit>, _> = sent.plan_limits.iter().map(PlanLimit::try_from).collect();
    let refusals: Result<Vec<Refusals>, _> = sent.refusals.iter().map(Refusals::try_from).collect();
    match (plan, refusals) {
        (Ok(plan), Ok(refusals)) => {
            limit_versions::take_plan(database, now, &plan).await?;
            refusals::take(database, now, as_of, &refusals).await
        }
        (Err(error), _) | (_, Err(error)) => {
            let workspace = &sent.workspace_id;
            tracing::error!(%workspace, %error, "the data of a watermark can't be read; limits are not changed");
            Ok(())
        }
    }
}

/// Applies batch after batch until the producer ends the stream. A batch that has begun is completed.
async fn append_all(
    database: &Database,
    ctx: &CallContext,
    mut batches: Streaming<pb::AppendSeatEventsRequest>,
    answers: &mpsc::Sender<Result<pb::AppendSeatEventsResponse, Status>>,
    tasks: &Tasks,
) {
    loop {
        let message = tokio::select! {
            () = tasks.stopping() => return,
            () = answers.closed() => return,
            message = batches.message() => message,
        };
        let Ok(Some(message)) = message else { return };
        let answer = append(database, ctx, message).await.map_err(Status::from);
        let failed = answer.is_err();
        if answers.send(answer).await.is_err() || failed {
            return;
        }
    }
}

fn links_to_wire(workspace_id: &str, links: Links) -> pb::PersonLinks {
    let link = |(person, stands_for): (PersonKey, PersonKey)| pb::PersonLink {
        person_key: person.to_string(),
        stands_for_person_key: stands_for.to_string(),
    };
    pb::PersonLinks {
        workspace_id: workspace_id.to_owned(),
        version: links.version,
        links: links.keys.into_iter().map(link).collect(),
    }
}

/// Returns whether an error concerns only the rows of one workspace: the database answers, and the clock is right.
async fn is_one_workspaces(database: &Database, error: &BillingError) -> bool {
    !matches!(error, BillingError::Store(usher_store::Error::ClockAhead(_))) && database.ping().await.is_ok()
}

/// Applies one batch. A fault of one workspace is reported in the response, so that it does not stop the others. Only
/// a fault of this service or of the caller's credential ends the stream.
async fn append(
    database: &Database,
    ctx: &CallContext,
    message: pb::AppendSeatEventsRequest,
) -> Result<pb::AppendSeatEventsResponse, BillingError> {
    let workspace_id = message.workspace_id.clone();
    let workspace: WorkspaceId = parse("workspace_id", &workspace_id)?;
    let scoped = ledger_of(database, ctx, workspace)?;
    let refused = async |reason: Reason| {
        let ledger = store::get(&scoped).await?;
        Ok(pb::AppendSeatEventsResponse {
            workspace_id: workspace_id.clone(),
            acknowledged_sequence: ledger.map_or(0, |ledger| ledger.acknowledged_sequence),
            refused_reason: reason_to_wire(Some(reason)),
        })
    };
    let batch = match Batch::try_from(message) {
        Ok(batch) => batch,
        Err(error) => {
            tracing::error!(%workspace, %error, "a batch of seat events is malformed; nothing of it was applied");
            return refused(Reason::InvalidArgument).await;
        }
    };
    let appended = match ingest::append(&scoped, ctx.now(), &batch).await {
        Err(error) if is_one_workspaces(database, &error).await => {
            tracing::error!(%workspace, error = chain(&error), "a batch of seat events can't be applied now");
            return refused(error.reason()).await;
        }
        appended => appended?,
    };
    Ok(pb::AppendSeatEventsResponse {
        workspace_id,
        acknowledged_sequence: appended.acknowledged,
        refused_reason: reason_to_wire(appended.refused),
    })
}
