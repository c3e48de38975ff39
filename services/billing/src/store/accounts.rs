//! Accounts.

use sqlx::FromRow;
use usher_store::TenantTx;

use crate::accounts::Account;
use crate::error::BillingError;

#[derive(FromRow)]
struct AccountRow {
    currency: String,
    exponent: i16,
    time_zone: String,
}

impl TryFrom<AccountRow> for Account {
    type Error = BillingError;

    fn try_from(row: AccountRow) -> Result<Self, BillingError> {
        Self::new(&row.currency, row.exponent.into(), &row.time_zone)
            .map_err(|error| BillingError::Stored(error.to_string()))
    }
}

/// Locks the account until the transaction ends; one that was never set is made first.
pub(crate) async fn lock(tx: &mut TenantTx) -> Result<Account, BillingError> {
    let unset = Account::unset();
    sqlx::query(
        "INSERT INTO accounts (tenant_id, currency, exponent, time_zone) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(unset.currency)
    .bind(i16::try_from(unset.exponent).unwrap_or_default())
    .bind(unset.zone_name)
    .execute(tx.conn())
    .await?;
    let row: AccountRow =
        sqlx::query_as("SELECT currency, exponent, time_zone FROM accounts WHERE tenant_id = $1 FOR UPDATE")
            .bind(tx.tenant())
            .fetch_one(tx.conn())
            .await?;
    row.try_into()
}

/// The account, if it was ever set or used.
pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<Account>, BillingError> {
    let row: Option<AccountRow> =
        sqlx::query_as("SELECT currency, exponent, time_zone FROM accounts WHERE tenant_id = $1")
            .bind(tx.tenant())
            .fetch_optional(tx.conn())
            .await?;
    row.map(Account::try_from).transpose()
}

/// Writes the locked account.
pub(crate) async fn save(tx: &mut TenantTx, account: &Account) -> Result<(), BillingError> {
    sqlx::query("UPDATE accounts SET currency = $2, exponent = $3, time_zone = $4 WHERE tenant_id = $1")
        .bind(tx.tenant())
        .bind(&account.currency)
        .bind(i16::try_from(account.exponent).unwrap_or_default())
        .bind(&account.zone_name)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether the account has any price.
pub(crate) async fn has_prices(tx: &mut TenantTx) -> Result<bool, BillingError> {
    let found: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM price_versions WHERE tenant_id = $1)")
        .bind(tx.tenant())
        .fetch_one(tx.conn())
        .await?;
    Ok(found)
}
