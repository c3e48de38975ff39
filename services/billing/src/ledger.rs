//! Appends to the ledger: each number follows the one before, is applied once, and a batch is one transaction.

pub(crate) mod as_of;
pub(crate) mod clock;
pub(crate) mod corrections;
pub(crate) mod epochs;
pub(crate) mod facts;
pub(crate) mod intervals;
pub(crate) mod members;
pub mod model;
pub(crate) mod open_period;
pub(crate) mod pool_usage;
pub(crate) mod reconciliation;
pub(crate) mod seat_status;
pub(crate) mod seats_in_use;
pub(crate) mod store;
pub(crate) mod usage;
pub(crate) mod watermarks;

use jiff::Timestamp;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_rating::interval::{Fold, StateChange};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::model::batch::{Applied, Batch, Entry};
use crate::ledger::model::event::{Fact, Place, Recorded, SeatEvent};
use crate::ledger::model::head::{AHEAD, Ledger};
use crate::ledger::store::{events, history, ledgers, seats};

/// The outcome of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The last number applied.
    pub(crate) acknowledged: i64,
    /// Why the batch was refused.
    pub(crate) refused: Option<Reason>,
}

impl Appended {
    const fn refused(acknowledged: i64, reason: Reason) -> Self {
        Self { acknowledged, refused: Some(reason) }
    }
}

/// The changes that a batch made.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) ledger: Ledger,
    /// Whether these are the first events of the ledger.
    pub(crate) is_first: bool,
}

/// Applies a batch, whole or not at all. Returns the changes, which the caller commits; without a change there is
/// nothing to commit.
///
/// Events that are ahead of the clock are not applied, but those before them are. Events that were applied before are
/// compared and acknowledged again. One that differs halts the ledger: the two services disagree about the past,
/// which only a person can settle.
pub(crate) async fn append(
    tx: &mut TenantTx,
    now: Timestamp,
    batch: &Batch,
) -> Result<(Appended, Option<Change>), BillingError> {
    let mut ledger = ledgers::lock(tx, batch.epoch).await?;
    let acknowledged = ledger.acknowledged_sequence;
    let refused = |reason| Ok((Appended::refused(acknowledged, reason), None));
    if ledger.halted {
        return refused(Reason::EventConflict);
    }
    if ledger.epoch != batch.epoch {
        return refused(Reason::FailedPrecondition);
    }
    let first = batch.events.first().map_or(0, |event| event.sequence);
    if first > acknowledged + 1 {
        return refused(Reason::SequenceGap);
    }
    let known = batch.events.partition_point(|event| event.sequence <= acknowledged);
    let (repeated, new) = batch.events.split_at(known);
    let (new, ahead) = new.split_at(new.partition_point(|event| event.effective_at <= now + AHEAD));
    if let Some(differing) = first_difference(tx, batch, repeated).await? {
        halt(tx, now, &mut ledger).await?;
        tracing::error!(
            workspace = %batch.workspace, sequence = differing, acknowledged,
            "an applied seat event was sent again with other content; this workspace's ledger is halted until an operator resolves the conflict"
        );
        let change = Change { ledger, is_first: false };
        return Ok((Appended::refused(acknowledged, Reason::EventConflict), Some(change)));
    }
    if let Some(event) = first_out_of_order(new, ledger.last_effective_at) {
        tracing::error!(
            workspace = %batch.workspace, sequence = event.sequence,
            "a seat event is not later than the one before; its batch was not applied"
        );
        return refused(Reason::InvalidArgument);
    }
    if let (true, Some(event)) = (new.is_empty(), ahead.first()) {
        tracing::error!(
            workspace = %batch.workspace, sequence = event.sequence, effective_at = %event.effective_at,
            "a seat event is ahead of the clock and was not applied; set the clocks right, then run \
             `usher admin ledger resync` for the workspace"
        );
        metrics::counter!("usher_ledger_facts_ahead_total").increment(1);
        return refused(Reason::InvalidArgument);
    }
    let Some(last) = new.last() else { return Ok((Appended { acknowledged, refused: None }, None)) };
    apply(tx, &mut ledger, batch.workspace, now, new).await?;
    ledger.acknowledged_sequence = last.sequence;
    // The cursor moves only in the transaction that applies the events.
    ledgers::save(tx, &ledger).await?;
    let appended = Appended { acknowledged: ledger.acknowledged_sequence, refused: None };
    Ok((appended, Some(Change { ledger, is_first: acknowledged == 0 })))
}

async fn halt(tx: &mut TenantTx, now: Timestamp, ledger: &mut Ledger) -> Result<(), BillingError> {
    ledger.halted = true;
    history::insert_halt(tx, now).await?;
    ledgers::save(tx, ledger).await?;
    metrics::counter!("usher_ledger_conflicts_total").increment(1);
    Ok(())
}

/// Returns the first event that is not later than the one before it.
fn first_out_of_order(events: &[SeatEvent], mut last: Timestamp) -> Option<&SeatEvent> {
    events.iter().find(|event| event.effective_at <= std::mem::replace(&mut last, event.effective_at))
}

/// Applies new events after the head. The caller has locked the ledger, and saves it.
pub(crate) async fn apply(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    workspace: WorkspaceId,
    now: Timestamp,
    new: &[SeatEvent],
) -> Result<(), BillingError> {
    let mut entries = Vec::with_capacity(new.len());
    ledger.last_recorded_at = now.max(ledger.last_recorded_at);
    for event in new {
        ledger.sequence += 1;
        let place =
            Place { workspace, epoch: ledger.epoch, sequence: ledger.sequence, at: ledger.last_recorded_at };
        ledger.head_hash = event.chain(&ledger.head_hash, place);
        ledger.last_effective_at = event.effective_at;
        entries.push(Entry { sequence: ledger.sequence, event, hash: ledger.head_hash });
    }
    project(tx, ledger, &entries).await?;
    events::insert(tx, ledger.epoch, ledger.last_recorded_at, &entries).await
}

/// Returns the number of the first event that differs from the applied event with that number.
async fn first_difference(
    tx: &mut TenantTx,
    batch: &Batch,
    repeated: &[SeatEvent],
) -> Result<Option<i64>, BillingError> {
    let (Some(first), Some(last)) = (repeated.first(), repeated.last()) else { return Ok(None) };
    let applied = events::applied(tx, batch.epoch, first.sequence, last.sequence).await?;
    for event in repeated {
        let same = applied.get(&event.sequence).is_some_and(|applied| {
            let Applied { sequence, at, before, hash } = *applied;
            let place = Place { workspace: batch.workspace, epoch: batch.epoch, sequence, at };
            event.has(&before, place, &hash)
        });
        if !same {
            return Ok(Some(event.sequence));
        }
    }
    Ok(None)
}

/// Updates the persons' states and intervals.
async fn project(tx: &mut TenantTx, ledger: &mut Ledger, entries: &[Entry<'_>]) -> Result<(), BillingError> {
    let mut persons: Vec<_> = entries.iter().map(|entry| entry.event.person).collect();
    persons.sort_unstable();
    persons.dedup();
    let mut fold = Fold::default();
    for seat in seats::active(tx, &persons).await? {
        fold.seed_user(seat.person, seat.user, seat.class);
    }
    for interval in store::intervals::open(tx, &persons).await? {
        fold.seed_open(interval);
    }
    for Entry { sequence, event, .. } in entries {
        fold.apply(StateChange {
            sequence: *sequence,
            person: event.person,
            user: event.user,
            class: event.active.then_some(event.class),
            at: event.effective_at,
            cause: &event.cause,
        });
    }
    seats::save(tx, entries).await?;
    let intervals = fold.finish();
    let first = entries.first().map_or(i64::MAX, |entry| entry.sequence);
    for interval in &intervals {
        // An interval that began and ended within the batch was never counted.
        match (interval.open_sequence >= first, &interval.end) {
            (true, None) => ledger.open_seats[interval.class.index()] += 1,
            (false, Some(_)) => ledger.open_seats[interval.class.index()] -= 1,
            _ => {}
        }
    }
    store::intervals::save(tx, &intervals).await
}

/// Records a fact of billing's own after the head. The caller has locked the ledger.
pub(crate) async fn record(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    workspace: WorkspaceId,
    now: Timestamp,
    fact: Fact,
) -> Result<i64, BillingError> {
    ledger.last_recorded_at = now.max(ledger.last_recorded_at);
    let (sequence, epoch, at) = (ledger.sequence + 1, ledger.epoch, ledger.last_recorded_at);
    let hash = fact.chain(&ledger.head_hash, Place { workspace, epoch, sequence, at });
    let recorded = Recorded { sequence, epoch, counts_at: at, at, hash, fact };
    store::facts::insert(tx, &recorded).await?;
    ledger.sequence = recorded.sequence;
    ledger.head_hash = recorded.hash;
    ledgers::save(tx, ledger).await?;
    Ok(recorded.sequence)
}
