//! What is asked of usage, intervals and facts, and usage itself.

use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_rpc::{WireEnum as _, optional_enum};

use super::{optional, optional_time};
use crate::facts::FactRange;
use crate::intervals::IntervalFilter;
use crate::usage::Summary;

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
            return Err(invalid("after_sequence", "it is negative"));
        }
        if message.until_sequence < 0 {
            return Err(invalid("until_sequence", "it is negative"));
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
