//! The chain of records, in the database.

use std::collections::BTreeMap;

use usher_store::TenantTx;

use crate::audit::model::hash::Hash;
use crate::audit::model::record::{Kind, Record};
use crate::error::BillingError;
use crate::sql::hash;

/// The SQL expression for the hash of the rows of a kind that have a key; NULL if there are no rows.
const CONTENT: &str =
    "sha256(convert_to(string_agg(record_text(t), E'\\n' ORDER BY record_text(t) COLLATE \"C\"), 'UTF8'))";

/// Appends a record for each of some rows that were written, changed or deleted, in one statement. A transaction must
/// take no other lock after this one, because every other writer waits for it.
pub(crate) async fn append(tx: &mut TenantTx, written: &[(Kind, String)]) -> Result<(), BillingError> {
    let entry = |(index, (kind, _)): (usize, &(Kind, String))| {
        let (table, condition) = (kind.table(), kind.condition().replace('\'', "''"));
        format!("append_record_of($1, '{table}', '{condition}', ${})", index + 2)
    };
    let entries: Vec<String> = written.iter().enumerate().map(entry).collect();
    let sql = format!("SELECT {}", entries.join(", "));
    let mut statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.tenant());
    for (_, key) in written {
        statement = statement.bind(key.clone());
    }
    statement.execute(tx.conn()).await?;
    Ok(())
}

/// Returns the number and hash of the last record. Returns `None` if there is no record.
pub(crate) async fn head(tx: &mut TenantTx) -> Result<Option<(i64, Hash)>, BillingError> {
    let found: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT number, hash FROM record_heads WHERE tenant_id = $1")
            .bind(tx.tenant())
            .fetch_optional(tx.conn())
            .await?;
    found.map(|(number, bytes)| Ok((number, hash("records", "hash", &bytes)?))).transpose()
}

/// Returns the records after a number, in order.
pub(crate) async fn page(tx: &mut TenantTx, after: i64, most: u32) -> Result<Vec<Record>, BillingError> {
    type Row = (i64, String, String, Option<Vec<u8>>, Vec<u8>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, kind, key, content, hash FROM records WHERE tenant_id = $1 AND number > $2
         ORDER BY number LIMIT $3",
    )
    .bind(tx.tenant())
    .bind(after)
    .bind(i64::from(most))
    .fetch_all(tx.conn())
    .await?;
    let record = |(number, kind, key, content, own): Row| {
        let content = content.map(|content| hash("records", "content", &content)).transpose()?;
        Ok(Record { number, kind, key, content, hash: hash("records", "hash", &own)? })
    };
    rows.into_iter().map(record).collect()
}

/// Returns the hash of the current rows of a kind, by key.
pub(crate) async fn contents(tx: &mut TenantTx, kind: Kind) -> Result<BTreeMap<String, Hash>, BillingError> {
    let (table, key) = (kind.table(), kind.key());
    let sql = format!("SELECT {key}, {CONTENT} FROM {table} t WHERE t.tenant_id = $1 GROUP BY 1");
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.tenant()).fetch_all(tx.conn()).await?;
    rows.into_iter().map(|(key, bytes)| Ok((key, hash("records", "hash", &bytes)?))).collect()
}

/// Returns the hash of the record with a number.
pub(crate) async fn hash_at(tx: &mut TenantTx, number: i64) -> Result<Option<Hash>, BillingError> {
    let found: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM records WHERE tenant_id = $1 AND number = $2")
            .bind(tx.tenant())
            .bind(number)
            .fetch_optional(tx.conn())
            .await?;
    found.map(|bytes| hash("records", "hash", &bytes)).transpose()
}
