//! Groups. Each write is one statement, which calls a function of migration 0005.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::FromRow;
use usher_base::CallContext;
use usher_base::id::GroupId;
use usher_scim::fold;
use usher_store::{Error, OnConstraint as _, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

use super::MAX_LIST_TIME;
use super::filter::{Table, canonical_uuid};
use super::listing::{self, Listing};
use super::users::lost_a_race;
use crate::error::IdentityError;
use crate::group::Group;
use crate::query::Probe;

#[derive(FromRow)]
struct GroupRow {
    group_id: Uuid,
    display_name: String,
    external_id: Option<String>,
    connection: String,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<GroupRow> for Group {
    fn from(row: GroupRow) -> Self {
        let GroupRow { group_id, display_name, external_id, connection, version, created_at, updated_at } =
            row;
        Self {
            id: GroupId::from_uuid(group_id),
            display_name,
            external_id,
            connection,
            version,
            created_at: created_at.0,
            updated_at: updated_at.0,
            members: Vec::new(),
        }
    }
}

#[derive(FromRow)]
struct MemberRow {
    group_id: Uuid,
    member_id: Uuid,
    display: Option<String>,
    kind: String,
}

/// A group after a write. All columns are NULL if the write found no group.
#[derive(FromRow)]
struct WrittenRow {
    outcome: String,
    group_id: Option<Uuid>,
    display_name: Option<String>,
    external_id: Option<String>,
    connection: Option<String>,
    version: Option<i64>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
}

impl WrittenRow {
    fn group(self) -> Option<Group> {
        Some(Group::from(GroupRow {
            group_id: self.group_id?,
            display_name: self.display_name?,
            external_id: self.external_id,
            connection: self.connection?,
            version: self.version?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
        }))
    }
}

/// A write of a group.
pub(crate) struct Write<'a> {
    pub(crate) id: GroupId,
    /// Only if the group has one of these versions; empty means any.
    pub(crate) versions: &'a [i64],
    /// All attributes, if any of them changes.
    pub(crate) attributes: Option<Attributes<'a>>,
    pub(crate) members: &'a Members,
}

/// A group's attributes.
pub(crate) struct Attributes<'a> {
    pub(crate) display_name: &'a str,
    pub(crate) external_id: Option<&'a str>,
    /// The connection after the write.
    pub(crate) connection: &'a str,
    /// The paths that changed.
    pub(crate) paths: Vec<String>,
}

/// The new members, and the client's name for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewMembers {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) displays: Vec<Option<String>>,
}

/// A change of members.
pub(crate) struct Members {
    /// Removes all members except those in `add`.
    pub(crate) clear: bool,
    pub(crate) add: NewMembers,
    pub(crate) remove: Vec<Uuid>,
}

/// The outcome of a write.
pub(crate) enum WriteOutcome {
    Done(Group),
    /// Another group has the name.
    Taken,
    /// Somebody changed the group since it was read.
    Stale,
    Absent,
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

/// SQLSTATEs of `add_members`, with the ids in the error's detail.
const UNKNOWN_MEMBERS: &str = "US002";
const CIRCULAR_MEMBERS: &str = "US003";
const NESTED_TOO_DEEP: &str = "US011";
const TOO_MANY_NESTED: &str = "US012";
/// The maximum number of groups that a probe returns.
const MAX_PROBED: usize = 200;
/// The usual page size of an identity provider. In larger pages, the first groups may have all the members that fit.
const COUNTED_AT_ONCE: usize = 100;

enum Fault {
    Taken,
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// The group with this id, without members.
pub(crate) async fn find(database: &ScopedDatabase, id: GroupId) -> Result<Option<Group>, Error> {
    Ok(named(database, "id", id.to_string()).await?.pop())
}

/// The groups that an index finds, oldest first and without members. `None` if a page is cheaper.
pub(crate) async fn probe(database: &ScopedDatabase, probe: &Probe) -> Result<Option<Vec<Group>>, Error> {
    let (by, key) = match probe {
        Probe::Id(id) => match canonical_uuid(id) {
            Some(id) => ("id", id.to_string()),
            None => return Ok(Some(Vec::new())),
        },
        Probe::Ids(ids) => {
            let ids: Vec<Uuid> = ids.iter().copied().collect();
            let mut tx = database.begin().await?;
            let groups = in_order(&mut tx, &ids).await?;
            tx.commit().await?;
            return Ok(Some(groups));
        }
        Probe::DisplayName(key) => ("display_name", key.clone()),
        Probe::ExternalId(id) => ("external_id", id.clone()),
        Probe::UserName(_) | Probe::WorkEmail(_) | Probe::Email(_) => return Ok(None),
    };
    Ok(Some(named(database, by, key).await?).filter(|groups| groups.len() <= MAX_PROBED))
}

async fn named(database: &ScopedDatabase, by: &'static str, key: String) -> Result<Vec<Group>, Error> {
    let query = database.statement::<GroupRow>("SELECT * FROM find_groups($1, $2, $3)").bind(by).bind(key);
    let mut rows = query.fetch_all().await?;
    rows.sort_unstable_by_key(|row| row.group_id);
    Ok(rows.into_iter().map(Group::from).collect())
}

/// A page, without members.
pub(crate) async fn page(
    database: &ScopedDatabase,
    listing: &Listing<'_>,
) -> Result<(Vec<Group>, listing::Page), Error> {
    let mut tx = database.scan(MAX_LIST_TIME).await?;
    let page = listing.read(&mut tx, Table::Groups).await?;
    let groups = in_order(&mut tx, &page.ids).await?;
    tx.commit().await?;
    Ok((groups, page))
}

/// The groups with these ids, in this order.
async fn in_order(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Group>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<GroupRow> = sqlx::query_as(
        "SELECT group_id, display_name, external_id, connection, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND group_id = ANY ($2)",
    )
    .bind(tx.tenant())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let mut rows: HashMap<Uuid, GroupRow> = found.into_iter().map(|row| (row.group_id, row)).collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).map(Group::from).collect())
}

/// The number of members of each group, in this order. If they have more than `max` in total, the last ones are
/// counted only partially.
pub(crate) async fn count_members(
    database: &ScopedDatabase,
    groups: &[Group],
    max: usize,
) -> Result<Vec<usize>, Error> {
    let ids: Vec<Uuid> = groups.iter().map(|group| group.id.as_uuid()).collect();
    let mut tx = database.scan(MAX_LIST_TIME).await?;
    let tenant = tx.tenant();
    let mut counts = Vec::with_capacity(ids.len());
    let mut left = max;
    for some in ids.chunks(COUNTED_AT_ONCE) {
        let counted: Vec<(Uuid, i64)> = sqlx::query_as(
            "SELECT w.id, c.members FROM unnest($2) w(id), LATERAL (
               SELECT count(*) AS members FROM (
                 SELECT 1 FROM group_members WHERE tenant_id = $1 AND group_id = w.id LIMIT $3) m) c",
        )
        .bind(tenant)
        .bind(some)
        .bind(i64::try_from(left).unwrap_or(i64::MAX))
        .fetch_all(tx.conn())
        .await?;
        let counted: HashMap<Uuid, i64> = counted.into_iter().collect();
        for id in some {
            let count = counted.get(id).and_then(|count| usize::try_from(*count).ok()).unwrap_or_default();
            left = left.saturating_sub(count);
            counts.push(count);
        }
        if left == 0 {
            break;
        }
    }
    tx.commit().await?;
    Ok(counts)
}

/// Reads the members of groups.
pub(crate) async fn fill_members(database: &ScopedDatabase, groups: &mut [Group]) -> Result<(), Error> {
    let ids: Vec<Uuid> = groups.iter().map(|group| group.id.as_uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let query = database.statement::<MemberRow>("SELECT * FROM members_of($1, $2)").bind(ids).scanning();
    let mut members: HashMap<Uuid, Vec<Value>> = HashMap::new();
    for MemberRow { group_id, member_id, display, kind } in query.fetch_all().await? {
        let member = json!({ "value": member_id.to_string(), "display": display, "type": kind });
        members.entry(group_id).or_default().push(member);
    }
    for group in groups {
        group.members = members.remove(&group.id.as_uuid()).unwrap_or_default();
    }
    Ok(())
}

pub(crate) async fn create(
    database: &ScopedDatabase,
    ctx: &CallContext,
    group: &Group,
    paths: Vec<String>,
    add: NewMembers,
) -> Result<WriteOutcome, IdentityError> {
    let query = database
        .statement::<(String,)>(
            "SELECT outcome FROM create_group($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(group.id.as_uuid())
        .bind(Time(group.created_at))
        .bind(group.display_name.clone())
        .bind(fold(&group.display_name))
        .bind(group.external_id.clone())
        .bind(paths)
        .bind(add.ids)
        .bind(add.displays)
        .bind(ctx.actor().to_string())
        .bind(ctx.request_id().to_owned());
    match query.fetch_one().await {
        Ok((outcome,)) if outcome == "created" => Ok(WriteOutcome::Done(group.clone())),
        Ok(_) => Ok(WriteOutcome::Taken),
        Err(error) => refused(error),
    }
}

pub(crate) async fn write(
    database: &ScopedDatabase,
    ctx: &CallContext,
    write: &Write<'_>,
) -> Result<WriteOutcome, IdentityError> {
    let attributes = write.attributes.as_ref();
    let query = database
        .statement::<WrittenRow>(
            "SELECT * FROM write_group($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(write.id.as_uuid())
        .bind(Time(ctx.now()))
        .bind(write.versions.to_vec())
        .bind(attributes.is_some())
        .bind(attributes.map(|to| to.display_name.to_owned()))
        .bind(attributes.map(|to| fold(to.display_name)))
        .bind(attributes.and_then(|to| to.external_id.map(str::to_owned)))
        .bind(attributes.map(|to| to.connection.to_owned()))
        .bind(attributes.map(|to| to.paths.clone()).unwrap_or_default())
        .bind(write.members.clear)
        .bind(write.members.add.ids.clone())
        .bind(write.members.add.displays.clone())
        .bind(write.members.remove.clone())
        .bind(ctx.actor().to_string())
        .bind(ctx.request_id().to_owned());
    let row = match query.fetch_one().await {
        Ok(row) => row,
        Err(error) => return refused(error),
    };
    Ok(match row.outcome.as_str() {
        "stale" => WriteOutcome::Stale,
        "not_found" => WriteOutcome::Absent,
        _ => row.group().map_or(WriteOutcome::Absent, WriteOutcome::Done),
    })
}

/// Interprets an error with which the database refused a write.
fn refused(error: sqlx::Error) -> Result<WriteOutcome, IdentityError> {
    if lost_a_race(&error) {
        return Ok(WriteOutcome::Stale);
    }
    if let sqlx::Error::Database(raised) = &error {
        let detail =
            raised.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().and_then(|error| error.detail());
        let ids = detail.unwrap_or_default().to_owned();
        match raised.code().as_deref() {
            Some(UNKNOWN_MEMBERS) => return Err(IdentityError::UnknownMembers(ids)),
            Some(CIRCULAR_MEMBERS) => return Err(IdentityError::CircularMembers(ids)),
            Some(NESTED_TOO_DEEP) => return Err(IdentityError::NestedTooDeep),
            Some(TOO_MANY_NESTED) => return Err(IdentityError::TooManyNested),
            _ => {}
        }
    }
    match Err::<(), _>(error).on_constraint("groups_tenant_display_name_key", || Fault::Taken) {
        Err(Fault::Other(error)) => Err(error.into()),
        Err(Fault::Taken) | Ok(()) => Ok(WriteOutcome::Taken),
    }
}

/// Deletes a group, if it has one of the versions, or if none are given.
pub(crate) async fn delete(
    database: &ScopedDatabase,
    id: GroupId,
    ctx: &CallContext,
    versions: &[i64],
) -> Result<Deleted, Error> {
    let result: Result<(String,), sqlx::Error> = database
        .statement("SELECT outcome FROM delete_group($1, $2, $3, $4, $5, $6)")
        .bind(id.as_uuid())
        .bind(Time(ctx.now()))
        .bind(versions.to_vec())
        .bind(ctx.actor().to_string())
        .bind(ctx.request_id().to_owned())
        .fetch_one()
        .await;
    let (outcome,) = match result {
        Err(error) if lost_a_race(&error) => return Ok(Deleted::Again),
        result => result?,
    };
    Ok(match outcome.as_str() {
        "deleted" => Deleted::Done,
        "stale" => Deleted::Stale,
        _ => Deleted::Absent,
    })
}
