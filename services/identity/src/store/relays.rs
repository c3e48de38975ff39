//! What billing has not acknowledged yet.

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

/// The workspaces that have something to send.
pub(crate) async fn waiting(database: &Database, most: i32) -> Result<Vec<WorkspaceId>, Error> {
    let mut tx = database.global().await?;
    let ids: Vec<Uuid> =
        sqlx::query_scalar("SELECT * FROM workspaces_to_relay($1)").bind(most).fetch_all(tx.conn()).await?;
    tx.commit().await?;
    Ok(ids.into_iter().map(WorkspaceId::from_uuid).collect())
}

/// The next events of a workspace, and the epoch that they are of.
pub(crate) async fn next(database: &ScopedDatabase, most: i64) -> Result<(i64, Vec<pb::SeatEvent>), Error> {
    let mut tx = database.begin().await?;
    // In order, an index gives the rows that are wanted; a bitmap is of all events that wait.
    sqlx::raw_sql("SET LOCAL enable_bitmapscan = off").execute(tx.conn()).await?;
    let tenant = tx.tenant();
    let rows: Vec<EventRow> = sqlx::query_as(
        // COALESCE inside: behind row-level security an index is searched for no expression that could tell what it
        // is given, and every event that was ever sent would be read.
        "SELECT (SELECT epoch FROM heads WHERE tenant_id = $1) AS epoch, e.* FROM seat_events e
         WHERE e.tenant_id = $1 AND e.sequence > (
           SELECT coalesce(max(acknowledged_sequence), 0) FROM relays WHERE tenant_id = $1)
         ORDER BY e.sequence LIMIT $2",
    )
    .bind(tenant)
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    let epoch = rows.first().map_or(1, |row| row.epoch);
    Ok((epoch, rows.into_iter().map(pb::SeatEvent::from).collect()))
}

/// How billing answered a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Applied,
    /// It has another number than was sent: the next batch begins there.
    Elsewhere,
    /// It is sent again after a rest.
    Refused,
    /// It is not sent again before an operator acts.
    Halted,
}

/// For how long a workspace rests whose events were refused.
const REST: &str = "5 seconds";

/// Notes what billing says it has. Billing's word counts, also where it goes back: after a
/// restore it wants the events again.
pub(crate) async fn acknowledge(
    database: &ScopedDatabase,
    sequence: i64,
    answer: Answer,
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
    .bind(answer == Answer::Halted)
    .bind(answer == Answer::Refused)
    .bind(REST)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Goes back to where billing is, if it is in the same epoch. Another epoch is for an operator.
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
