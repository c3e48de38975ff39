use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum as _;
use usher_rpc::convert::to_wire;

use crate::ledger::model::state::Run;

/// Maximum number of persons listed per comparison; the report lists all.
const MOST_PERSONS: usize = 1_000;

impl From<Run> for pb::Reconciliation {
    fn from(run: Run) -> Self {
        let persons = run.persons.unwrap_or_default();
        Self {
            run_id: run.id.to_string(),
            time: Some(to_wire(run.at)),
            epoch: run.epoch,
            source_sequence: run.source_sequence,
            class: run.class.to_wire(),
            identity_count: run.identity_count,
            billing_count: run.billing_count,
            equal: run.equal,
            person_keys: persons.iter().take(MOST_PERSONS).map(ToString::to_string).collect(),
        }
    }
}
