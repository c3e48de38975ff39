//! New epochs: billing adopts the producer's state, and records each difference as an event.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};
use usher_base::{CallContext, Permission, TenantScope};
use usher_seats::SeatClass;
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::ledger::model::event::SeatEvent;
use crate::ledger::model::head::{AHEAD, Ledger};
use crate::ledger::model::set_back::SetBack;
use crate::ledger::model::state::{ActiveUser, Claim};
use crate::ledger::store::epochs::Epoch;
use crate::ledger::store::{epochs, history, intervals, ledgers, seats};
use crate::{audit, ledger};

/// The cause of an event that records a difference.
const CAUSE: &str = "epoch.resync";

/// How an epoch began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) epoch: i64,
    pub(crate) differences: i64,
    pub(crate) last_effective_at: Timestamp,
}

/// Begins an epoch with the producer's state; a halted ledger continues from there. If the epoch has already begun,
/// returns how it began.
pub(crate) async fn begin(
    database: &Database,
    ctx: &CallContext,
    workspace: WorkspaceId,
    claim: &Claim<Vec<ActiveUser>>,
    reason: &str,
) -> Result<Begun, BillingError> {
    let scope = ctx.scope_in(workspace, Permission::SeatsAppend)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    let mut ledger = ledgers::lock(&mut tx, claim.epoch - 1).await?;
    if let Some(differences) = epochs::differences(&mut tx, claim.epoch).await? {
        let last_effective_at = ledger.last_effective_at;
        return Ok(Begun { epoch: claim.epoch, differences, last_effective_at });
    }
    if claim.epoch != ledger.epoch + 1 {
        return Err(BillingError::Epoch(ledger.epoch));
    }
    let booked = seats::all_active(&mut tx).await?;
    ledger.epoch = claim.epoch;
    ledger.halted = false;
    let set_back = set_back(&mut tx, &mut ledger, scope.now()).await?;
    let first = scope.now().max(ledger.last_effective_at + SignedDuration::from_micros(1));
    let events = differences(&scope, &booked, &claim.state, first);
    // A very large difference is applied in parts, in the one transaction.
    for part in events.chunks(2_000) {
        ledger::apply(&mut tx, &mut ledger, workspace, scope.now(), part).await?;
    }
    ledger.acknowledged_sequence = claim.sequence;
    ledger.reconciled_sequence = claim.sequence;
    ledger.watermark = None;
    if let Some(span) = ledger.span.take() {
        history::insert_span(&mut tx, &span).await?;
    }
    let differences = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let epoch = Epoch {
        number: claim.epoch,
        base_sequence: claim.sequence,
        reason,
        at: scope.now(),
        differences,
        set_back,
    };
    epochs::insert(&mut tx, &epoch).await?;
    ledgers::save(&mut tx, &ledger).await?;
    let detail = json!({
        "epoch": claim.epoch, "sequence": claim.sequence, "reason": reason, "differences": differences,
        "time_set_back_to": set_back.map(|back| back.to.to_string()),
    });
    audit::note(&mut tx, &scope, "epoch.begin", detail).await?;
    tx.commit().await?;
    Ok(Begun { epoch: claim.epoch, differences, last_effective_at: ledger.last_effective_at })
}

/// Sets back time if the ledger's is ahead of the clock. Nothing that happened before now changes.
async fn set_back(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    now: Timestamp,
) -> Result<Option<SetBack>, BillingError> {
    if ledger.last_effective_at <= now + AHEAD {
        return Ok(None);
    }
    let Some(from_sequence) = epochs::first_after(tx, now).await? else { return Ok(None) };
    let to = now + SignedDuration::from_micros(1);
    let back = SetBack { to, from_sequence, until_sequence: ledger.sequence };
    intervals::set_back(tx, &back).await?;
    ledger.last_effective_at = back.last();
    Ok(Some(back))
}

/// Returns the events that turn the recorded state into the producer's, one microsecond apart.
fn differences(
    scope: &TenantScope,
    booked: &[ActiveUser],
    claimed: &[ActiveUser],
    first: Timestamp,
) -> Vec<SeatEvent> {
    let map = |users: &[ActiveUser]| -> BTreeMap<(PersonKey, UserId), SeatClass> {
        users.iter().map(|user| ((user.person, user.user), user.class)).collect()
    };
    let (booked, claimed) = (map(booked), map(claimed));
    let gone =
        booked.iter().filter(|(key, _)| !claimed.contains_key(key)).map(|(key, class)| (*key, *class, false));
    let changed = claimed
        .iter()
        .filter(|(key, class)| booked.get(key) != Some(class))
        .map(|(key, class)| (*key, *class, true));
    (0..)
        .zip(gone.chain(changed))
        .map(|(offset, ((person, user), class, active))| SeatEvent {
            sequence: 0,
            event_id: EventId::new(scope.clock()),
            person,
            user,
            active,
            class,
            effective_at: first + SignedDuration::from_micros(offset),
            cause: CAUSE.to_owned(),
            actor: scope.actor().to_string(),
            request_id: scope.request_id().to_owned(),
        })
        .collect()
}
