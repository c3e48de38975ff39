use usher_proto::billing::v1 as pb;
use usher_rating::{Line, amount};
use usher_rpc::WireEnum as _;
use usher_seats::SeatClass;

pub(in crate::grpc) fn line_to_wire(line: &Line) -> pb::StatementLine {
    pb::StatementLine {
        kind: line.kind.to_wire(),
        class: SeatClass::at(line.class).to_wire(),
        mode: line.mode.to_wire(),
        seat_days: line.seat_days,
        exact: amount::fraction(&line.exact),
        amount_minor: line.amount_minor,
    }
}
