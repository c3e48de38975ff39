//! Users. Each hot path is one statement, which calls a function of migration 0004.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use usher_base::CallContext;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_scim::user::{UserType, display_name, emails, work_emails};
use usher_scim::{Object, fold, user_name_key};
use usher_seats::Pool;
use usher_store::{Error, OnConstraint as _, ScopedDatabase, Statement, TenantTx, Time};
use uuid::Uuid;

use crate::change::{Cause, ChangeKind};
use crate::error::IdentityError;
use crate::query::Probe;
use crate::store::MAX_LIST_TIME;
use crate::store::filter::{Table, canonical_uuid};
use crate::store::listing::{self, Listing};
use crate::store::memberships::{self, Membership};
use crate::user::{Attributes, User};

/// SQLSTATE of `append_change` if no seat is free.
const NO_SEAT: &str = "US001";
/// The same, if the at-limit policy is to give a free seat instead.
const DEGRADE: &str = "US002";

#[derive(FromRow)]
struct UserRow {
    user_id: Uuid,
    user_name: String,
    external_id: Option<String>,
    active: bool,
    user_type: UserType,
    connection: String,
    resource: Json<Object>,
    provenance: Json<Object>,
    version: i64,
    person_key: Uuid,
    created_at: Time,
    updated_at: Time,
    #[sqlx(default)]
    groups: Option<Vec<Membership>>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow {
            user_id,
            user_name,
            external_id,
            active,
            user_type,
            connection,
            resource,
            provenance,
            version,
            person_key,
            created_at,
            updated_at,
            groups,
        } = row;
        Self {
            id: UserId::from_uuid(user_id),
            attributes: Attributes { user_name, external_id, active, user_type, rest: resource.0 },
            provenance: provenance.0,
            connection,
            groups: groups.map(memberships::values).unwrap_or_default(),
            version,
            degraded: false,
            person: PersonKey::from_uuid(person_key),
            created_at: created_at.0,
            updated_at: updated_at.0,
        }
    }
}

/// A write of a user, and its change log entry.
pub(crate) struct Write<'a> {
    pub(crate) user: &'a User,
    pub(crate) attributes: Vec<String>,
    pub(crate) actor: String,
    pub(crate) request_id: &'a str,
    pub(crate) event: EventId,
    pub(crate) now: Timestamp,
}

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    Done,
    /// Another user has the name.
    Taken,
    /// The document matches an inactive user.
    Inactive(UserId),
    /// Somebody changed or deleted the user since it was read.
    Stale,
}

/// The outcome of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Done,
    Stale,
    Absent,
    /// A lock conflict; try again.
    Again,
}

/// A pool without a free seat.
#[derive(Clone, Debug)]
pub(crate) struct SeatLimitHit {
    pub(crate) pool: Pool,
    pub(crate) limit: i64,
    pub(crate) in_use: i64,
}

impl SeatLimitHit {
    /// From the detail of `append_change`: pool, seats in use, limit.
    fn read(detail: &str) -> Result<Self, Error> {
        let mut words = detail.split(' ');
        let mut read = || {
            let pool = words.next()?.parse().ok()?;
            let in_use = words.next()?.parse().ok()?;
            Some(Self { pool, in_use, limit: words.next()?.parse().ok()? })
        };
        read().ok_or_else(|| Error::Corrupt(format!("append_change refused a seat: {detail:?}")))
    }
}

/// Why the database refused a write.
pub(crate) enum WriteFault {
    NoSeat(SeatLimitHit),
    /// No paid seat is free, and the policy is to give a free one.
    Degrade,
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
    pub(crate) fn into_error(self, workspace: &str, user_type: UserType) -> IdentityError {
        match self {
            Self::NoSeat(SeatLimitHit { pool: Pool::Collaborator, limit, in_use }) => {
                IdentityError::CollaboratorLimitReached { workspace: workspace.to_owned(), limit, in_use }
            }
            Self::NoSeat(SeatLimitHit { limit, in_use, .. }) => {
                IdentityError::SeatLimitReached { workspace: workspace.to_owned(), user_type, limit, in_use }
            }
            // The caller writes again with the free seat.
            Self::Degrade => IdentityError::Contended,
            Self::Taken => IdentityError::UserNameTaken(String::new()),
            Self::Store(error) => error.into(),
        }
    }
}

/// The user with this id.
pub(crate) async fn find(
    database: &ScopedDatabase,
    id: UserId,
    with_groups: bool,
) -> Result<Option<User>, Error> {
    Ok(named(database, "id", id.to_string(), with_groups).await?.pop())
}

/// The maximum number of users that a probe returns.
const MAX_PROBED: usize = 200;

/// The users that an index finds, oldest first. `None` if they are so many that a page is cheaper.
pub(crate) async fn probe(
    database: &ScopedDatabase,
    probe: &Probe,
    with_groups: bool,
) -> Result<Option<Vec<User>>, Error> {
    let (by, key) = match probe {
        Probe::Id(id) => match canonical_uuid(id) {
            Some(id) => ("id", id.to_string()),
            None => return Ok(Some(Vec::new())),
        },
        Probe::Ids(ids) => {
            let ids: Vec<Uuid> = ids.iter().copied().collect();
            let mut tx = database.begin().await?;
            let users = in_order(&mut tx, &ids, with_groups).await?;
            tx.commit().await?;
            return Ok(Some(users));
        }
        Probe::UserName(key) => ("user_name", key.clone()),
        Probe::ExternalId(id) => ("external_id", id.clone()),
        Probe::WorkEmail(key) => ("work_email", key.clone()),
        Probe::Email(key) => ("email", key.clone()),
        Probe::DisplayName(key) => ("display_name", key.clone()),
    };
    Ok(Some(named(database, by, key, with_groups).await?).filter(|users| users.len() <= MAX_PROBED))
}

async fn named(
    database: &ScopedDatabase,
    by: &'static str,
    key: String,
    with_groups: bool,
) -> Result<Vec<User>, Error> {
    let query = database
        .statement::<UserRow>("SELECT (found).*, groups FROM look_up_users($1, $2, $3, $4)")
        .bind(by)
        .bind(key)
        .bind(with_groups);
    let mut rows = query.fetch_all().await?;
    rows.sort_unstable_by_key(|row| row.user_id);
    Ok(rows.into_iter().map(User::from).collect())
}

pub(crate) async fn page(
    database: &ScopedDatabase,
    listing: &Listing<'_>,
    with_groups: bool,
) -> Result<(Vec<User>, listing::Page), Error> {
    let mut tx = database.scan(MAX_LIST_TIME).await?;
    let page = listing.read(&mut tx, Table::Users).await?;
    let users = in_order(&mut tx, &page.ids, with_groups).await?;
    tx.commit().await?;
    Ok((users, page))
}

/// The users with these ids, in this order.
async fn in_order(tx: &mut TenantTx, ids: &[Uuid], with_groups: bool) -> Result<Vec<User>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT user_id, user_name, external_id, active, user_type, connection, resource, provenance, version,
         person_key, created_at, updated_at
       FROM users WHERE tenant_id = $1 AND user_id = ANY ($2)";
    let found: Vec<UserRow> = sqlx::query_as(sql).bind(tx.tenant()).bind(ids).fetch_all(tx.conn()).await?;
    let mut rows: HashMap<Uuid, UserRow> = found.into_iter().map(|row| (row.user_id, row)).collect();
    if with_groups {
        for (user, memberships) in memberships::list(tx, ids).await? {
            if let Some(row) = rows.get_mut(&user) {
                row.groups = Some(memberships);
            }
        }
    }
    Ok(ids.iter().filter_map(|id| rows.remove(id)).map(User::from).collect())
}

/// Which existing users the document of a new user may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Whether it may match an inactive user.
    pub(crate) revive: bool,
    /// Whether the client's ids are never given to another person, so that the id alone is sufficient.
    pub(crate) stable: bool,
}

/// Creates a user, unless the document matches an inactive one.
pub(crate) async fn create(
    database: &ScopedDatabase,
    write: &Write<'_>,
    meaning: Meaning,
) -> Result<WriteOutcome, WriteFault> {
    let sql = "SELECT outcome, match FROM create_user($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
    outcome(columns(database.statement(sql), write).bind(meaning.revive).bind(meaning.stable)).await
}

/// Writes a user if its version is still the one that was read. `was` is the seat that it used then.
pub(crate) async fn update(
    database: &ScopedDatabase,
    write: &Write<'_>,
    was: Option<UserType>,
    kind: ChangeKind,
    cause: Cause,
) -> Result<WriteOutcome, WriteFault> {
    let sql = "SELECT outcome, match FROM update_user($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
    let query = columns(database.statement(sql), write)
        .bind(write.user.version - 1)
        .bind(was)
        .bind(kind as i16)
        .bind(cause.as_str());
    outcome(query).await
}

type Outcome = (String, Option<Uuid>);

/// Binds the parameters that creation and update share.
fn columns(query: Statement<Outcome>, write: &Write<'_>) -> Statement<Outcome> {
    let user = write.user;
    let attributes = &user.attributes;
    query
        .bind(user.id.as_uuid())
        .bind(Time(write.now))
        .bind(attributes.user_name.clone())
        .bind(user_name_key(&attributes.user_name))
        .bind(attributes.external_id.clone())
        .bind(attributes.active)
        .bind(attributes.user_type)
        .bind(display_name(&attributes.rest).map(fold))
        .bind(work_emails(&attributes.rest).next().map(fold))
        .bind(work_emails(&attributes.rest).nth(1).is_some())
        .bind(emails(&attributes.rest) > usize::from(work_emails(&attributes.rest).next().is_some()))
        .bind(Json(Value::Object(attributes.rest.clone())))
        .bind(Json(Value::Object(user.provenance.clone())))
        .bind(write.attributes.clone())
        .bind(write.actor.clone())
        .bind(write.request_id.to_owned())
        .bind(write.event.as_uuid())
        .bind(user.person.as_uuid())
        .bind(user.connection.clone())
}

/// Whether a write was rolled back because of another one, or refers to something that was deleted in the meantime: a
/// deadlock, or a foreign key.
pub(super) fn lost_a_race(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40P01" | "40001" | "23503"))
}

async fn outcome(query: Statement<Outcome>) -> Result<WriteOutcome, WriteFault> {
    let result = query.fetch_one().await;
    if let Err(sqlx::Error::Database(error)) = &result {
        match error.code().as_deref() {
            Some(NO_SEAT) => {
                let error = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
                let detail = error.and_then(|error| error.detail()).unwrap_or_default();
                return Err(WriteFault::NoSeat(SeatLimitHit::read(detail)?));
            }
            Some(DEGRADE) => return Err(WriteFault::Degrade),
            _ => {}
        }
    }
    if result.as_ref().is_err_and(lost_a_race) {
        return Ok(WriteOutcome::Stale);
    }
    match result.on_constraint("users_tenant_user_name_key", || WriteFault::Taken) {
        Ok((outcome, found)) => Ok(match (outcome.as_str(), found) {
            ("inactive", Some(id)) => WriteOutcome::Inactive(UserId::from_uuid(id)),
            ("user_name_taken" | "inactive", _) => WriteOutcome::Taken,
            ("stale", _) => WriteOutcome::Stale,
            _ => WriteOutcome::Done,
        }),
        Err(WriteFault::Taken) => Ok(WriteOutcome::Taken),
        Err(fault) => Err(fault),
    }
}

/// Deletes a user, if it has one of the versions, or if none are given.
pub(crate) async fn delete(
    database: &ScopedDatabase,
    id: UserId,
    ctx: &CallContext,
    versions: &[i64],
    event: EventId,
) -> Result<Deleted, Error> {
    let result: Result<(String,), sqlx::Error> = database
        .statement("SELECT outcome FROM delete_user($1, $2, $3, $4, $5, $6, $7)")
        .bind(id.as_uuid())
        .bind(Time(ctx.now()))
        .bind(versions.to_vec())
        .bind(ctx.actor().to_string())
        .bind(ctx.request_id().to_owned())
        .bind(event.as_uuid())
        .fetch_one()
        .await;
    let outcome = match result {
        Err(error) if lost_a_race(&error) => return Ok(Deleted::Again),
        result => result?.0,
    };
    Ok(match outcome.as_str() {
        "deleted" => Deleted::Done,
        "stale" => Deleted::Stale,
        _ => Deleted::Absent,
    })
}

/// The users, including inactive ones, the oldest first. Their ids sort by creation time.
pub(crate) async fn oldest(database: &ScopedDatabase, max: i64) -> Result<Vec<UserId>, Error> {
    let mut tx = database.begin().await?;
    let ids: Vec<Uuid> =
        sqlx::query_scalar(
            "SELECT user_id FROM users WHERE tenant_id = $1 AND created_at > '-infinity' ORDER BY user_id LIMIT $2",
        )
        .bind(tx.tenant())
        .bind(max)
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(ids.into_iter().map(UserId::from_uuid).collect())
}
