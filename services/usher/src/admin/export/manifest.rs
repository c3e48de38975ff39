//! What a report is, as a file beside it.

use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;

use crate::admin::report::{text, time};

/// The manifest as JSON. The hash is over the report's bytes as billing sent them.
pub(super) fn json(manifest: pb::Manifest) -> Value {
    json!({
        "report": manifest.report,
        "format": manifest.format,
        "rows": manifest.rows,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "period": { "start": text(manifest.start_date), "end": text(manifest.end_date) },
        "known_at": time(manifest.known_time),
        "sequence": manifest.sequence,
        "head_hash": text(manifest.head_hash),
        "modes": manifest.modes,
        "price_versions": manifest.price_versions,
    })
}
