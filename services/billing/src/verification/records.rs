//! Verifies the chain of records, the current rows, and the signed heads.

use std::collections::BTreeMap;

use usher_base::id::WorkspaceId;
use usher_store::TenantTx;

use crate::audit::model::hash::{GENESIS, Hash};
use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::store::ledgers;
use crate::verification::model::proof::{Heads, ProofKeys, SignedHead};
use crate::verification::model::verdict::Verdict;
use crate::verification::store::signed_heads;

/// Maximum number of records read at once.
const PAGE: u32 = 5_000;

/// The hash of the rows as they were last written, by table and key.
type Written = BTreeMap<(String, String), Option<Hash>>;

/// Reads the chain, and compares the last record of each key with the current rows.
pub(super) async fn check(tx: &mut TenantTx, verdict: &mut Verdict) -> Result<(), BillingError> {
    let mut written = chain(tx, verdict).await?;
    for kind in Kind::ALL {
        let table = kind.table();
        for (key, content) in records::contents(tx, kind).await? {
            match written.remove(&(table.to_owned(), key.clone())) {
                Some(recorded) if recorded == Some(content) => {}
                Some(Some(_)) => verdict.fault(format!("{table} {key} differs from its record")),
                Some(None) => verdict.fault(format!("{table} {key} was deleted, but exists again")),
                None => verdict.fault(format!("{table} {key} was never recorded")),
            }
        }
    }
    for ((table, key), _) in written.into_iter().filter(|(_, content)| content.is_some()) {
        verdict.fault(format!("{table} {key} was recorded, but is missing"));
    }
    Ok(())
}

async fn chain(tx: &mut TenantTx, verdict: &mut Verdict) -> Result<Written, BillingError> {
    let (mut written, mut before, mut last) = (Written::new(), GENESIS, 0);
    loop {
        let page = records::page(tx, last, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            if record.number != last + 1 {
                verdict.fault(format!("record {} is missing", last + 1));
            }
            if record.chain(&before) != record.hash {
                verdict.fault(format!("record {} does not have its hash", record.number));
            }
            (before, last) = (record.hash, record.number);
            written.insert((record.kind, record.key), record.content);
        }
    }
    let head = records::head(tx).await?.unwrap_or((0, GENESIS));
    if head != (last, before) {
        verdict.fault(format!("the head of the records is {}, but the last record found is {last}", head.0));
    }
    Ok(written)
}

/// Checks that both chains still contain the signed heads: the stored ones, and those that a caller sent.
pub(super) async fn signed(
    tx: &mut TenantTx,
    workspace: WorkspaceId,
    (keys, exported): (Option<&ProofKeys>, &[SignedHead]),
    verdict: &mut Verdict,
) -> Result<(), BillingError> {
    let kept = signed_heads::all(tx).await?;
    for head in kept.iter().chain(exported) {
        let Heads { at, sequence, head_hash, record_number, record_hash } = head.heads;
        if !head.is_signed(workspace) {
            verdict.fault(format!("the head of {at} does not have its signature"));
        } else if keys.is_some_and(|keys| !keys.include(&head.public_key)) {
            verdict.fault(format!("the head of {at} is signed with a key that is not in billing's key file"));
        }
        let fact = if sequence == 0 { Some(GENESIS) } else { ledgers::hash_at(tx, sequence).await? };
        if fact != Some(head_hash) {
            verdict.fault(format!("fact {sequence} is not the one that was signed at {at}"));
        }
        let record =
            if record_number == 0 { Some(GENESIS) } else { records::hash_at(tx, record_number).await? };
        if record != Some(record_hash) {
            verdict.fault(format!("record {record_number} is not the one that was signed at {at}"));
        }
    }
    for head in exported.iter().filter(|head| kept.iter().all(|kept| kept != *head)) {
        verdict.fault(format!("the head that was signed at {} is missing", head.heads.at));
    }
    Ok(())
}
