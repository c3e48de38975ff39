//! The chain of hashes, and the intervals that the facts give.

use std::collections::BTreeMap;

use jiff::Timestamp;
use usher_base::id::{PersonKey, WorkspaceId};
use usher_store::TenantTx;

use super::Verdict;
use crate::class::SeatClass;
use crate::error::BillingError;
use crate::event::{Fact, GENESIS, Hash};
use crate::facts::FactRange;
use crate::interval::{Fold, Interval, StateChange};
use crate::ledger::{AHEAD, Ledger};
use crate::store::{facts, intervals};

/// How many facts are read at once.
const PAGE: u32 = 5_000;

/// Reads all facts up to a number, checks numbers and hashes, and folds the states; the intervals must
/// be those that are stored.
pub(super) async fn check(
    tx: &mut TenantTx,
    workspace: WorkspaceId,
    ledger: &Ledger,
    now: Timestamp,
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let folded = replay(tx, workspace, (ledger.sequence, ledger.head_hash), verdict).await?;
    if ledger.last_effective_at > now + AHEAD {
        verdict.fault(format!(
            "the last fact takes effect at {}, which is ahead of now; `usher admin ledger resync` sets time back",
            ledger.last_effective_at
        ));
    }
    let mut open = [0; SeatClass::COUNT];
    for interval in folded.iter().filter(|interval| interval.end.is_none()) {
        open[interval.class.index()] += 1;
    }
    if open != ledger.open_seats {
        let counted = ledger.open_seats;
        verdict.fault(format!("the facts leave {open:?} seats open, and {counted:?} were counted along"));
    }
    compare(tx, folded, ledger.sequence, verdict).await
}

async fn replay(
    tx: &mut TenantTx,
    workspace: WorkspaceId,
    (sequence, head): (i64, Hash),
    verdict: &mut Verdict,
) -> Result<Vec<Interval>, BillingError> {
    let (mut fold, mut before, mut last) = (Fold::default(), GENESIS, 0);
    loop {
        let range =
            FactRange { after_sequence: last, until_sequence: Some(sequence), ..FactRange::default() };
        let page = facts::list(tx, &range, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for recorded in page {
            if recorded.sequence != last + 1 {
                verdict.fault(format!("fact {} is missing", last + 1));
            }
            if recorded.fact.chain(&before, workspace, recorded.epoch) != recorded.hash {
                verdict.fault(format!("fact {} does not have its hash", recorded.sequence));
            }
            (before, last) = (recorded.hash, recorded.sequence);
            verdict.facts += 1;
            if let Fact::State(event) = &recorded.fact {
                fold.apply(StateChange {
                    sequence: recorded.sequence,
                    person: event.person,
                    user: event.user,
                    class: event.active.then_some(event.class),
                    at: recorded.counts_at,
                    cause: &event.cause,
                });
            }
        }
    }
    if (last, before) != (sequence, head) {
        verdict.fault(format!("the ledger's head is fact {sequence}, and the last one found is {last}"));
    }
    Ok(fold.finish())
}

/// The intervals of the facts must be those that are stored.
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
                "the interval of person {} from fact {} is not what the facts say",
                id.0, id.1
            ));
        }
    }
    for (person, opened) in folded.keys() {
        verdict.fault(format!("the interval of person {person} from fact {opened} is not stored"));
    }
    Ok(())
}
