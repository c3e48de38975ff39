//! Usage, intervals and facts.

use usher_proto::billing::v1 as pb;
use usher_rating::interval::Interval;
use usher_rpc::convert::{InvalidArgument, invalid, to_wire};
use usher_rpc::{WireEnum as _, optional_enum, optional_to_wire};
use usher_seats::EventKind;

use crate::grpc::convert::field::{date, optional, optional_time};
use crate::ledger::model::event::{Fact, Recorded};
use crate::ledger::model::fact_range::FactRange;
use crate::ledger::model::interval_filter::IntervalFilter;
use crate::ledger::usage::{DateRange, Summary};

impl DateRange {
    pub(in crate::grpc) fn parse(start: &str, end: &str) -> Result<Self, InvalidArgument> {
        Ok(Self { start: date("start_date", start)?, end: date("end_date", end)? })
    }
}

pub(in crate::grpc) fn interval_to_wire(interval: Interval) -> pb::Interval {
    let (end_time, close_sequence, end_cause) =
        interval.end.map(|end| (Some(to_wire(end.at)), end.sequence, end.cause)).unwrap_or_default();
    pb::Interval {
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

impl From<Recorded> for pb::LedgerEvent {
    fn from(recorded: Recorded) -> Self {
        let head = Self {
            sequence: recorded.sequence,
            epoch: recorded.epoch,
            record_time: Some(to_wire(recorded.at)),
            hash: recorded.hash.to_vec(),
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

impl TryFrom<&pb::ListIntervalsRequest> for IntervalFilter {
    type Error = InvalidArgument;

    fn try_from(message: &pb::ListIntervalsRequest) -> Result<Self, InvalidArgument> {
        Ok(Self {
            person: optional("person_key", &message.person_key)?,
            class: optional_enum("class", message.class)?,
            open_only: message.open_only,
            overlap: (
                optional_time("overlap_start_time", message.overlap_start_time)?,
                optional_time("overlap_end_time", message.overlap_end_time)?,
            ),
        })
    }
}

impl TryFrom<&pb::ListEventsRequest> for FactRange {
    type Error = InvalidArgument;

    fn try_from(message: &pb::ListEventsRequest) -> Result<Self, InvalidArgument> {
        if message.after_sequence < 0 {
            return Err(invalid("after_sequence", "it must not be negative"));
        }
        if message.until_sequence < 0 {
            return Err(invalid("until_sequence", "it must not be negative"));
        }
        Ok(Self {
            after_sequence: message.after_sequence,
            until_sequence: Some(message.until_sequence).filter(|until| *until > 0),
            effective: (
                optional_time("start_time", message.start_time)?,
                optional_time("end_time", message.end_time)?,
            ),
        })
    }
}

impl From<Summary> for pb::Usage {
    fn from(Summary { date, class, count, movement }: Summary) -> Self {
        Self {
            date: date.to_string(),
            class: class.to_wire(),
            seat_days: count.seat_days,
            closing: count.closing,
            peak: count.peak,
            opening: movement.opening,
            started: movement.started,
            stopped: movement.stopped,
            changed_in: movement.changed_in,
            changed_out: movement.changed_out,
        }
    }
}
