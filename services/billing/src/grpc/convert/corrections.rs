use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, parse, to_wire};
use usher_rpc::{optional_enum, optional_to_wire};

use crate::grpc::convert::field::{optional, reason, required_time};
use crate::ledger::corrections::NewCorrection;
use crate::ledger::model::correction::CorrectionRequest;

impl TryFrom<pb::Correction> for NewCorrection {
    type Error = InvalidArgument;

    fn try_from(message: pb::Correction) -> Result<Self, InvalidArgument> {
        Ok(Self {
            id: optional::<EventId>("id", &message.id)?,
            person: parse("person_key", &message.person_key)?,
            from: required_time("from_time", message.from_time)?,
            until: required_time("until_time", message.until_time)?,
            class: optional_enum("class", message.class)?,
            reason: reason(message.reason)?,
        })
    }
}

impl From<CorrectionRequest> for pb::Correction {
    fn from(request: CorrectionRequest) -> Self {
        Self {
            id: request.id.to_string(),
            person_key: request.person.to_string(),
            from_time: Some(to_wire(request.from)),
            until_time: Some(to_wire(request.until)),
            class: optional_to_wire(request.class),
            reason: request.reason,
            author: request.author,
            request_time: Some(to_wire(request.requested_at)),
        }
    }
}
