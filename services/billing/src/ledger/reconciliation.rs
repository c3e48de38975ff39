//! Compares the states of identity and billing at the same number.

use std::collections::BTreeSet;

use usher_base::id::{EventId, PersonKey};
use usher_base::{CallContext, Clock, Permission};
use usher_seats::{ComparisonOutcome, SeatClass};
use usher_store::{Database, ScopedDatabase, TenantTx};

use crate::audit;
use crate::error::BillingError;
use crate::ledger::model::state::{ActiveUser, Claim, ClassState, Run, summarize};
use crate::ledger::store::{ledgers, reconciliations as store};
use crate::sql::LONGEST_SCAN;

/// The result of a comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared {
    pub(crate) outcome: ComparisonOutcome,
    /// Whether the comparison was requested, and proves that both services have the same state.
    pub(crate) is_wanted_proof: bool,
}

impl Compared {
    const BEHIND: Self = Self { outcome: ComparisonOutcome::Behind, is_wanted_proof: false };
}

/// Compares by digests, and stores the result.
pub(crate) async fn compare(
    database: &ScopedDatabase,
    clock: &Clock,
    claim: &Claim<Vec<ClassState>>,
) -> Result<Compared, BillingError> {
    let Some(own) = own(database, claim.epoch, claim.sequence).await? else {
        return Ok(Compared::BEHIND);
    };
    let own = summarize(&own);
    let runs = runs(clock, claim, &own, &claim.state, None);
    finish(database, clock, claim.sequence, runs).await
}

/// Compares user by user. Also returns the persons that differ.
pub(crate) async fn reconcile(
    database: &ScopedDatabase,
    clock: &Clock,
    claim: &Claim<Vec<ActiveUser>>,
) -> Result<(Compared, Vec<PersonKey>), BillingError> {
    let Some(own) = own(database, claim.epoch, claim.sequence).await? else {
        return Ok((Compared::BEHIND, Vec::new()));
    };
    let (own_set, claimed_set): (BTreeSet<_>, BTreeSet<_>) =
        (own.iter().copied().collect(), claim.state.iter().copied().collect());
    let differing: BTreeSet<(SeatClass, PersonKey)> =
        own_set.symmetric_difference(&claimed_set).map(|user| (user.class, user.person)).collect();
    let runs = runs(clock, claim, &summarize(&own), &summarize(&claim.state), Some(&differing));
    let compared = finish(database, clock, claim.sequence, runs).await?;
    let persons: BTreeSet<PersonKey> = differing.into_iter().map(|(_, person)| person).collect();
    Ok((compared, persons.into_iter().collect()))
}

fn runs<T>(
    clock: &Clock,
    claim: &Claim<T>,
    own: &[ClassState],
    claimed: &[ClassState],
    differing: Option<&BTreeSet<(SeatClass, PersonKey)>>,
) -> Vec<Run> {
    let id = EventId::new(clock);
    own.iter()
        .map(|own| {
            let claimed = claimed.iter().find(|claimed| claimed.class == own.class);
            Run {
                id,
                epoch: claim.epoch,
                source_sequence: claim.sequence,
                class: own.class,
                identity_count: claimed.map_or(0, |claimed| claimed.users.count),
                billing_count: own.users.count,
                equal: claimed == Some(own),
                persons: differing.map(|differing| {
                    let of_class = differing.iter().filter(|(class, _)| *class == own.class);
                    of_class.map(|(_, person)| *person).collect()
                }),
                at: clock.now(),
            }
        })
        .collect()
}

/// Returns billing's own state at the producer's number. Returns `None` if billing has not reached the number.
async fn own(
    database: &ScopedDatabase,
    epoch: i64,
    sequence: i64,
) -> Result<Option<Vec<ActiveUser>>, BillingError> {
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let state = store::state_at(&mut tx, epoch, sequence).await?;
    tx.commit().await?;
    Ok(state)
}

async fn finish(
    database: &ScopedDatabase,
    clock: &Clock,
    sequence: i64,
    runs: Vec<Run>,
) -> Result<Compared, BillingError> {
    let outcome = if runs.iter().all(|run| run.equal) {
        ComparisonOutcome::Equal
    } else {
        ComparisonOutcome::Different
    };
    let mut tx = database.begin_at(clock.now()).await?;
    let mut ledger = ledgers::lock(&mut tx, 1).await?;
    let wanted = std::mem::take(&mut ledger.digest_wanted);
    ledger.compared_at = Some(clock.now());
    if outcome == ComparisonOutcome::Equal {
        ledger.reconciled_sequence = ledger.reconciled_sequence.max(sequence);
    } else {
        tracing::error!(
            workspace = %tx.tenant(), sequence,
            "identity and billing count different seats; see the reconciliation report"
        );
        metrics::counter!("usher_reconciliation_differences_total").increment(1);
    }
    store::insert(&mut tx, &runs).await?;
    ledgers::save(&mut tx, &ledger).await?;
    tx.commit().await?;
    Ok(Compared { outcome, is_wanted_proof: wanted && outcome == ComparisonOutcome::Equal })
}

/// Requests a comparison, which identity makes with its next watermark.
pub(crate) async fn request(database: &Database, ctx: &CallContext) -> Result<(), BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    want(&mut tx).await?;
    audit::note(&mut tx, &scope, "reconciliation.request", serde_json::json!({})).await?;
    tx.commit().await?;
    Ok(())
}

/// Marks a comparison as requested.
pub(crate) async fn want(tx: &mut TenantTx) -> Result<(), BillingError> {
    let mut ledger = ledgers::lock(tx, 1).await?;
    ledger.digest_wanted = true;
    ledgers::save(tx, &ledger).await
}

/// Returns the most recent comparisons, newest first.
pub(crate) async fn list(database: &Database, ctx: &CallContext) -> Result<Vec<Run>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.begin().await?;
    let runs = store::last(&mut tx, 300).await?;
    tx.commit().await?;
    Ok(runs)
}
