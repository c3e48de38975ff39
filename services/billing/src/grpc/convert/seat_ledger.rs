//! Seat events, states and watermarks.

use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, from_wire, invalid, missing, parse, to_wire};
use usher_rpc::{WireEnum as _, required_enum};
use usher_seats::ActiveUsers;

use crate::grpc::convert::field::array;
use crate::grpc::convert::limits::rule;
use crate::ledger::model::batch::Batch;
use crate::ledger::model::event::SeatEvent;
use crate::ledger::model::head::Watermark;
use crate::ledger::model::state::{ActiveUser, Claim, ClassState};
use crate::limits::feed::Fed;
use crate::limits::model::limit::PlanLimit;
use crate::limits::model::refusal::Refusals;
use crate::limits::store::feed::WorkspaceLimit;

/// Maximum number of events per batch.
const MOST_EVENTS: usize = 500;

/// Maximum length of a text in an event, in bytes.
const MOST_TEXT: usize = 300;

impl TryFrom<pb::AppendSeatEventsRequest> for Batch {
    type Error = InvalidArgument;

    fn try_from(message: pb::AppendSeatEventsRequest) -> Result<Self, InvalidArgument> {
        let workspace = parse("workspace_id", &message.workspace_id)?;
        if message.epoch < 1 {
            return Err(invalid("epoch", "epochs count from 1"));
        }
        if message.events.is_empty() || message.events.len() > MOST_EVENTS {
            return Err(invalid("events", format_args!("send 1 to {MOST_EVENTS} per request")));
        }
        let events = message.events.into_iter().map(SeatEvent::try_from).collect::<Result<Vec<_>, _>>()?;
        let consecutive = events.windows(2).all(|pair| pair[1].sequence == pair[0].sequence + 1);
        if !consecutive || events[0].sequence < 1 {
            return Err(invalid("events", "they must be in order and without gaps, from 1"));
        }
        Ok(Self { workspace, epoch: message.epoch, events })
    }
}

impl TryFrom<pb::SeatEvent> for SeatEvent {
    type Error = InvalidArgument;

    fn try_from(message: pb::SeatEvent) -> Result<Self, InvalidArgument> {
        let text = |field, text: String| {
            if text.len() > MOST_TEXT { Err(invalid(field, "it is too long")) } else { Ok(text) }
        };
        Ok(Self {
            sequence: message.sequence,
            event_id: parse("event_id", &message.event_id)?,
            person: parse("person_key", &message.person_key)?,
            user: parse("user_id", &message.user_id)?,
            active: message.active,
            class: required_enum("class", message.class)?,
            effective_at: from_wire(
                "effective_time",
                message.effective_time.ok_or_else(|| missing("effective_time"))?,
            )?,
            cause: text("cause", message.cause)?,
            actor: text("actor", message.actor)?,
            request_id: text("request_id", message.request_id)?,
        })
    }
}

impl TryFrom<&pb::PlanLimit> for PlanLimit {
    type Error = InvalidArgument;

    fn try_from(message: &pb::PlanLimit) -> Result<Self, InvalidArgument> {
        let pool = required_enum("pool", message.pool)?;
        let rule = rule(pool, message.quantity, message.cap, message.at_limit)?;
        Ok(Self { pool, version: message.version, rule })
    }
}

impl TryFrom<&pb::SeatRefusals> for Refusals {
    type Error = InvalidArgument;

    fn try_from(message: &pb::SeatRefusals) -> Result<Self, InvalidArgument> {
        if message.refused < 0 {
            return Err(invalid("refused", "it must not be negative"));
        }
        Ok(Self { pool: required_enum("pool", message.pool)?, total: message.refused })
    }
}

impl From<WorkspaceLimit> for pb::WorkspaceLimit {
    fn from(limit: WorkspaceLimit) -> Self {
        Self {
            workspace_id: limit.tenant_id.to_string(),
            pool: limit.pool.to_wire(),
            version: limit.version,
            quantity: limit.quantity,
            at_limit: limit.policy.to_wire(),
            set_time: Some(to_wire(limit.set_at.0)),
            plan_version: limit.plan_version,
            committed: limit.committed,
        }
    }
}

impl From<Fed> for pb::WatchWorkspaceLimitsResponse {
    fn from(fed: Fed) -> Self {
        let limits = fed.limits.into_iter().map(pb::WorkspaceLimit::from).collect();
        Self { limits, complete: fed.complete }
    }
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
                users: ActiveUsers { count: sent.count, digest: array("digest", &sent.digest)? },
            })
        };
        let state = message.classes.iter().map(class).collect::<Result<_, InvalidArgument>>()?;
        Ok(Self { epoch: message.epoch, sequence: message.sequence, state })
    }
}
