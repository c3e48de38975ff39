//! The heads of ledgers.

use sqlx::FromRow;
use usher_seats::SeatClass;
use usher_store::{ScopedDatabase, TenantTx, Time};

use crate::audit::model::hash::Hash;
use crate::error::BillingError;
use crate::ledger::model::head::{Ledger, Watermark};
use crate::ledger::model::span::Span;
use crate::sql::{corrupt, hash};

#[derive(FromRow)]
struct LedgerRow {
    epoch: i64,
    acknowledged_sequence: i64,
    sequence: i64,
    head_hash: Vec<u8>,
    open_seats: Vec<i64>,
    halted: bool,
    last_effective_at: Time,
    last_recorded_at: Time,
    watermark_at: Option<Time>,
    watermark_sequence: i64,
    span_since: Option<Time>,
    span_first: Option<Time>,
    span_until: Option<Time>,
    span_last: Option<Time>,
    span_behind: bool,
    reconciled_sequence: i64,
    digest_wanted: bool,
    compared_at: Option<Time>,
}

impl TryFrom<LedgerRow> for Ledger {
    type Error = BillingError;

    fn try_from(row: LedgerRow) -> Result<Self, BillingError> {
        let span = || {
            Some(Span {
                since: row.span_since?.0,
                first: row.span_first?.0,
                until: row.span_until?.0,
                last: row.span_last?.0,
                behind: row.span_behind,
            })
        };
        Ok(Self {
            epoch: row.epoch,
            acknowledged_sequence: row.acknowledged_sequence,
            sequence: row.sequence,
            head_hash: hash("ledgers", "head_hash", &row.head_hash)?,
            open_seats: <[i64; SeatClass::COUNT]>::try_from(row.open_seats)
                .map_err(|_| corrupt("ledgers", "open_seats"))?,
            halted: row.halted,
            last_effective_at: row.last_effective_at.0,
            last_recorded_at: row.last_recorded_at.0,
            watermark: row.watermark_at.map(|at| Watermark { at: at.0, sequence: row.watermark_sequence }),
            span: span(),
            reconciled_sequence: row.reconciled_sequence,
            digest_wanted: row.digest_wanted,
            compared_at: row.compared_at.map(|at| at.0),
        })
    }
}

/// Locks the workspace's ledger until the transaction ends; creates it if it does not exist.
pub(crate) async fn lock(tx: &mut TenantTx, epoch: i64) -> Result<Ledger, BillingError> {
    if let Some(ledger) = select_for_update(tx).await? {
        return Ok(ledger);
    }
    insert(tx, &Ledger::empty(epoch)).await?;
    select_for_update(tx)
        .await?
        .ok_or_else(|| BillingError::Stored("a ledger that was just created does not exist".to_owned()))
}

async fn select_for_update(tx: &mut TenantTx) -> Result<Option<Ledger>, BillingError> {
    let row: Option<LedgerRow> = sqlx::query_as("SELECT * FROM ledgers WHERE tenant_id = $1 FOR UPDATE")
        .bind(tx.tenant())
        .fetch_optional(tx.conn())
        .await?;
    row.map(Ledger::try_from).transpose()
}

async fn insert(tx: &mut TenantTx, ledger: &Ledger) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO ledgers (tenant_id, epoch, acknowledged_sequence, sequence, head_hash, last_effective_at, last_recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(ledger.epoch)
    .bind(ledger.acknowledged_sequence)
    .bind(ledger.sequence)
    .bind(ledger.head_hash.as_slice())
    .bind(Time(ledger.last_effective_at))
    .bind(Time(ledger.last_recorded_at))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Saves the locked ledger.
pub(crate) async fn save(tx: &mut TenantTx, ledger: &Ledger) -> Result<(), BillingError> {
    sqlx::query(
        "UPDATE ledgers SET epoch = $2, acknowledged_sequence = $3, sequence = $4, head_hash = $5, halted = $6,
           last_effective_at = $7, last_recorded_at = $8, watermark_at = $9, watermark_sequence = $10,
           reconciled_sequence = $11, digest_wanted = $12, compared_at = $13, span_since = $14, span_first = $15,
           span_until = $16, span_last = $17, span_behind = $18, open_seats = $19
         WHERE tenant_id = $1",
    )
    .bind(tx.tenant())
    .bind(ledger.epoch)
    .bind(ledger.acknowledged_sequence)
    .bind(ledger.sequence)
    .bind(ledger.head_hash.as_slice())
    .bind(ledger.halted)
    .bind(Time(ledger.last_effective_at))
    .bind(Time(ledger.last_recorded_at))
    .bind(ledger.watermark.map(|watermark| Time(watermark.at)))
    .bind(ledger.watermark.map_or(0, |watermark| watermark.sequence))
    .bind(ledger.reconciled_sequence)
    .bind(ledger.digest_wanted)
    .bind(ledger.compared_at.map(Time))
    .bind(ledger.span.map(|span| Time(span.since)))
    .bind(ledger.span.map(|span| Time(span.first)))
    .bind(ledger.span.map(|span| Time(span.until)))
    .bind(ledger.span.map(|span| Time(span.last)))
    .bind(ledger.span.is_some_and(|span| span.behind))
    .bind(ledger.open_seats.to_vec())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the workspace's ledger. Returns `None` if nothing was ever sent.
pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<Ledger>, BillingError> {
    let row: Option<LedgerRow> = sqlx::query_as("SELECT * FROM ledgers WHERE tenant_id = $1")
        .bind(tx.tenant())
        .fetch_optional(tx.conn())
        .await?;
    row.map(Ledger::try_from).transpose()
}

/// Same as [`find`], in a transaction of its own.
pub(crate) async fn get(database: &ScopedDatabase) -> Result<Option<Ledger>, BillingError> {
    let mut tx = database.begin().await?;
    let ledger = find(&mut tx).await?;
    tx.commit().await?;
    Ok(ledger)
}

/// Returns the hash of the chain at a number.
pub(crate) async fn hash_at(tx: &mut TenantTx, sequence: i64) -> Result<Option<Hash>, BillingError> {
    let found: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM events WHERE tenant_id = $1 AND sequence = $2")
            .bind(tx.tenant())
            .bind(sequence)
            .fetch_optional(tx.conn())
            .await?;
    found.map(|bytes| hash("events", "hash", &bytes)).transpose()
}
