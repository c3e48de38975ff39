//! Users. The hot paths are one statement each: functions of migration 0003.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, Postgres, QueryBuilder};
use usher_base::CallContext;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_scim::Object;
use usher_scim::user::{UserType, display_name, work_email};
use usher_store::{Error, OnConstraint as _, ScopedDatabase, Statement, Time};
use uuid::Uuid;

use crate::change::{Cause, ChangeKind};
use crate::error::UserError;
use crate::lookup::Probe;
use crate::policy::Policy;
use crate::user::{Attributes, User, key};
use crate::users::Page;

/// SQLSTATE of `append_change` when no seat is free.
const NO_SEAT: &str = "US001";

#[derive(FromRow)]
struct UserRow {
    user_id: Uuid,
    user_name: String,
    external_id: Option<String>,
    active: bool,
    user_type: String,
    resource: Json<Object>,
    provenance: Json<Object>,
    version: i64,
    person_key: Uuid,
    created_at: Time,
    updated_at: Time,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow {
            user_id,
            user_name,
            external_id,
            active,
            user_type,
            resource,
            provenance,
            version,
            person_key,
            created_at,
            updated_at,
        } = row;
        Self {
            id: UserId::from_uuid(user_id),
            attributes: Attributes {
                user_name,
                external_id,
                active,
                user_type: user_type.parse().unwrap_or_default(),
                rest: resource.0,
            },
            provenance: provenance.0,
            version,
            person: PersonKey::from_uuid(person_key),
            created_at: created_at.0,
            updated_at: updated_at.0,
        }
    }
}

/// A write of a user, with what the log says about it.
pub(crate) struct Write<'a> {
    pub(crate) user: &'a User,
    pub(crate) attributes: Vec<String>,
    pub(crate) actor: String,
    pub(crate) request_id: &'a str,
    pub(crate) event: EventId,
    pub(crate) seat_limit: Option<i64>,
    pub(crate) now: Timestamp,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    /// Another user has the name.
    Taken,
    /// Somebody wrote the user since it was read, or deleted it.
    Stale,
}

/// How a deletion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Done,
    Stale,
    Absent,
}

/// Why a write was refused by the database.
pub(crate) enum WriteFault {
    NoSeat { limit: i64, in_use: i64 },
    Taken,
    Store(Error),
}

impl From<Error> for WriteFault {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl WriteFault {
    /// The error for the caller, with the workspace's name.
    pub(crate) fn told(self, policy: &Policy) -> UserError {
        match self {
            Self::NoSeat { limit, in_use } => {
                UserError::SeatLimitReached { workspace: policy.slug.clone(), limit, in_use }
            }
            Self::Taken => UserError::UserNameTaken(String::new()),
            Self::Store(error) => UserError::Store(error),
        }
    }
}

/// The user with this id.
pub(crate) async fn find(database: &ScopedDatabase, id: UserId) -> Result<Option<User>, Error> {
    let query = database.statement::<UserRow>("SELECT * FROM find_user($1, $2)").bind(id.as_uuid());
    Ok(query.fetch_optional().await?.map(User::from))
}

/// The users that an index finds, oldest first.
pub(crate) async fn probe(database: &ScopedDatabase, probe: &Probe) -> Result<Vec<User>, UserError> {
    let by = |sql: &'static str, text: &str| database.statement::<UserRow>(sql).bind(text.to_owned());
    let query = match probe {
        Probe::Id(id) => {
            return match id.parse() {
                Ok(id) => Ok(find(database, id).await?.into_iter().collect()),
                Err(_) => Ok(Vec::new()),
            };
        }
        Probe::UserName(key) => by("SELECT * FROM find_users_by_user_name($1, $2)", key),
        Probe::ExternalId(id) => by("SELECT * FROM find_users_by_external_id($1, $2)", id),
        Probe::WorkEmail(key) => by("SELECT * FROM find_users_by_work_email($1, $2)", key),
        Probe::DisplayName(key) => by("SELECT * FROM find_users_by_display_name($1, $2)", key),
    };
    Ok(query.fetch_all().await?.into_iter().map(User::from).collect())
}

/// What a page is limited to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) active: Option<bool>,
}

/// A counted page, oldest first.
pub(crate) async fn page(
    database: &ScopedDatabase,
    conditions: &Conditions,
    offset: i64,
    count: i32,
) -> Result<Page, UserError> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    let select = |columns: &'static str| {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(columns).push(" FROM users WHERE tenant_id = ").push_bind(tenant);
        if let Some(active) = conditions.active {
            query.push(" AND active = ").push_bind(active);
        }
        query
    };
    let total: i64 =
        select("count(*)").build_query_scalar().fetch_one(tx.conn()).await.map_err(Error::from)?;
    let mut users = Vec::new();
    if count > 0 && offset < total {
        let mut query = select("*");
        query.push(" ORDER BY user_id OFFSET ").push_bind(offset).push(" LIMIT ").push_bind(count);
        let rows: Vec<UserRow> = query.build_query_as().fetch_all(tx.conn()).await.map_err(Error::from)?;
        users = rows.into_iter().map(User::from).collect();
    }
    tx.commit().await?;
    Ok(Page { users, total })
}

/// Creates a user.
pub(crate) async fn create(database: &ScopedDatabase, write: &Write<'_>) -> Result<Written, WriteFault> {
    let sql = "SELECT outcome FROM create_user($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    outcome(columns(database.statement(sql), write), write).await
}

/// Writes a user over the version it was read at; `was` is the seat it took then.
pub(crate) async fn update(
    database: &ScopedDatabase,
    write: &Write<'_>,
    was: Option<UserType>,
    kind: ChangeKind,
    cause: Cause,
) -> Result<Written, WriteFault> {
    let sql = "SELECT outcome FROM update_user($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
    let query = columns(database.statement(sql), write)
        .bind(write.user.version - 1)
        .bind(was.map(UserType::as_str))
        .bind(kind as i16)
        .bind(cause.as_str());
    outcome(query, write).await
}

/// The parameters that creation and update share, in their order.
fn columns(query: Statement<(String,)>, write: &Write<'_>) -> Statement<(String,)> {
    let user = write.user;
    let attributes = &user.attributes;
    query
        .bind(user.id.as_uuid())
        .bind(Time(write.now))
        .bind(attributes.user_name.clone())
        .bind(key(&attributes.user_name))
        .bind(attributes.external_id.clone())
        .bind(attributes.active)
        .bind(attributes.user_type.as_str())
        .bind(display_name(&attributes.rest).map(key))
        .bind(work_email(&attributes.rest).map(key))
        .bind(Json(Value::Object(attributes.rest.clone())))
        .bind(Json(Value::Object(user.provenance.clone())))
        .bind(write.attributes.clone())
        .bind(write.actor.clone())
        .bind(write.request_id.to_owned())
        .bind(write.event.as_uuid())
        .bind(user.person.as_uuid())
        .bind(write.seat_limit)
}

async fn outcome(query: Statement<(String,)>, write: &Write<'_>) -> Result<Written, WriteFault> {
    let result = query.fetch_one().await;
    if let Err(sqlx::Error::Database(error)) = &result
        && error.code().as_deref() == Some(NO_SEAT)
    {
        let detail =
            error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().and_then(|error| error.detail());
        let in_use = detail.and_then(|detail| detail.parse().ok()).unwrap_or_default();
        return Err(WriteFault::NoSeat { limit: write.seat_limit.unwrap_or_default(), in_use });
    }
    match result.on_constraint("users_tenant_user_name_key", || WriteFault::Taken) {
        Ok((outcome,)) => Ok(match outcome.as_str() {
            "user_name_taken" => Written::Taken,
            "stale" => Written::Stale,
            _ => Written::Done,
        }),
        Err(WriteFault::Taken) => Ok(Written::Taken),
        Err(fault) => Err(fault),
    }
}

/// Deletes a user, if it has one of the versions where any are given.
pub(crate) async fn delete(
    database: &ScopedDatabase,
    id: UserId,
    ctx: &CallContext,
    versions: &[i64],
    event: EventId,
) -> Result<Deleted, Error> {
    let (outcome,): (String,) = database
        .statement("SELECT outcome FROM delete_user($1, $2, $3, $4, $5, $6, $7)")
        .bind(id.as_uuid())
        .bind(Time(ctx.now()))
        .bind(versions.to_vec())
        .bind(ctx.actor().to_string())
        .bind(ctx.request_id().to_owned())
        .bind(event.as_uuid())
        .fetch_one()
        .await?;
    Ok(match outcome.as_str() {
        "deleted" => Deleted::Done,
        "stale" => Deleted::Stale,
        _ => Deleted::Absent,
    })
}
