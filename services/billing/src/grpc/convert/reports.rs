use jiff::Timestamp;
use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum as _;
use usher_rpc::convert::to_wire;

use crate::reports::Written;
use crate::reports::model::{About, Order};

pub(in crate::grpc) fn manifest(
    order: Order,
    about: &About,
    written: &Written,
    known_at: Timestamp,
) -> pb::Manifest {
    let (start, end) = about.dates.map(|(a, b)| (a.to_string(), b.to_string())).unwrap_or_default();
    pb::Manifest {
        report: order.report.to_wire(),
        format: order.format.to_wire(),
        rows: written.rows,
        bytes: written.bytes,
        sha256: written.sha256.to_vec(),
        start_date: start,
        end_date: end,
        known_time: Some(to_wire(known_at)),
        sequence: about.sequence,
        head_hash: about.head_hash.clone(),
        modes: about.modes.iter().map(|mode| mode.to_wire()).collect(),
        price_versions: about.price_versions.clone(),
    }
}
