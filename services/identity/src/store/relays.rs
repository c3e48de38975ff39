//! Seat events that billing has not acknowledged yet.

use sqlx::FromRow;
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum as _;
use usher_rpc::convert::to_wire;
use usher_seats::UserType;
use usher_store::{Database, Error, ScopedDatabase, Time};
use uuid::Uuid;

#[derive(FromRow)]
struct EventRow {
    epoch: i64,
    sequence: i64,
    event_id: Uuid,
    person_key: Uuid,
    user_id: Uuid,
    active: bool,
    user_type: UserType,
    effective_at: Time,
    cause: String,
    actor: String,
    request_id: String,
}

impl From<EventRow> for pb::SeatEvent {
    fn from(row: EventRow) -> Self {
        Self {
            sequence: row.sequence,
            event_id: row.event_id.to_string(),
            person_key: row.person_key.to_string(),
            user_id: row.user_id.to_string(),
            active: row.active,
            class: row.user_type.class().to_wire(),
            effective_time: Some(to_wire(row.effective_at.0)),
            cause: row.cause,
            actor: row.actor,
            request_id: row.request_id,
        }
    }
}

/// The workspaces that have events to send.
pub(crate) async fn waiting(database: &Database, max: i32) -> Result<Vec<WorkspaceId>, Error> {
    let mut tx = database.global().await?;
    let ids: Vec<Uuid> =
        sqlx::query_scalar("SELECT * FROM workspaces_to_relay($1)").bind(max).fetch_all(tx.conn()).await?;
    tx.commit().await?;
    Ok(ids.into_iter().map(WorkspaceId::from_uuid).collect())
}

/// The next events of a workspace, and their epoch.
pub(crate) async fn next(database: &ScopedDatabase, max: i64) -> Result<(i64, Vec<pb::SeatEvent>), Error> {
    let mut tx = database.begin().await?;
    // With an ordered index scan only the requested rows are read; a bitmap scan would read all pending events.
    sqlx::raw_sql("SET LOCAL enable_bitmapscan = off").execute(tx.conn()).await?;
    let tenant = tx.tenant();
    let rows: Vec<EventRow> = sqlx::query_as(
        // COALESCE is inside the subquery: behind row-level security, an index condition can't contain expressions
        // that might leak their arguments, and all events ever sent would be read.
        "SELECT (SELECT epoch FROM heads WHERE tenant_id = $1) AS epoch, e.* FROM seat_events e
         WHERE e.tenant_id = $1 AND e.sequence > (
           SELECT coalesce(max(acknowledged_sequence), 0) FROM relays WHERE tenant_id = $1)
         ORDER BY e.sequence LIMIT $2",
    )
    .bind(tenant)
    .bind(max)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    let epoch = rows.first().map_or(1, |row| row.epoch);
    Ok((epoch, rows.into_iter().map(pb::SeatEvent::from).collect()))
}

/// The outcome of sending a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchOutcome {
    Applied,
    /// Billing expects another number. The next batch begins there.
    Elsewhere,
    /// The batch is sent again after a pause.
    Refused,
    /// Nothing is sent until an operator acts.
    Halted,
}

/// How long a workspace pauses after its events were refused.
const REST: &str = "5 seconds";

/// Stores billing's position. Billing's statement counts even if it goes back: after a restore it needs the events
/// again.
pub(crate) async fn acknowledge(
    database: &ScopedDatabase,
    sequence: i64,
    answer: BatchOutcome,
) -> Result<(), Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO relays (tenant_id, acknowledged_sequence, halted, rest_until)
         VALUES ($1, $2, $3, CASE WHEN $4 THEN clock_timestamp() + $5::text::interval END)
         ON CONFLICT (tenant_id) DO UPDATE SET acknowledged_sequence = excluded.acknowledged_sequence,
           halted = excluded.halted, rest_until = excluded.rest_until",
    )
    .bind(tenant)
    .bind(sequence)
    .bind(answer == BatchOutcome::Halted)
    .bind(answer == BatchOutcome::Refused)
    .bind(REST)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Rewinds to billing's position, if it is in the same epoch. A different epoch requires an operator.
pub(crate) async fn rewind(database: &ScopedDatabase, epoch: i64, sequence: i64) -> Result<(), Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    sqlx::query(
        "UPDATE relays SET acknowledged_sequence = $3 WHERE tenant_id = $1 AND acknowledged_sequence > $3
           AND EXISTS (SELECT 1 FROM heads h WHERE h.tenant_id = $1 AND h.epoch = $2)",
    )
    .bind(tenant)
    .bind(epoch)
    .bind(sequence)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
