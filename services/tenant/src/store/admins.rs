//! Admins.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::AdminId;
use usher_store::{Error, OnConstraint as _, TenantTx, Time};
use uuid::Uuid;

use crate::admins::{Admin, AdminPermission};
use crate::error::TenantError;

#[derive(FromRow)]
struct AdminRow {
    admin_id: Uuid,
    email: String,
    password_hash: String,
    permissions: Vec<String>,
    created_at: Time,
    sessions_ended_at: Option<Time>,
}

impl From<AdminRow> for Admin {
    fn from(row: AdminRow) -> Self {
        Self {
            id: AdminId::from_uuid(row.admin_id),
            email: row.email,
            password_hash: row.password_hash,
            permissions: row.permissions.iter().filter_map(|name| AdminPermission::from_name(name)).collect(),
            created_at: row.created_at.0,
            sessions_ended_at: row.sessions_ended_at.map(|at| at.0),
        }
    }
}

fn names(admin: &Admin) -> Vec<String> {
    admin.permissions.iter().map(|permission| permission.as_str().to_owned()).collect()
}

pub(crate) async fn insert(tx: &mut TenantTx, admin: &Admin) -> Result<(), TenantError> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO admins (tenant_id, admin_id, email, email_key, password_hash, permissions, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant)
    .bind(admin.id.as_uuid())
    .bind(&admin.email)
    .bind(admin.email.to_lowercase())
    .bind(&admin.password_hash)
    .bind(names(admin))
    .bind(Time(admin.created_at))
    .execute(tx.conn())
    .await
    .on_constraint("admins_tenant_email_key", || TenantError::AlreadyExists {
        what: "admin",
        name: admin.email.clone(),
    })?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: AdminId) -> Result<Option<Admin>, Error> {
    let tenant = tx.tenant();
    let row: Option<AdminRow> = sqlx::query_as(
        "SELECT admin_id, email, password_hash, permissions, created_at, sessions_ended_at FROM admins
         WHERE tenant_id = $1 AND admin_id = $2",
    )
    .bind(tenant)
    .bind(id.as_uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Admin::from))
}

/// Finds an admin and locks the row until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: AdminId) -> Result<Option<Admin>, Error> {
    let tenant = tx.tenant();
    let row: Option<AdminRow> = sqlx::query_as(
        "SELECT admin_id, email, password_hash, permissions, created_at, sessions_ended_at FROM admins
         WHERE tenant_id = $1 AND admin_id = $2 FOR UPDATE",
    )
    .bind(tenant)
    .bind(id.as_uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Admin::from))
}

pub(crate) async fn find_by_email(tx: &mut TenantTx, email: &str) -> Result<Option<Admin>, Error> {
    let tenant = tx.tenant();
    let row: Option<AdminRow> = sqlx::query_as(
        "SELECT admin_id, email, password_hash, permissions, created_at, sessions_ended_at FROM admins
         WHERE tenant_id = $1 AND email_key = $2",
    )
    .bind(tenant)
    .bind(email.to_lowercase())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Admin::from))
}

pub(crate) async fn list(tx: &mut TenantTx) -> Result<Vec<Admin>, Error> {
    let tenant = tx.tenant();
    let rows: Vec<AdminRow> = sqlx::query_as(
        "SELECT admin_id, email, password_hash, permissions, created_at, sessions_ended_at FROM admins
         WHERE tenant_id = $1 ORDER BY email_key",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Admin::from).collect())
}

/// The number of admins.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, Error> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar("SELECT count(*) FROM admins WHERE tenant_id = $1")
        .bind(tenant)
        .fetch_one(tx.conn())
        .await?)
}

/// All admins by id, each locked until the transaction ends, so that a check of all of them stays valid.
pub(crate) async fn lock_all(tx: &mut TenantTx) -> Result<Vec<Admin>, Error> {
    let tenant = tx.tenant();
    let rows: Vec<AdminRow> = sqlx::query_as(
        "SELECT admin_id, email, password_hash, permissions, created_at, sessions_ended_at FROM admins
         WHERE tenant_id = $1 ORDER BY admin_id FOR UPDATE",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Admin::from).collect())
}

pub(crate) async fn set_permissions(tx: &mut TenantTx, admin: &Admin) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("UPDATE admins SET permissions = $3 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(tenant)
        .bind(admin.id.as_uuid())
        .bind(names(admin))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn set_password(tx: &mut TenantTx, id: AdminId, hash: &str) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("UPDATE admins SET password_hash = $3 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(tenant)
        .bind(id.as_uuid())
        .bind(hash)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn end_sessions(tx: &mut TenantTx, id: AdminId, now: Timestamp) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("UPDATE admins SET sessions_ended_at = $3 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(tenant)
        .bind(id.as_uuid())
        .bind(Time(now))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: AdminId) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("DELETE FROM admins WHERE tenant_id = $1 AND admin_id = $2")
        .bind(tenant)
        .bind(id.as_uuid())
        .execute(tx.conn())
        .await?;
    Ok(())
}
