use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, parse, to_wire};
use usher_rpc::optional_to_wire;

use crate::grpc::convert::field::{date, reason};
use crate::invoicing::credit_notes::{NewCreditLine, NewCreditNote};
use crate::invoicing::model::credit_note::CreditNote;

impl TryFrom<pb::IssueCreditNoteRequest> for NewCreditNote {
    type Error = InvalidArgument;

    fn try_from(message: pb::IssueCreditNoteRequest) -> Result<Self, InvalidArgument> {
        let line = |line: pb::CreditNoteLine| NewCreditLine {
            line_no: line.line_no,
            amount_minor: line.amount_minor,
        };
        Ok(Self {
            id: parse::<EventId>("id", &message.id)?,
            first: date("start_date", &message.start_date)?,
            lines: message.lines.into_iter().map(line).collect(),
            reason: reason(message.reason)?,
        })
    }
}

impl From<CreditNote> for pb::CreditNote {
    fn from(note: CreditNote) -> Self {
        let lines = note.lines.iter().map(|line| pb::CreditNoteLine {
            line_no: line.line_no,
            class: optional_to_wire(line.class),
            amount_minor: line.amount_minor,
        });
        Self {
            id: note.id.to_string(),
            lines: lines.collect(),
            amount_minor: note.amount_minor(),
            exponent: note.currency.places(),
            currency: note.currency.code,
            reason: note.reason,
            author: note.author,
            issue_time: Some(to_wire(note.issued_at)),
            booked_period: note.booked.to_string(),
        }
    }
}
