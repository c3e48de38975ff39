//! Corrections and links, and reads of facts of every kind.

use jiff::Timestamp;
use sqlx::FromRow;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_rating::overlay::{Correction, Overlay};
use usher_seats::{EventKind, SeatClass, UserType};
use usher_store::{TenantTx, Time};
use uuid::Uuid;

use crate::audit::model::hash::Hash;
use crate::error::BillingError;
use crate::ledger::model::event::{CorrectionFact, Fact, LinkFact, Recorded, SeatEvent};
use crate::ledger::model::fact_range::FactRange;
use crate::ledger::store::epochs::COUNTS_AT;
use crate::sql::{allow_sorts, corrupt, hash};

#[derive(FromRow)]
struct FactRow {
    sequence: i64,
    epoch: i64,
    source_sequence: Option<i64>,
    kind: EventKind,
    event_id: Uuid,
    person_key: Uuid,
    user_id: Option<Uuid>,
    active: bool,
    user_type: String,
    effective_at: Time,
    until_at: Option<Time>,
    linked_person: Option<Uuid>,
    reason: Option<String>,
    approver: Option<String>,
    recorded_at: Time,
    cause: String,
    actor: String,
    request_id: String,
    hash: Vec<u8>,
    counts_at: Time,
}

impl TryFrom<FactRow> for Recorded {
    type Error = BillingError;

    fn try_from(row: FactRow) -> Result<Self, BillingError> {
        let (sequence, epoch, at, hash) =
            (row.sequence, row.epoch, row.recorded_at.0, hash("events", "hash", &row.hash)?);
        Ok(Self { sequence, epoch, at, hash, counts_at: row.counts_at.0, fact: fact(row)? })
    }
}

fn fact(row: FactRow) -> Result<Fact, BillingError> {
    let event_id = EventId::from_uuid(row.event_id);
    let person = PersonKey::from_uuid(row.person_key);
    let class = || user_class(&row.user_type);
    match row.kind {
        EventKind::Correction => Ok(Fact::Correction(CorrectionFact {
            event_id,
            person,
            class: if row.active { Some(class()?) } else { None },
            from: row.effective_at.0,
            until: row.until_at.ok_or_else(|| corrupt("events", "until_at"))?.0,
            reason: row.reason.clone().ok_or_else(|| corrupt("events", "reason"))?,
            author: row.actor,
            approver: row.approver.clone().ok_or_else(|| corrupt("events", "approver"))?,
            request_id: row.request_id,
        })),
        EventKind::Link => Ok(Fact::Link(LinkFact {
            event_id,
            person,
            other: PersonKey::from_uuid(row.linked_person.ok_or_else(|| corrupt("events", "linked_person"))?),
            reason: row.reason.clone().ok_or_else(|| corrupt("events", "reason"))?,
            actor: row.actor,
            at: row.effective_at.0,
            request_id: row.request_id,
        })),
        EventKind::State => Ok(Fact::State(SeatEvent {
            // Differences of an epoch have no number of the producer.
            sequence: row.source_sequence.unwrap_or(0),
            event_id,
            person,
            user: UserId::from_uuid(row.user_id.ok_or_else(|| corrupt("events", "user_id"))?),
            active: row.active,
            class: class()?,
            effective_at: row.effective_at.0,
            cause: row.cause,
            actor: row.actor,
            request_id: row.request_id,
        })),
    }
}

/// Converts a stored user type to its class.
fn user_class(user_type: &str) -> Result<SeatClass, BillingError> {
    let user_type: UserType = user_type.parse().map_err(|_| corrupt("events", "user_type"))?;
    Ok(user_type.class())
}

/// Returns the facts of a range, in order.
pub(crate) async fn list(
    tx: &mut TenantTx,
    range: &FactRange,
    most: u32,
) -> Result<Vec<Recorded>, BillingError> {
    let sql = format!(
        "SELECT sequence, epoch, source_sequence, kind, event_id, person_key, user_id, active, user_type, effective_at,
           until_at, linked_person, reason, approver, recorded_at, cause, actor, request_id, hash, {COUNTS_AT} AS counts_at
         FROM events e
         WHERE tenant_id = $1 AND sequence > $2 AND ($3::bigint IS NULL OR sequence <= $3)
           AND ($4::timestamptz IS NULL OR effective_at >= $4) AND ($5::timestamptz IS NULL OR effective_at < $5)
         ORDER BY sequence LIMIT $6",
    );
    allow_sorts(tx, false).await?;
    let rows: Vec<FactRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(range.after_sequence)
        .bind(range.until_sequence)
        .bind(range.effective.0.map(Time))
        .bind(range.effective.1.map(Time))
        .bind(i64::from(most))
        .fetch_all(tx.conn())
        .await?;
    allow_sorts(tx, true).await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

/// Inserts a correction or a link.
pub(crate) async fn insert(tx: &mut TenantTx, recorded: &Recorded) -> Result<(), BillingError> {
    let insert = sqlx::query(
        "INSERT INTO events (tenant_id, sequence, epoch, recorded_at, hash, kind, event_id, person_key, active,
           user_type, effective_at, cause, actor, request_id, until_at, linked_person, reason, approver)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(tx.tenant())
    .bind(recorded.sequence)
    .bind(recorded.epoch)
    .bind(Time(recorded.at))
    .bind(recorded.hash.to_vec());
    let insert = match &recorded.fact {
        Fact::State(_) => {
            return Err(BillingError::Stored("states can't be inserted one by one".to_owned()));
        }
        Fact::Correction(fact) => insert
            .bind("correction")
            .bind(fact.event_id.as_uuid())
            .bind(fact.person.as_uuid())
            .bind(fact.class.is_some())
            .bind(fact.class.map_or("", |class| class.user_type().as_str()))
            .bind(Time(fact.from))
            .bind("billing.correction")
            .bind(fact.author.clone())
            .bind(fact.request_id.clone())
            .bind(Some(Time(fact.until)))
            .bind(None::<Uuid>)
            .bind(fact.reason.clone())
            .bind(Some(fact.approver.clone())),
        Fact::Link(fact) => insert
            .bind("link")
            .bind(fact.event_id.as_uuid())
            .bind(fact.person.as_uuid())
            .bind(false)
            .bind("")
            .bind(Time(fact.at))
            .bind("billing.link")
            .bind(fact.actor.clone())
            .bind(fact.request_id.clone())
            .bind(None::<Time>)
            .bind(Some(fact.other.as_uuid()))
            .bind(fact.reason.clone())
            .bind(None::<String>),
    };
    insert.execute(tx.conn()).await?;
    Ok(())
}

/// Returns whether a fact with the id exists.
pub(crate) async fn exists(tx: &mut TenantTx, id: EventId) -> Result<bool, BillingError> {
    let found: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM events WHERE tenant_id = $1 AND kind <> 'state' AND event_id = $2)",
    )
    .bind(tx.tenant())
    .bind(id.as_uuid())
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}

/// Returns corrections and links, as of a number of the ledger.
pub(crate) async fn overlay(tx: &mut TenantTx, sequence: i64) -> Result<Overlay, BillingError> {
    type Row = (i64, String, Uuid, bool, String, Time, Option<Time>, Option<Uuid>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT sequence, kind, person_key, active, user_type, effective_at, until_at, linked_person
         FROM events WHERE tenant_id = $1 AND sequence <= $2 AND kind IN ('correction', 'link') AND kind <> 'state'
         ORDER BY sequence",
    )
    .bind(tx.tenant())
    .bind(sequence)
    .fetch_all(tx.conn())
    .await?;
    let (mut links, mut corrections) = (Vec::new(), Vec::new());
    for (sequence, _, person, active, user_type, from, until, linked) in rows {
        let person = PersonKey::from_uuid(person);
        if let Some(other) = linked {
            links.push((person, PersonKey::from_uuid(other)));
        } else if let Some(until) = until {
            let class = active.then(|| user_class(&user_type)).transpose()?;
            corrections.push(Correction {
                sequence,
                person,
                start: from.0.as_microsecond(),
                end: until.0.as_microsecond(),
                class,
            });
        }
    }
    Ok(Overlay::new(&links, corrections))
}

/// Returns the linked pairs of keys, in order.
pub(crate) async fn links(tx: &mut TenantTx) -> Result<Vec<(PersonKey, PersonKey)>, BillingError> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT person_key, linked_person FROM events WHERE tenant_id = $1 AND kind = 'link'
         ORDER BY sequence",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(one, other)| (PersonKey::from_uuid(one), PersonKey::from_uuid(other)))
        .collect())
}

/// Returns the hash of the last link.
pub(crate) async fn last_link(tx: &mut TenantTx) -> Result<Option<Hash>, BillingError> {
    let found: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT hash FROM events WHERE tenant_id = $1 AND kind = 'link'
         ORDER BY sequence DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .fetch_optional(tx.conn())
    .await?;
    found.as_deref().map(|stored| hash("events", "hash", stored)).transpose()
}

/// Returns the earliest instant that the corrections and links between two numbers affect. Returns `None` if there
/// are no such facts.
pub(crate) async fn earliest_late(
    tx: &mut TenantTx,
    after: i64,
    until: i64,
) -> Result<Option<i64>, BillingError> {
    let found: Option<(Option<Time>, Option<bool>)> = sqlx::query_as(
        "SELECT min(effective_at), bool_or(kind = 'link') FROM events
         WHERE tenant_id = $1 AND kind <> 'state' AND sequence > $2 AND sequence <= $3",
    )
    .bind(tx.tenant())
    .bind(after)
    .bind(until)
    .fetch_optional(tx.conn())
    .await?;
    Ok(match found {
        Some((_, Some(true))) => Some(i64::MIN),
        Some((earliest, _)) => earliest.map(|at| at.0.as_microsecond()),
        None => None,
    })
}

/// Returns the first fact that has a column which its kind must not have, or lacks one that it must have.
pub(crate) async fn first_malformed(tx: &mut TenantTx) -> Result<Option<i64>, BillingError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT min(sequence) FROM events WHERE tenant_id = $1 AND NOT CASE kind
           WHEN 'state' THEN user_id IS NOT NULL AND until_at IS NULL AND linked_person IS NULL AND reason IS NULL
             AND approver IS NULL
           WHEN 'correction' THEN source_sequence IS NULL AND user_id IS NULL AND linked_person IS NULL
             AND cause = 'billing.correction' AND active = (user_type <> '')
           WHEN 'link' THEN source_sequence IS NULL AND user_id IS NULL AND until_at IS NULL AND approver IS NULL
             AND cause = 'billing.link' AND NOT active AND user_type = ''
           ELSE false END",
    )
    .bind(tx.tenant())
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}

/// Returns the first fact after a number.
pub(crate) async fn beyond(tx: &mut TenantTx, sequence: i64) -> Result<Option<i64>, BillingError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT min(sequence) FROM events WHERE tenant_id = $1 AND sequence > $2")
            .bind(tx.tenant())
            .bind(sequence)
            .fetch_one(tx.conn())
            .await?;
    Ok(found)
}

/// Returns when the first state was effective; the ledger's first period contains that instant.
pub(crate) async fn first_instant(tx: &mut TenantTx) -> Result<Option<Timestamp>, BillingError> {
    allow_sorts(tx, false).await?;
    let found: Option<Time> = sqlx::query_scalar(
        "SELECT effective_at FROM events WHERE tenant_id = $1 AND kind = 'state' ORDER BY sequence LIMIT 1",
    )
    .bind(tx.tenant())
    .fetch_optional(tx.conn())
    .await?;
    allow_sorts(tx, true).await?;
    Ok(found.map(|at| at.0))
}

/// Returns the ledger's number at a time: that of the last fact recorded by then.
pub(crate) async fn sequence_at(tx: &mut TenantTx, known_at: Timestamp) -> Result<i64, BillingError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT sequence FROM events WHERE tenant_id = $1 AND recorded_at <= $2 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(tx.tenant())
    .bind(Time(known_at))
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.unwrap_or(0))
}

/// Returns number and reason of the facts that billing itself recorded between two numbers.
pub(crate) async fn reasons(
    tx: &mut TenantTx,
    after: i64,
    until: i64,
) -> Result<Vec<(i64, String)>, BillingError> {
    let found = sqlx::query_as(
        "SELECT sequence, coalesce(reason, '') FROM events
         WHERE tenant_id = $1 AND kind <> 'state' AND sequence > $2 AND sequence <= $3 ORDER BY sequence",
    )
    .bind(tx.tenant())
    .bind(after)
    .bind(until)
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}
