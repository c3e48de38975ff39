//! Between messages and the domain.

mod account;
mod credit_note;
mod field;
mod invoice;
mod limits;
mod query;
mod signed_head;
mod what_if;

pub(super) use field::{date, optional, optional_time, reason};
use field::{optional_date, required_time};
pub(super) use invoice::manifest;
use usher_rpc::{WireEnum as _, optional_to_wire, required_enum};
use usher_seats::{EventKind, SeatClass};

use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, from_wire, invalid, missing, parse, to_wire};

use crate::event::{Fact, Recorded, SeatEvent, hex};
use crate::interval::Interval;
use crate::ledger::Batch;
use crate::rating::{Line, amount};
use crate::usage::DateRange;

/// The most events that come at once.
const MOST_EVENTS: usize = 500;
/// The longest text of an event.
const MOST_TEXT: usize = 300;

impl TryFrom<pb::AppendSeatEventsRequest> for Batch {
    type Error = InvalidArgument;

    fn try_from(message: pb::AppendSeatEventsRequest) -> Result<Self, InvalidArgument> {
        let workspace = parse("workspace_id", &message.workspace_id)?;
        if message.epoch < 1 {
            return Err(invalid("epoch", "epochs count from 1"));
        }
        if message.events.is_empty() || message.events.len() > MOST_EVENTS {
            return Err(invalid("events", format_args!("send 1 to {MOST_EVENTS} at once")));
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

impl DateRange {
    pub(super) fn parse(start: &str, end: &str) -> Result<Self, InvalidArgument> {
        Ok(Self { start: date("start_date", start)?, end: date("end_date", end)? })
    }
}

impl From<Interval> for pb::Interval {
    fn from(interval: Interval) -> Self {
        let (end_time, close_sequence, end_cause) =
            interval.end.map(|end| (Some(to_wire(end.at)), end.sequence, end.cause)).unwrap_or_default();
        Self {
            person_key: interval.person.to_string(),
            class: interval.class.to_wire(),
            start_time: Some(to_wire(interval.start)),
            end_time,
            open_sequence: interval.open_sequence,
            close_sequence,
            start_cause: interval.start_cause,
            end_cause,
        }
    }
}

impl From<Recorded> for pb::LedgerEvent {
    fn from(recorded: Recorded) -> Self {
        let head = Self {
            sequence: recorded.sequence,
            epoch: recorded.epoch,
            record_time: Some(to_wire(recorded.at)),
            hash: hex(&recorded.hash),
            ..Default::default()
        };
        match recorded.fact {
            Fact::State(event) => Self {
                kind: EventKind::State.to_wire(),
                source_sequence: event.sequence,
                event_id: event.event_id.to_string(),
                person_key: event.person.to_string(),
                user_id: event.user.to_string(),
                active: event.active,
                class: event.class.to_wire(),
                effective_time: Some(to_wire(event.effective_at)),
                cause: event.cause,
                actor: event.actor,
                request_id: event.request_id,
                ..head
            },
            Fact::Correction(fact) => Self {
                kind: EventKind::Correction.to_wire(),
                event_id: fact.event_id.to_string(),
                person_key: fact.person.to_string(),
                active: fact.class.is_some(),
                class: optional_to_wire(fact.class),
                effective_time: Some(to_wire(fact.from)),
                until_time: Some(to_wire(fact.until)),
                cause: "billing.correction".to_owned(),
                actor: fact.author,
                approver: fact.approver,
                reason: fact.reason,
                request_id: fact.request_id,
                ..head
            },
            Fact::Link(fact) => Self {
                kind: EventKind::Link.to_wire(),
                event_id: fact.event_id.to_string(),
                person_key: fact.person.to_string(),
                linked_person_key: fact.other.to_string(),
                effective_time: Some(to_wire(fact.at)),
                cause: "billing.link".to_owned(),
                actor: fact.actor,
                reason: fact.reason,
                request_id: fact.request_id,
                ..head
            },
        }
    }
}

impl From<Line> for pb::StatementLine {
    fn from(line: Line) -> Self {
        Self {
            kind: line.kind.to_wire(),
            class: SeatClass::at(line.class).to_wire(),
            mode: line.mode.to_wire(),
            seat_days: line.seat_days,
            exact: amount::fraction(&line.exact),
            amount_minor: line.amount_minor,
        }
    }
}
