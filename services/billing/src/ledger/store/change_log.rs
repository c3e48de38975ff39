//! Facts with the class of the person before and after.

use jiff::Timestamp;
use usher_base::id::PersonKey;
use usher_seats::SeatClass;
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::error::BillingError;
use crate::ledger::store::epochs::COUNTS_AT;
use crate::ledger::store::intervals::instant;

/// A row of the change log.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) sequence: i64,
    pub(crate) at: Timestamp,
    pub(crate) person: PersonKey,
    pub(crate) from_class: Option<SeatClass>,
    pub(crate) to_class: Option<SeatClass>,
    pub(crate) cause: String,
    pub(crate) actor: String,
    pub(crate) request_id: String,
}

/// Which facts belong to a period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    /// The period's first instant, and the first instant after it.
    pub(crate) within: (i64, i64),
    /// The last fact of the period before, which is closed: later facts about earlier times are booked in this
    /// period.
    pub(crate) late_after: Option<i64>,
    /// The last fact that is known.
    pub(crate) until: i64,
}

/// Returns the facts of a period after a number.
pub(crate) async fn page(
    tx: &mut TenantTx,
    range: &Range,
    after: i64,
    most: i64,
) -> Result<Vec<Change>, BillingError> {
    type Row = (i64, Time, Uuid, Option<SeatClass>, Option<SeatClass>, String, String, String);
    let sql = format!(
        "SELECT e.sequence, e.at, e.person_key, was.class,
           CASE WHEN e.kind = 'correction' AND e.active THEN lower(e.user_type) ELSE became.class END,
           e.cause, e.actor, e.request_id
         FROM (SELECT e.*, {COUNTS_AT} AS at FROM events e
               WHERE e.tenant_id = $1 AND e.sequence > $2 AND e.sequence <= $3) e
         LEFT JOIN intervals was ON was.tenant_id = e.tenant_id AND was.tenant_id = $1
           AND was.person_key = e.person_key AND was.close_sequence = e.sequence
         LEFT JOIN intervals became ON became.tenant_id = e.tenant_id AND became.tenant_id = $1
           AND became.person_key = e.person_key AND became.open_sequence = e.sequence
         WHERE e.at < $5 AND (e.at >= $4 OR e.sequence > $6)
         ORDER BY e.sequence LIMIT $7",
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(after)
        .bind(range.until)
        .bind(instant(range.within.0)?)
        .bind(instant(range.within.1)?)
        .bind(range.late_after.unwrap_or(i64::MAX))
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|(sequence, at, person, from_class, to_class, cause, actor, request_id)| Change {
            sequence,
            at: at.0,
            person: PersonKey::from_uuid(person),
            from_class,
            to_class,
            cause,
            actor,
            request_id,
        })
        .collect())
}
