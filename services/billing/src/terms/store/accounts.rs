//! Accounts and their terms.

use jiff::civil::Date;
use sqlx::FromRow;
use usher_store::TenantTx;

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::sql::{corrupt, currency, date};
use crate::terms::model::account::Account;
use crate::terms::model::period::{Schedule, Terms};

#[derive(FromRow)]
struct TermsRow {
    valid_from: String,
    anchor: String,
    currency: String,
    exponent: i16,
    time_zone: String,
}

impl TryFrom<TermsRow> for Terms {
    type Error = BillingError;

    fn try_from(row: TermsRow) -> Result<Self, BillingError> {
        Ok(Self {
            valid_from: date("account_terms", "valid_from", &row.valid_from)?,
            anchor: date("account_terms", "anchor", &row.anchor)?,
            account: Account::stored(currency("account_terms", row.currency, row.exponent)?, row.time_zone)
                .map_err(|_| corrupt("account_terms", "time_zone"))?,
        })
    }
}

/// Locks the account until the transaction ends, so that decisions based on it stay valid.
pub(crate) async fn lock(tx: &mut TenantTx) -> Result<(), BillingError> {
    let unset = Account::unset();
    sqlx::query(
        "INSERT INTO accounts (tenant_id, currency, exponent, time_zone) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(unset.currency.code)
    .bind(i16::try_from(unset.currency.exponent).unwrap_or_default())
    .bind(unset.zone_name)
    .execute(tx.conn())
    .await?;
    sqlx::query("SELECT 1 FROM accounts WHERE tenant_id = $1 FOR UPDATE")
        .bind(tx.tenant())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Returns the account's terms by date. Returns `None` if it was never set.
pub(crate) async fn terms(tx: &mut TenantTx) -> Result<Vec<Terms>, BillingError> {
    let rows: Vec<TermsRow> = sqlx::query_as(
        "SELECT to_char(valid_from, 'YYYY-MM-DD') AS valid_from, to_char(anchor, 'YYYY-MM-DD') AS anchor, currency,
           exponent, time_zone
         FROM account_terms WHERE tenant_id = $1 ORDER BY account_terms.valid_from",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Terms::try_from).collect()
}

/// Returns the account's periods.
pub(crate) async fn schedule(tx: &mut TenantTx) -> Result<Schedule, BillingError> {
    Ok(Schedule::new(terms(tx).await?))
}

/// Deletes the terms of some dates and writes others; replaces terms of a date that exists.
pub(crate) async fn replace_terms(
    tx: &mut TenantTx,
    gone: &[Date],
    written: &[Terms],
) -> Result<(), BillingError> {
    for date in gone {
        sqlx::query(
            "DELETE FROM account_terms WHERE tenant_id = $1 AND valid_from = to_date($2, 'YYYY-MM-DD')",
        )
        .bind(tx.tenant())
        .bind(date.to_string())
        .execute(tx.conn())
        .await?;
    }
    for terms in written {
        save_terms(tx, terms).await?;
    }
    let changed = gone.iter().chain(written.iter().map(|terms| &terms.valid_from));
    let changed: Vec<(Kind, String)> = changed.map(|date| (Kind::Terms, date.to_string())).collect();
    records::append(tx, &changed).await
}

async fn save_terms(tx: &mut TenantTx, terms: &Terms) -> Result<(), BillingError> {
    sqlx::query(
        "INSERT INTO account_terms (tenant_id, valid_from, anchor, currency, exponent, time_zone)
         VALUES ($1, to_date($2, 'YYYY-MM-DD'), to_date($3, 'YYYY-MM-DD'), $4, $5, $6)
         ON CONFLICT (tenant_id, valid_from) DO UPDATE SET anchor = excluded.anchor, currency = excluded.currency,
           exponent = excluded.exponent, time_zone = excluded.time_zone",
    )
    .bind(tx.tenant())
    .bind(terms.valid_from.to_string())
    .bind(terms.anchor.to_string())
    .bind(&terms.account.currency.code)
    .bind(i16::try_from(terms.account.currency.exponent).unwrap_or_default())
    .bind(&terms.account.zone_name)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns whether the account has any price, minimum or commitment.
pub(crate) async fn is_billed(tx: &mut TenantTx) -> Result<bool, BillingError> {
    let found: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM price_versions WHERE tenant_id = $1 AND withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM minimum_spends WHERE tenant_id = $1 AND withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM commitments WHERE tenant_id = $1 AND withdrawn_at IS NULL)",
    )
    .bind(tx.tenant())
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}

/// Returns the last date, from a given one, on which a price version or a minimum spend begins or a commitment is
/// still in force. Returns `None` if there is no such date.
pub(crate) async fn priced_until(tx: &mut TenantTx, from: Date) -> Result<Option<Date>, BillingError> {
    let found: Option<String> = sqlx::query_scalar(
        "SELECT to_char(max(d.day), 'YYYY-MM-DD') FROM (
           SELECT valid_from AS day FROM price_versions WHERE tenant_id = $1 AND withdrawn_at IS NULL
           UNION ALL SELECT valid_from FROM minimum_spends WHERE tenant_id = $1 AND withdrawn_at IS NULL
           UNION ALL SELECT end_date - 1 FROM commitments WHERE tenant_id = $1 AND withdrawn_at IS NULL
         ) d WHERE d.day >= to_date($2, 'YYYY-MM-DD')",
    )
    .bind(tx.tenant())
    .bind(from.to_string())
    .fetch_one(tx.conn())
    .await?;
    found.as_deref().map(|stored| date("price_versions", "valid_from", stored)).transpose()
}
