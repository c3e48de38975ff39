//! Verifies the chain of facts, and the intervals that follow from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use usher_base::id::{PersonKey, UserId, WorkspaceId};
use usher_rating::interval::{Fold, Interval, StateChange};
use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::audit::model::hash::{GENESIS, Hash};
use crate::error::BillingError;
use crate::ledger::model::event::{Fact, Place, Recorded, Version};
use crate::ledger::model::fact_range::FactRange;
use crate::ledger::model::head::{AHEAD, Ledger};
use crate::ledger::store::{facts, history, intervals, seats};
use crate::verification::model::verdict::Verdict;

/// Maximum number of facts read at once.
const PAGE: u32 = 5_000;

/// Reads all facts up to a number, checks their numbers and hashes, and projects the states. The resulting intervals
/// must equal the stored ones.
pub(super) async fn check(
    tx: &mut TenantTx,
    (workspace, now): (WorkspaceId, Timestamp),
    ledger: &Ledger,
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    if let Some(sequence) = facts::first_malformed(tx).await? {
        verdict.fault(format!("fact {sequence} has columns that do not match its kind"));
    }
    if ledger.last_effective_at > now + AHEAD {
        verdict.fault(format!(
            "the last fact takes effect at {}, which is ahead of now; `usher admin ledger resync` sets time back",
            ledger.last_effective_at
        ));
    }
    let mut replay = Replay::default();
    replay.run(tx, workspace, ledger, verdict).await?;
    seats(tx, &replay.users, verdict).await?;
    head(&replay, ledger, verdict);
    course(tx, ledger, now, verdict).await?;
    let folded = replay.fold.finish();
    let mut open = [0; SeatClass::COUNT];
    for interval in folded.iter().filter(|interval| interval.end.is_none()) {
        open[interval.class.index()] += 1;
    }
    if open != ledger.open_seats {
        let counted = ledger.open_seats;
        verdict.fault(format!("the facts leave {open:?} seats open, but the ledger has counted {counted:?}"));
    }
    compare(tx, folded, ledger.sequence, verdict).await
}

/// What follows from the facts, read in order.
#[derive(Default)]
struct Replay {
    fold: Fold,
    /// The class of each user after the last event; `None` if not active.
    users: BTreeMap<(PersonKey, UserId), Option<SeatClass>>,
    /// The times of the last fact and of the last state.
    recorded_at: Option<Timestamp>,
    effective_at: Option<Timestamp>,
    /// The producer's last number in the last epoch of the facts.
    acknowledged: (i64, i64),
    /// Whether a fact whose place is hashed was read: from then on all places must be.
    places: bool,
}

impl Replay {
    async fn run(
        &mut self,
        tx: &mut TenantTx,
        workspace: WorkspaceId,
        ledger: &Ledger,
        verdict: &mut Verdict,
    ) -> Result<(), BillingError> {
        let (mut before, mut last) = (GENESIS, 0);
        loop {
            let range = FactRange {
                after_sequence: last,
                until_sequence: Some(ledger.sequence),
                ..FactRange::default()
            };
            let page = facts::list(tx, &range, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for recorded in page {
                if recorded.sequence != last + 1 {
                    verdict.fault(format!("fact {} is missing", last + 1));
                }
                if !self.has_its_hash(&recorded, &before, workspace) {
                    verdict.fault(format!("fact {} does not have its hash", recorded.sequence));
                }
                (before, last) = (recorded.hash, recorded.sequence);
                verdict.facts += 1;
                self.take(&recorded);
            }
        }
        let (sequence, head) = (ledger.sequence, ledger.head_hash);
        if (last, before) != (sequence, head) {
            verdict.fault(format!("the ledger's head is fact {sequence}, but the last fact found is {last}"));
        }
        if let Some(beyond) = facts::beyond(tx, sequence).await? {
            verdict.fault(format!("fact {beyond} is beyond the ledger's head, which is fact {sequence}"));
        }
        Ok(())
    }

    fn has_its_hash(&mut self, recorded: &Recorded, before: &Hash, workspace: WorkspaceId) -> bool {
        let Recorded { sequence, epoch, at, .. } = *recorded;
        let place = Place { workspace, epoch, sequence, at };
        if recorded.fact.chain(before, place) == recorded.hash {
            self.places = true;
            return true;
        }
        !self.places && recorded.fact.chained(before, place, Version::One) == recorded.hash
    }

    fn take(&mut self, recorded: &Recorded) {
        self.recorded_at = Some(recorded.at);
        let Fact::State(event) = &recorded.fact else { return };
        self.effective_at = Some(recorded.counts_at);
        if event.sequence > 0 {
            self.acknowledged = (recorded.epoch, event.sequence);
        }
        let class = event.active.then_some(event.class);
        self.users.insert((event.person, event.user), class);
        self.fold.apply(StateChange {
            sequence: recorded.sequence,
            person: event.person,
            user: event.user,
            class,
            at: recorded.counts_at,
            cause: &event.cause,
        });
    }
}

/// Checks the ledger's row, apart from its head, against the facts.
fn head(replay: &Replay, ledger: &Ledger, verdict: &mut Verdict) {
    if replay.recorded_at.is_some_and(|at| at != ledger.last_recorded_at) {
        verdict.fault(format!(
            "the ledger says that its last fact was recorded at {}, which does not match the facts",
            ledger.last_recorded_at
        ));
    }
    if replay.effective_at.is_some_and(|at| at != ledger.last_effective_at) {
        verdict.fault(format!(
            "the ledger says that its last state is from {}, which does not match the facts",
            ledger.last_effective_at
        ));
    }
    let (epoch, acknowledged) = replay.acknowledged;
    if epoch > ledger.epoch || (epoch == ledger.epoch && acknowledged != ledger.acknowledged_sequence) {
        verdict.fault(format!(
            "the ledger says that event {} of epoch {} was applied last, but it is event {acknowledged} of epoch {epoch}",
            ledger.acknowledged_sequence, ledger.epoch
        ));
    }
}

/// Checks the epoch, halts and comparisons in the ledger's row against their own tables.
async fn course(
    tx: &mut TenantTx,
    ledger: &Ledger,
    now: Timestamp,
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let Some(kept) = history::ledger(tx, now, ledger.sequence).await? else { return Ok(()) };
    if kept.epoch != ledger.epoch {
        verdict.fault(format!("the ledger says epoch {}, but epoch {} began last", ledger.epoch, kept.epoch));
    }
    if kept.halted != ledger.halted {
        let said = if ledger.halted { "" } else { " not" };
        verdict.fault(format!("the ledger says that it is{said} halted, which does not match its halts"));
    }
    if ledger.reconciled_sequence > kept.reconciled_sequence {
        verdict.fault(format!(
            "the ledger says that states were equal at event {}, but no comparison says so",
            ledger.reconciled_sequence
        ));
    }
    Ok(())
}

/// Checks the states of users against the facts.
async fn seats(
    tx: &mut TenantTx,
    users: &BTreeMap<(PersonKey, UserId), Option<SeatClass>>,
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let stored = seats::all(tx).await?;
    let differs = |key: &&(PersonKey, UserId)| users.get(key) != stored.get(key);
    let keys: BTreeSet<&(PersonKey, UserId)> = users.keys().chain(stored.keys()).collect();
    for (person, user) in keys.into_iter().filter(differs) {
        verdict.fault(format!("the seat of user {user} of person {person} does not match the facts"));
    }
    Ok(())
}

/// Checks the stored intervals against the facts.
async fn compare(
    tx: &mut TenantTx,
    folded: Vec<Interval>,
    sequence: i64,
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let key = |interval: Interval| ((interval.person, interval.open_sequence), interval);
    let mut folded: BTreeMap<(PersonKey, i64), Interval> = folded.into_iter().map(key).collect();
    for stored in intervals::as_of(tx, sequence).await? {
        let id = (stored.person, stored.open_sequence);
        if folded.remove(&id).as_ref() != Some(&stored) {
            verdict.fault(format!(
                "the interval of person {} from fact {} does not match the facts",
                id.0, id.1
            ));
        }
    }
    for (person, opened) in folded.keys() {
        verdict.fault(format!("the interval of person {person} from fact {opened} is not stored"));
    }
    Ok(())
}
