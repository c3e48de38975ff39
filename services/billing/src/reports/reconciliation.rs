//! Report `RECONCILIATION`: the results of comparisons between the two services' states.

use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::store::reconciliations;
use crate::reports::writer::Writer;

pub(super) const COLUMNS: [&str; 8] =
    ["run", "seq", "class", "provisioning_count", "billing_count", "diff", "person_keys", "resolution"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let mut runs = reconciliations::within(tx, &view.calendar, view.known.at).await?;
    runs.sort_by_key(|run| (run.at, run.id, std::cmp::Reverse(run.class)));
    for (index, run) in runs.iter().enumerate() {
        let later = runs[index + 1..].iter().filter(|later| later.class == run.class && later.at > run.at);
        let resolution = match (run.equal, later.clone().find(|later| later.equal)) {
            (true, _) => "equal".to_owned(),
            (false, Some(solved)) => {
                format!("equal again at {} of epoch {}", solved.source_sequence, solved.epoch)
            }
            (false, None) => "open".to_owned(),
        };
        let persons: Vec<String> = run.persons.iter().flatten().map(ToString::to_string).collect();
        let row = [
            run.id.to_string().into(),
            run.source_sequence.into(),
            run.class.as_str().into(),
            run.identity_count.into(),
            run.billing_count.into(),
            (run.identity_count - run.billing_count).into(),
            persons.join(" ").into(),
            resolution.into(),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}
