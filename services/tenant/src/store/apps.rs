//! Apps.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::AppId;
use usher_store::{Error, OnConstraint as _, TenantTx, Time};
use uuid::Uuid;

use crate::apps::{App, Reading};
use crate::error::TenantError;

#[derive(FromRow)]
struct AppRow {
    app_id: Uuid,
    name: String,
    description: String,
    created_at: Time,
    strict: bool,
    external_id_stable: bool,
}

impl From<AppRow> for App {
    fn from(row: AppRow) -> Self {
        let AppRow { app_id, name, description, created_at, strict, external_id_stable } = row;
        let (id, created_at) = (AppId::from_uuid(app_id), created_at.0);
        Self { id, name, description, created_at, strict, external_id_stable }
    }
}

pub(crate) async fn insert(tx: &mut TenantTx, app: &App, by: &str) -> Result<(), TenantError> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO apps (tenant_id, app_id, name, name_key, description, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant)
    .bind(app.id.as_uuid())
    .bind(&app.name)
    .bind(app.name.to_lowercase())
    .bind(&app.description)
    .bind(Time(app.created_at))
    .bind(by)
    .execute(tx.conn())
    .await
    .on_constraint("apps_tenant_name_key", || TenantError::AlreadyExists {
        what: "app",
        name: app.name.clone(),
    })?;
    Ok(())
}

pub(crate) async fn list(tx: &mut TenantTx) -> Result<Vec<App>, Error> {
    let tenant = tx.tenant();
    let rows: Vec<AppRow> = sqlx::query_as(
        "SELECT app_id, name, description, created_at, strict, external_id_stable FROM apps
         WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY name_key",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(App::from).collect())
}

/// The number of apps.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, Error> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar("SELECT count(*) FROM apps WHERE tenant_id = $1 AND deleted_at IS NULL")
        .bind(tenant)
        .fetch_one(tx.conn())
        .await?)
}

/// Sets how an app's requests are read. Returns `None` if there is no such app.
pub(crate) async fn update(tx: &mut TenantTx, id: AppId, reading: Reading) -> Result<Option<App>, Error> {
    let tenant = tx.tenant();
    let row: Option<AppRow> = sqlx::query_as(
        "UPDATE apps SET strict = coalesce($3, strict), external_id_stable = coalesce($4, external_id_stable)
         WHERE tenant_id = $1 AND app_id = $2 AND deleted_at IS NULL
         RETURNING app_id, name, description, created_at, strict, external_id_stable",
    )
    .bind(tenant)
    .bind(id.as_uuid())
    .bind(reading.strict)
    .bind(reading.external_id_stable)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(App::from))
}

/// Whether an app exists.
pub(crate) async fn exists(tx: &mut TenantTx, id: AppId) -> Result<bool, Error> {
    let tenant = tx.tenant();
    let found: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM apps WHERE tenant_id = $1 AND app_id = $2 AND deleted_at IS NULL")
            .bind(tenant)
            .bind(id.as_uuid())
            .fetch_optional(tx.conn())
            .await?;
    Ok(found.is_some())
}

/// Whether an app exists. It can't be deleted until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: AppId) -> Result<bool, Error> {
    let tenant = tx.tenant();
    let found: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM apps WHERE tenant_id = $1 AND app_id = $2 AND deleted_at IS NULL FOR UPDATE",
    )
    .bind(tenant)
    .bind(id.as_uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.is_some())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: AppId, now: Timestamp) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("UPDATE apps SET deleted_at = $3 WHERE tenant_id = $1 AND app_id = $2")
        .bind(tenant)
        .bind(id.as_uuid())
        .bind(Time(now))
        .execute(tx.conn())
        .await?;
    Ok(())
}
