//! Watermarks, epochs, and the active users at a sequence number.

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::types::Json;
use usher_base::id::{PersonKey, UserId, WorkspaceId};
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_seats::UserType;
use usher_store::{Database, Error, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

use crate::seat_state::{ActiveUser, SeatState};
use crate::store::MAX_SCAN_TIME;
use crate::store::limits::{PlanLimitRow, RefusalsRow};

/// The workspaces with any seats so far, ordered by id, after a given one.
pub(crate) async fn workspaces(
    database: &Database,
    after: WorkspaceId,
    max: i32,
) -> Result<Vec<WorkspaceId>, Error> {
    let mut tx = database.global().await?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT * FROM workspaces_with_seats($1, $2)")
        .bind(after.as_uuid())
        .bind(max)
        .fetch_all(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(ids.into_iter().map(WorkspaceId::from_uuid).collect())
}

/// The time of the database's clock.
pub(crate) async fn clock(database: &Database) -> Result<Timestamp, Error> {
    let mut tx = database.global().await?;
    let now: Time = sqlx::query_scalar("SELECT app_clock()").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(now.0)
}

#[derive(FromRow)]
struct WatermarkRow {
    epoch: i64,
    as_of: Time,
    last_sequence: i64,
    plan_limits: Json<Vec<PlanLimitRow>>,
    refusals: Json<Vec<RefusalsRow>>,
    links_version: String,
}

/// Advances the workspace's watermark, and returns it with the plan's limits and the refusals. `None` if nobody was
/// ever provisioned.
pub(crate) async fn advance_watermark(
    database: &ScopedDatabase,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<(Timestamp, pb::Watermark)>, Error> {
    let query = database
        .statement::<WatermarkRow>("SELECT * FROM advance_watermark_with_links($1, $2)")
        .bind(Time(now));
    let watermark = |row: WatermarkRow| pb::Watermark {
        workspace_id: workspace.to_string(),
        epoch: row.epoch,
        as_of_time: Some(to_wire(row.as_of.0)),
        last_sequence: row.last_sequence,
        plan_limits: row.plan_limits.0.into_iter().map(pb::PlanLimit::from).collect(),
        refusals: row.refusals.0.into_iter().map(pb::SeatRefusals::from).collect(),
        links_version: row.links_version,
    };
    Ok(query.fetch_optional().await?.map(|row| (row.as_of.0, watermark(row))))
}

/// Stores billing's person links, and counts linked persons as one seat.
pub(crate) async fn take_links(
    database: &ScopedDatabase,
    version: &str,
    links: &[(PersonKey, PersonKey)],
) -> Result<(), Error> {
    let (persons, stand_for): (Vec<Uuid>, Vec<Uuid>) =
        links.iter().map(|(person, stands_for)| (person.as_uuid(), stands_for.as_uuid())).unzip();
    database
        .statement::<(bool,)>("SELECT * FROM take_person_links($1, $2, $3, $4)")
        .bind(version.to_owned())
        .bind(persons)
        .bind(stand_for)
        .fetch_optional()
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct StateRow {
    epoch: i64,
    seat_sequence: i64,
    user_id: Option<Uuid>,
    person_key: Option<Uuid>,
    user_type: Option<UserType>,
}

/// The active users and their sequence number. `None` if nobody was ever provisioned.
pub(crate) async fn read(database: &ScopedDatabase) -> Result<Option<SeatState>, Error> {
    let mut tx = database.scan(MAX_SCAN_TIME).await?;
    let state = read_in(&mut tx).await?;
    tx.commit().await?;
    Ok(state)
}

async fn read_in(tx: &mut TenantTx) -> Result<Option<SeatState>, Error> {
    let tenant = tx.tenant();
    // One statement, so that head and users are from the same moment.
    let rows: Vec<StateRow> = sqlx::query_as(
        "SELECT h.epoch, h.seat_sequence, u.user_id, u.person_key, u.user_type
         FROM heads h LEFT JOIN users u
           ON u.tenant_id = h.tenant_id AND u.tenant_id = $1 AND u.created_at > '-infinity' AND u.active
         WHERE h.tenant_id = $1 ORDER BY u.user_id",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (epoch, sequence) = (first.epoch, first.seat_sequence);
    let user = |row: StateRow| {
        Some(ActiveUser {
            user: UserId::from_uuid(row.user_id?),
            person: PersonKey::from_uuid(row.person_key?),
            class: row.user_type?.class(),
        })
    };
    Ok(Some(SeatState { epoch, sequence, users: rows.into_iter().filter_map(user).collect() }))
}

/// Sets the epoch, and reads the state at which it begins. A time ahead of the database's clock, from when a clock
/// was wrong, is set back.
pub(crate) async fn set_epoch(database: &ScopedDatabase, epoch: i64) -> Result<Option<SeatState>, Error> {
    let mut tx = database.scan(MAX_SCAN_TIME).await?;
    let tenant = tx.tenant();
    // The head row is locked from here on, so that nobody writes in between.
    sqlx::query(
        "UPDATE heads SET epoch = $2, last_effective_at = least(last_effective_at, app_clock())
         WHERE tenant_id = $1",
    )
    .bind(tenant)
    .bind(epoch)
    .execute(tx.conn())
    .await?;
    let state = read_in(&mut tx).await?;
    tx.commit().await?;
    Ok(state)
}

/// Records that billing has adopted the state. Events continue from its sequence number, and are later than what
/// billing recorded.
pub(crate) async fn begun(
    database: &ScopedDatabase,
    sequence: i64,
    last_effective_at: Timestamp,
) -> Result<(), Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    sqlx::query("UPDATE heads SET last_effective_at = greatest(last_effective_at, $2) WHERE tenant_id = $1")
        .bind(tenant)
        .bind(Time(last_effective_at))
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "INSERT INTO relays (tenant_id, acknowledged_sequence, halted) VALUES ($1, $2, false)
         ON CONFLICT (tenant_id) DO UPDATE SET acknowledged_sequence = excluded.acknowledged_sequence, halted = false,
           rest_until = NULL",
    )
    .bind(tenant)
    .bind(sequence)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
