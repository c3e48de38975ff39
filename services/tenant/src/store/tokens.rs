//! Tokens.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::{AppId, TokenId};
use usher_store::{Error, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

use crate::keyring::KeyedMac;
use crate::secrets::Protected;
use crate::tokens::Token;

#[derive(FromRow)]
struct TokenRow {
    token_id: Uuid,
    app_id: Uuid,
    name: String,
    lookup_id: String,
    created_at: Time,
    expires_at: Option<Time>,
    revoked_at: Option<Time>,
    last_used_at: Option<Time>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: TokenId::from_uuid(row.token_id),
            app: AppId::from_uuid(row.app_id),
            name: row.name,
            lookup_id: row.lookup_id,
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|at| at.0),
            revoked_at: row.revoked_at.map(|at| at.0),
            last_used_at: row.last_used_at.map(|at| at.0),
        }
    }
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    token: &Token,
    protected: &Protected,
    by: &str,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO tokens (tenant_id, token_id, app_id, name, lookup_id, hash, created_at, created_by, expires_at,
           mac, mac_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(tenant)
    .bind(token.id.as_uuid())
    .bind(token.app.as_uuid())
    .bind(&token.name)
    .bind(&token.lookup_id)
    .bind(&protected.hash)
    .bind(Time(token.created_at))
    .bind(by)
    .bind(token.expires_at.map(Time))
    .bind(protected.mac.as_ref().map(|mac| &mac.mac))
    .bind(protected.mac.as_ref().map(|mac| &mac.key))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The number of tokens of an app that are neither revoked nor expired.
pub(crate) async fn count_live(tx: &mut TenantTx, app: AppId, now: Timestamp) -> Result<i64, Error> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM tokens WHERE tenant_id = $1 AND app_id = $2 AND revoked_at IS NULL
         AND (expires_at IS NULL OR expires_at > $3)",
    )
    .bind(tenant)
    .bind(app.as_uuid())
    .bind(Time(now))
    .fetch_one(tx.conn())
    .await?)
}

/// An app's tokens, newest first. The query sorts after the selection, so that no plan reads all tokens in order.
pub(crate) async fn list(tx: &mut TenantTx, app: AppId) -> Result<Vec<Token>, Error> {
    let tenant = tx.tenant();
    let rows: Vec<TokenRow> = sqlx::query_as(
        "SELECT * FROM (
           SELECT token_id, app_id, name, lookup_id, created_at, expires_at, revoked_at, last_used_at FROM tokens
           WHERE tenant_id = $1 AND app_id = $2 OFFSET 0
         ) found ORDER BY token_id DESC",
    )
    .bind(tenant)
    .bind(app.as_uuid())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Token::from).collect())
}

/// Revokes a token. Returns `None` if it does not exist, and `false` if it was revoked before.
pub(crate) async fn revoke(tx: &mut TenantTx, id: TokenId, now: Timestamp) -> Result<Option<bool>, Error> {
    let tenant = tx.tenant();
    let revoked: Option<Option<Time>> =
        sqlx::query_scalar("SELECT revoked_at FROM tokens WHERE tenant_id = $1 AND token_id = $2 FOR UPDATE")
            .bind(tenant)
            .bind(id.as_uuid())
            .fetch_optional(tx.conn())
            .await?;
    let Some(revoked) = revoked else { return Ok(None) };
    if revoked.is_some() {
        return Ok(Some(false));
    }
    sqlx::query("UPDATE tokens SET revoked_at = $3 WHERE tenant_id = $1 AND token_id = $2")
        .bind(tenant)
        .bind(id.as_uuid())
        .bind(Time(now))
        .execute(tx.conn())
        .await?;
    Ok(Some(true))
}

/// Revokes all tokens of an app.
pub(crate) async fn revoke_all(tx: &mut TenantTx, app: AppId, now: Timestamp) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "UPDATE tokens SET revoked_at = $3 WHERE tenant_id = $1 AND app_id = $2 AND revoked_at IS NULL",
    )
    .bind(tenant)
    .bind(app.as_uuid())
    .bind(Time(now))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A token and the properties of its workspace, as a token check needs them.
#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column with its own meaning")]
pub(crate) struct Checked {
    pub(crate) token_id: Uuid,
    pub(crate) app_id: Uuid,
    #[sqlx(flatten)]
    pub(crate) protected: Protected,
    pub(crate) expires_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) slug: String,
    pub(crate) suspended: bool,
    pub(crate) scim: bool,
    pub(crate) policy_version: i64,
    pub(crate) strict: bool,
    pub(crate) external_id_stable: bool,
}

/// Finds a token, in one round trip.
pub(crate) async fn find(database: &ScopedDatabase, lookup_id: &str) -> Result<Option<Checked>, Error> {
    database.statement("SELECT * FROM check_token($1, $2)").bind(lookup_id.to_owned()).fetch_optional().await
}

/// Records that a token was used, and its new MAC if there is one.
pub(crate) async fn touch(
    database: &ScopedDatabase,
    id: TokenId,
    mac: Option<KeyedMac>,
    now: Timestamp,
) -> Result<(), Error> {
    let (key, mac) = mac.map(|mac| (mac.key, mac.mac)).unzip();
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    sqlx::query(
        "UPDATE tokens SET last_used_at = $3, mac = coalesce($4, mac), mac_key = coalesce($5, mac_key)
         WHERE tenant_id = $1 AND token_id = $2",
    )
    .bind(tenant)
    .bind(id.as_uuid())
    .bind(Time(now))
    .bind(mac)
    .bind(key)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
