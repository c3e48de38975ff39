//! Statements.

use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum as _;
use usher_seats::SeatClass;

use crate::rating::{Line, amount};

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
