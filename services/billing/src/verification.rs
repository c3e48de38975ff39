//! Checks a ledger against itself: the chain of hashes, the projection, the closed periods.

use std::collections::BTreeMap;

use usher_base::id::{PersonKey, WorkspaceId};
use usher_base::{CallContext, Permission};
use usher_store::{Database, TenantTx};

use crate::class::SeatClass;
use crate::closing;
use crate::draft;
use crate::error::BillingError;
use crate::event::{Fact, GENESIS, Hash};
use crate::interval::{Fold, Interval, StateChange};
use crate::invoice::stays_digest;
use crate::rating::Presence;
use crate::store::{closes, facts, intervals, ledgers};

/// How many facts are read at once.
const PAGE: u32 = 5_000;
const MOST_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) facts: i64,
    /// Empty if all is well.
    pub(crate) faults: Vec<String>,
}

impl Verdict {
    fn fault(&mut self, text: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(text);
        }
    }
}

/// Hashes the chain and folds the facts again, and compares with head, intervals and snapshots.
pub(crate) async fn verify(database: &Database, ctx: &CallContext) -> Result<Verdict, BillingError> {
    ctx.require(Permission::BillingAdmin)?;
    let scope = ctx.scope()?;
    let database = database.scoped(&scope);
    let mut tx = database.begin().await?;
    let mut verdict = Verdict::default();
    let (sequence, head) =
        ledgers::find(&mut tx).await?.map_or((0, GENESIS), |ledger| (ledger.sequence, ledger.head_hash));
    let folded = replay(&mut tx, scope.workspace_id(), (sequence, head), &mut verdict).await?;
    compare(&mut tx, folded, sequence, &mut verdict).await?;
    snapshots(&mut tx, &mut verdict).await?;
    tx.commit().await?;
    Ok(verdict)
}

/// Reads all facts up to a number, checks numbers and hashes, and folds the states.
async fn replay(
    tx: &mut TenantTx,
    workspace: WorkspaceId,
    (sequence, head): (i64, Hash),
    verdict: &mut Verdict,
) -> Result<Vec<Interval>, BillingError> {
    let (mut fold, mut before, mut last) = (Fold::default(), GENESIS, 0);
    'all: loop {
        let page = facts::after(tx, last, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for recorded in page {
            if recorded.sequence > sequence {
                break 'all;
            }
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
                    at: event.effective_at,
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

/// Each closed period must have the hash that its parts have, and the stays that its facts give.
async fn snapshots(tx: &mut TenantTx, verdict: &mut Verdict) -> Result<(), BillingError> {
    for close in closes::all(tx).await? {
        let days = closes::days(tx, &close).await?;
        let lines = closes::lines(tx, close.ordinal).await?;
        if closing::snapshot_hash(&close, &days, &lines) != close.hash {
            verdict.fault(format!("the snapshot of the period from {} does not have its hash", close.first));
        }
        let stays = draft::stays(tx, close.sequence, &close.calendar).await?;
        let presence = Presence::new(stays, &SeatClass::rated(), &close.calendar);
        let clipped: Vec<_> = presence.members.into_iter().flat_map(|member| member.stays).collect();
        if stays_digest(&clipped) != close.stays_digest {
            verdict.fault(format!(
                "the seats of the period from {} are not those that were closed",
                close.first
            ));
        }
    }
    Ok(())
}
