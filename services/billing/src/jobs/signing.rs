//! Signs the heads of each workspace's chains, once a day.

use jiff::SignedDuration;
use usher_base::CallContext;
use usher_store::Database;

use crate::error::BillingError;
use crate::jobs::model::Outcome;
use crate::verification::model::proof::ProofKeys;
use crate::verification::signed_heads;

const EVERY: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn turn(
    database: &Database,
    ctx: &CallContext,
    keys: Option<&ProofKeys>,
) -> Result<Outcome, BillingError> {
    if let Some(keys) = keys {
        signed_heads::sign(database, ctx, keys).await?;
    }
    Ok(Outcome { next: ctx.now() + EVERY, trouble: None })
}
