//! The states that are compared, and the results of comparisons.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_rating::Calendar;
use usher_seats::{SeatClass, UserType};
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::ledger::model::state::{ActiveUser, Run};
use crate::ledger::store::intervals::instant;

/// Returns the active users at the producer's number. Returns `None` if billing has not reached the number, or if the
/// epoch is not the ledger's.
pub(crate) async fn state_at(
    tx: &mut TenantTx,
    epoch: i64,
    sequence: i64,
) -> Result<Option<Vec<ActiveUser>>, BillingError> {
    // One statement, so that head and states are of one moment.
    type Row = (i64, i64, Option<Uuid>, Option<Uuid>, Option<SeatClass>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT l.epoch, l.acknowledged_sequence, s.user_id, s.person_key, s.class
         FROM ledgers l LEFT JOIN seats s ON s.tenant_id = l.tenant_id AND s.tenant_id = $1 AND s.class IS NOT NULL
         WHERE l.tenant_id = $1",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    let Some((current, acknowledged, ..)) = rows.first() else {
        return Ok((sequence == 0).then(Vec::new));
    };
    if *current != epoch || *acknowledged < sequence {
        return Ok(None);
    }
    if *acknowledged > sequence {
        return Ok(Some(earlier(tx, epoch, sequence).await?));
    }
    let users = rows.into_iter().filter_map(|(_, _, user, person, class)| Some((user?, person?, class?)));
    Ok(Some(users.map(|(user, person, class)| active(user, person, class)).collect()))
}

/// Returns the active users at a past number, from the events.
async fn earlier(tx: &mut TenantTx, epoch: i64, sequence: i64) -> Result<Vec<ActiveUser>, BillingError> {
    let rows: Vec<(Uuid, Uuid, bool, UserType)> = sqlx::query_as(
        "SELECT DISTINCT ON (person_key, user_id) user_id, person_key, active, user_type FROM events
         WHERE tenant_id = $1 AND kind = 'state'
           AND (epoch < $2 OR epoch = $2 AND coalesce(source_sequence, 0) <= $3)
         ORDER BY person_key, user_id, events.sequence DESC",
    )
    .bind(tx.tenant())
    .bind(epoch)
    .bind(sequence)
    .fetch_all(tx.conn())
    .await?;
    let found = rows.into_iter().filter(|(_, _, active, _)| *active);
    Ok(found.map(|(user, person, _, user_type)| active(user, person, user_type.class())).collect())
}

fn active(user: Uuid, person: Uuid, class: SeatClass) -> ActiveUser {
    ActiveUser { user: UserId::from_uuid(user), person: PersonKey::from_uuid(person), class }
}

/// Inserts the result of a comparison.
pub(crate) async fn insert(tx: &mut TenantTx, runs: &[Run]) -> Result<(), BillingError> {
    for run in runs {
        let persons =
            run.persons.as_ref().map(|persons| persons.iter().map(|p| p.as_uuid()).collect::<Vec<_>>());
        sqlx::query(
            "INSERT INTO reconciliation_runs (tenant_id, run_id, epoch, source_sequence, class, identity_count,
               billing_count, equal, person_keys, ran_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(tx.tenant())
        .bind(run.id.as_uuid())
        .bind(run.epoch)
        .bind(run.source_sequence)
        .bind(run.class)
        .bind(run.identity_count)
        .bind(run.billing_count)
        .bind(run.equal)
        .bind(persons)
        .bind(Time(run.at))
        .execute(tx.conn())
        .await?;
    }
    match runs.first() {
        // The rows of one comparison share one id.
        Some(run) => records::append(tx, &[(Kind::Reconciliation, run.id.to_string())]).await,
        None => Ok(()),
    }
}

#[derive(FromRow)]
struct RunRow {
    run_id: Uuid,
    epoch: i64,
    source_sequence: i64,
    class: SeatClass,
    identity_count: i64,
    billing_count: i64,
    equal: bool,
    person_keys: Option<Vec<Uuid>>,
    ran_at: Time,
}

/// Returns the most recent rows, newest first.
pub(crate) async fn last(tx: &mut TenantTx, most: i64) -> Result<Vec<Run>, BillingError> {
    let rows: Vec<RunRow> = sqlx::query_as(
        "SELECT * FROM reconciliation_runs WHERE tenant_id = $1 ORDER BY ran_at DESC, run_id DESC, class DESC LIMIT $2",
    )
    .bind(tx.tenant())
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// Returns the rows of comparisons within a period, as of a time.
pub(crate) async fn within(
    tx: &mut TenantTx,
    calendar: &Calendar,
    until: Timestamp,
) -> Result<Vec<Run>, BillingError> {
    let rows: Vec<RunRow> = sqlx::query_as(
        "SELECT * FROM reconciliation_runs
         WHERE tenant_id = $1 AND ran_at >= $2 AND ran_at < $3 AND ran_at <= $4 ORDER BY ran_at, run_id",
    )
    .bind(tx.tenant())
    .bind(instant(calendar.open())?)
    .bind(instant(calendar.close())?)
    .bind(Time(until))
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Run::from).collect())
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: EventId::from_uuid(row.run_id),
            epoch: row.epoch,
            source_sequence: row.source_sequence,
            class: row.class,
            identity_count: row.identity_count,
            billing_count: row.billing_count,
            equal: row.equal,
            persons: row.person_keys.map(|keys| keys.into_iter().map(PersonKey::from_uuid).collect()),
            at: row.ran_at.0,
        }
    }
}
