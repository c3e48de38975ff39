//! Ledgers as of a time.

use jiff::Timestamp;
use usher_store::{TenantTx, Time};

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::model::head::{Ledger, Watermark};
use crate::ledger::model::span::Span;
use crate::ledger::store::epochs::COUNTS_AT;
use crate::ledger::store::ledgers;
use crate::sql::allow_sorts;

/// Inserts a span that has ended.
pub(crate) async fn insert_span(tx: &mut TenantTx, span: &Span) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO watermark_spans (tenant_id, since, first_as_of, until, last_as_of, behind)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, since) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(Time(span.since))
    .bind(Time(span.first))
    .bind(Time(span.until))
    .bind(Time(span.last))
    .bind(span.behind)
    .execute(tx.conn())
    .await?;
    records::append(tx, &[(Kind::WatermarkSpan, span.since.as_microsecond().to_string())]).await
}

/// Records that a ledger was halted.
pub(crate) async fn insert_halt(tx: &mut TenantTx, now: Timestamp) -> Result<(), BillingError> {
    sqlx::query("INSERT INTO halts (tenant_id, halted_at) VALUES ($1, $2) ON CONFLICT (tenant_id, halted_at) DO NOTHING")
        .bind(tx.tenant())
        .bind(Time(now))
        .execute(tx.conn())
        .await?;
    records::append(tx, &[(Kind::Halt, now.as_microsecond().to_string())]).await
}

/// Returns the ledger as of a time at which its last fact had the given number. Its watermark is the lowest possible
/// value, so that the same time always gives the same result.
pub(crate) async fn ledger(
    tx: &mut TenantTx,
    at: Timestamp,
    sequence: i64,
) -> Result<Option<Ledger>, BillingError> {
    let Some(mut ledger) = ledgers::find(tx).await? else { return Ok(None) };
    let (epoch, base, begun) = epoch(tx, at, ledger.epoch).await?;
    let span = span(tx, at, ledger.span).await?.filter(|span| begun.is_none_or(|begun| begun <= span.since));
    if sequence == 0 && span.is_none() {
        return Ok(None);
    }
    let (acknowledged, last_effective_at) = applied(tx, epoch, sequence).await?;
    let acknowledged = acknowledged.max(base);
    ledger.epoch = epoch;
    ledger.sequence = sequence;
    ledger.acknowledged_sequence = acknowledged;
    ledger.last_effective_at = last_effective_at.unwrap_or(Timestamp::UNIX_EPOCH);
    ledger.reconciled_sequence = reconciled(tx, epoch, at).await?.max(base);
    ledger.halted = halted(tx, at, begun).await?;
    ledger.watermark =
        span.map(|span| Watermark { at: span.as_of(at), sequence: acknowledged + i64::from(span.behind) });
    ledger.span = span;
    Ok(Some(ledger))
}

/// Returns the epoch at a time: its number, the producer's number at its start, and when it began.
async fn epoch(
    tx: &mut TenantTx,
    at: Timestamp,
    current: i64,
) -> Result<(i64, i64, Option<Timestamp>), BillingError> {
    let rows: Vec<(i64, i64, Time)> = sqlx::query_as(
        "SELECT epoch, base_sequence, begun_at FROM epochs WHERE tenant_id = $1 ORDER BY epoch",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    if let Some((epoch, base, begun)) = rows.iter().rfind(|(_, _, begun)| begun.0 <= at) {
        return Ok((*epoch, *base, Some(begun.0)));
    }
    Ok((rows.first().map_or(current, |(epoch, ..)| epoch - 1), 0, None))
}

/// Returns the span of watermarks around a time.
async fn span(tx: &mut TenantTx, at: Timestamp, current: Option<Span>) -> Result<Option<Span>, BillingError> {
    if let Some(current) = current.filter(|current| current.since <= at) {
        return Ok(Some(current));
    }
    let row: Option<(Time, Time, Time, Time, bool)> = sqlx::query_as(
        "SELECT since, first_as_of, until, last_as_of, behind FROM watermark_spans
         WHERE tenant_id = $1 AND since <= $2 ORDER BY since DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .bind(Time(at))
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(since, first, until, last, behind)| Span {
        since: since.0,
        first: first.0,
        until: until.0,
        last: last.0,
        behind,
    }))
}

/// Returns the producer's last number in an epoch among the facts up to a number, and the time of the last state.
async fn applied(
    tx: &mut TenantTx,
    epoch: i64,
    sequence: i64,
) -> Result<(i64, Option<Timestamp>), BillingError> {
    let last: Option<i64> = sqlx::query_scalar(
        // `+ 0` prevents a plan on the primary key, which may read the whole ledger.
        "SELECT source_sequence FROM events
         WHERE tenant_id = $1 AND epoch = $2 AND source_sequence IS NOT NULL AND sequence + 0 <= $3
         ORDER BY source_sequence DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .bind(epoch)
    .bind(sequence)
    .fetch_optional(tx.conn())
    .await?;
    let sql = format!(
        "SELECT {COUNTS_AT} FROM events e WHERE tenant_id = $1 AND kind = 'state' AND sequence <= $2
         ORDER BY sequence DESC LIMIT 1"
    );
    allow_sorts(tx, false).await?;
    let effective: Option<Time> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(sequence)
        .fetch_optional(tx.conn())
        .await?;
    allow_sorts(tx, true).await?;
    Ok((last.unwrap_or(0), effective.map(|at| at.0)))
}

/// Returns the producer's number at the last comparison that found equal states.
async fn reconciled(tx: &mut TenantTx, epoch: i64, at: Timestamp) -> Result<i64, BillingError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT max(r.source_sequence) FROM (
           SELECT source_sequence FROM reconciliation_runs
           WHERE tenant_id = $1 AND epoch = $2 AND ran_at <= $3 GROUP BY run_id, source_sequence HAVING bool_and(equal)
         ) r",
    )
    .bind(tx.tenant())
    .bind(epoch)
    .bind(Time(at))
    .fetch_one(tx.conn())
    .await?;
    Ok(found.unwrap_or(0))
}

/// Returns whether the ledger was halted in the epoch that began at a time.
async fn halted(tx: &mut TenantTx, at: Timestamp, begun: Option<Timestamp>) -> Result<bool, BillingError> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM halts WHERE tenant_id = $1 AND halted_at <= $2 AND halted_at > $3)",
    )
    .bind(tx.tenant())
    .bind(Time(at))
    .bind(Time(begun.unwrap_or(Timestamp::UNIX_EPOCH)))
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}
