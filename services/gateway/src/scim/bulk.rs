//! `/Bulk`

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use http::StatusCode;
use serde_json::Value;
use usher_base::Reason;
use usher_scim::short;

use super::resources;
use crate::body::JsonBody;
use crate::bulk::{Bulk, Operation, Unresolved, Verb, plan, resolve, resolve_id, response};
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::leaving::Condition;
use crate::precondition::versions;
use crate::problem::Problem;
use crate::provisioning_log::{LogEntry, MAX_DOCUMENT_BYTES};
use crate::query::Attributes;
use crate::respond::Reply;

/// When less time is left, no further operation begins, so that the client learns what was done.
const RESERVE: Duration = Duration::from_secs(3);

type Outcome = Result<Reply, Problem>;

/// `POST /Bulk`. Operations that have begun are finished even if the client disconnects.
pub(crate) async fn bulk(
    State(gateway): State<Gateway>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Reply, Problem> {
    let slot = gateway.slots.bulk(caller.workspace()).await?;
    let bulk = gateway.workbench.run_for(Some(caller.workspace()), body.len(), || Bulk::parse(&body)).await?;
    // Releases the memory of the body while the operations run.
    drop(body);
    let tasks = gateway.tasks.clone();
    let run = async move {
        let results = Run::new(&gateway, &caller, &bulk).all().await;
        drop(slot);
        results
    };
    let results = tasks.detach(run).await;
    Ok(Reply { document: Some(response(&results)), ..Reply::empty(StatusCode::OK) })
}

/// A bulk request that is being executed.
struct Run<'a> {
    gateway: &'a Gateway,
    caller: &'a Caller,
    bulk: &'a Bulk,
    outcomes: Vec<Option<Outcome>>,
    errors: usize,
    /// The ids of created resources by `bulkId`; `None` if the creation failed.
    created: HashMap<&'a str, Option<String>>,
    /// Responses contain only the version and URL of a resource.
    attributes: Attributes,
}

impl<'a> Run<'a> {
    fn new(gateway: &'a Gateway, caller: &'a Caller, bulk: &'a Bulk) -> Self {
        Self {
            gateway,
            caller,
            bulk,
            outcomes: bulk.operations.iter().map(|_| None).collect(),
            errors: 0,
            created: HashMap::new(),
            attributes: Attributes::only("id"),
        }
    }

    /// Results of the operations that were attempted, in the order sent.
    async fn all(mut self) -> Vec<Value> {
        let plan = plan(&self.bulk.operations);
        for position in plan.order {
            if self.is_over() {
                break;
            }
            let began = Instant::now();
            let outcome = self.run_operation(&self.bulk.operations[position]).await;
            self.note(position, outcome, began.elapsed());
        }
        for position in plan.circular {
            if self.is_over() {
                break;
            }
            // 409, as RFC 7644 section 3.7.1 requires.
            let detail = "its bulkId references form a circle";
            self.note(position, Err(Problem::new(Reason::FailedPrecondition, detail)), Duration::ZERO);
        }
        let (base, request_id) = (&self.caller.base, self.caller.request_id());
        std::iter::zip(&self.bulk.operations, &self.outcomes)
            .filter_map(|(operation, outcome)| {
                let target = operation.target().and_then(|id| resolve_id(id, &self.id_of()).ok());
                Some(operation.result(outcome.as_ref()?, target.as_deref(), base, request_id))
            })
            .collect()
    }

    /// Looks up the id that a reference stands for.
    fn id_of(&self) -> impl Fn(&str) -> Option<String> {
        |reference| self.created.get(reference).cloned().flatten()
    }

    /// Whether `failOnErrors` was reached.
    fn is_over(&self) -> bool {
        self.bulk.fail_on_errors.is_some_and(|max| self.errors >= max)
    }

    fn note(&mut self, position: usize, outcome: Outcome, took: Duration) {
        let operation = &self.bulk.operations[position];
        self.errors += usize::from(outcome.is_err());
        let is_creation = operation.task.as_ref().is_ok_and(|task| task.verb == Verb::Post);
        if let Some(bulk_id) = operation.bulk_id.as_deref().filter(|_| is_creation) {
            self.created.insert(bulk_id, outcome.as_ref().ok().and_then(id));
        }
        let log_entry = self.log_entry(position, &outcome, took);
        self.gateway.log.record(log_entry);
        self.outcomes[position] = Some(outcome);
    }

    /// The operation's entry in the provisioning log.
    fn log_entry(&self, position: usize, outcome: &Outcome, took: Duration) -> LogEntry {
        let operation = &self.bulk.operations[position];
        let task = operation.task.as_ref().ok();
        let target = operation.target().and_then(|id| resolve_id(id, &self.id_of()).ok());
        let document = task.filter(|task| !task.data.is_null()).map(|task| task.data.to_string());
        LogEntry {
            method: operation.method.to_ascii_uppercase(),
            path: operation.path.clone(),
            kind: task.map(|task| task.kind),
            id: target.or_else(|| outcome.as_ref().ok().and_then(id)),
            document: document.filter(|document| document.len() <= MAX_DOCUMENT_BYTES).map(Arc::from),
            status: outcome.as_ref().map_or_else(|problem| problem.status, |answer| answer.status),
            problem: outcome.as_ref().err().cloned(),
            degraded: outcome.as_ref().is_ok_and(|answer| answer.degraded),
            bulk_index: position + 1,
            took,
            ..self.caller.log_entry()
        }
    }

    async fn run_operation(&self, operation: &Operation) -> Outcome {
        let mut task = operation.task.clone()?;
        if self.caller.time_left() < RESERVE {
            return Err(Problem::new(
                Reason::Unavailable,
                "the time limit was reached before this \
                 operation; send it again",
            ));
        }
        // Each operation counts as a request of the workspace, and waits where a separate request would be refused.
        let within = self.caller.time_left().saturating_sub(RESERVE);
        let workspace = self.caller.workspace();
        let limited = self.gateway.rate.take_within(workspace, within).await.err().map(Problem::rate_limited);
        if let Some(limited) = &limited
            && !(task.seems_to_leave() && self.gateway.rate.take_leaving(workspace))
        {
            return Err(limited.clone());
        }
        let kind = task.kind;
        let target = resolve_id(&task.id, &self.id_of()).map_err(|missing| self.unresolved(&missing))?;
        resolve(kind, &mut task.data, &self.id_of()).map_err(|missing| self.unresolved(&missing))?;
        let (gateway, caller, attributes) = (self.gateway, self.caller, &self.attributes);
        let data = std::mem::take(&mut task.data).to_string();
        let versions = operation.version.as_deref().map(versions).unwrap_or_default();
        let condition = match limited {
            Some(_) => Condition { versions, refusal: limited },
            None => caller.condition(gateway, versions, || false)?,
        };
        match task.verb {
            Verb::Post => resources::create(gateway, caller, kind, data, attributes).await,
            Verb::Put => resources::replace(gateway, caller, kind, target, data, condition, attributes).await,
            // Without requested attributes, a group is returned without its members.
            Verb::Patch => {
                let attributes = &Attributes::default();
                resources::patch(gateway, caller, kind, target, data, condition, attributes).await
            }
            Verb::Delete => resources::delete(gateway, caller, kind, target, condition).await,
        }
    }

    fn unresolved(&self, Unresolved(reference): &Unresolved) -> Problem {
        if self.created.contains_key(reference.as_str()) {
            let detail = format!(
                "the operation with the bulkId {:?}, which this one refers to, failed",
                short(reference)
            );
            return Problem::new(Reason::FailedPrecondition, detail);
        }
        let detail = format!("no POST of this request has the bulkId {:?}", short(reference));
        Problem::new(Reason::InvalidValue, detail)
    }
}

/// The id of the created resource.
fn id(answer: &Reply) -> Option<String> {
    Some(answer.document.as_ref()?.get("id")?.as_str()?.to_owned())
}
