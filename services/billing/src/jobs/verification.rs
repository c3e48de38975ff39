//! Verifies each ledger every few days.

use jiff::SignedDuration;
use usher_base::CallContext;
use usher_store::Database;

use crate::error::BillingError;
use crate::jobs::model::Outcome;
use crate::verification;
use crate::verification::model::proof::ProofKeys;

pub(super) async fn turn(
    database: &Database,
    ctx: &CallContext,
    every: SignedDuration,
    keys: Option<&ProofKeys>,
) -> Result<Outcome, BillingError> {
    let verification = verification::verify(database, ctx, keys, &[]).await?;
    let trouble = verification.faults.first().map(|first| {
        format!(
            "{} faults, the first: {first}; see `usher admin ledger verifications`",
            verification.faults.len()
        )
    });
    Ok(Outcome { next: ctx.now() + every, trouble })
}
