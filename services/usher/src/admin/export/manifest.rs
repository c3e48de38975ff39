//! The manifest of a report, as a separate file.

use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_rpc::enum_name;
use usher_seats::{CountingMode, ReportFormat, ReportName};

use crate::admin::report::{hex, text, time};

/// The manifest as JSON. Its hash is of the report as billing sent it.
pub(super) fn json(manifest: pb::Manifest) -> Value {
    let modes = manifest.modes.iter().map(|mode| enum_name::<CountingMode>(*mode));
    json!({
        "report": enum_name::<ReportName>(manifest.report),
        "format": enum_name::<ReportFormat>(manifest.format),
        "rows": manifest.rows,
        "bytes": manifest.bytes,
        "sha256": hex(&manifest.sha256),
        "period": { "start": text(manifest.start_date), "end": text(manifest.end_date) },
        "known_at": time(manifest.known_time),
        "sequence": manifest.sequence,
        "head_hash": text(hex(&manifest.head_hash)),
        "modes": modes.collect::<Vec<_>>(),
        "price_versions": manifest.price_versions,
    })
}
