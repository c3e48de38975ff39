//! The state of each SCIM user after the last event.

use std::collections::BTreeMap;

use usher_base::id::{PersonKey, UserId};
use usher_seats::SeatClass;
use usher_store::TenantTx;
use uuid::Uuid;

use crate::error::BillingError;
use crate::ledger::model::batch::Entry;
use crate::ledger::model::state::ActiveUser;

/// Returns the active users of some persons.
pub(crate) async fn active(
    tx: &mut TenantTx,
    persons: &[PersonKey],
) -> Result<Vec<ActiveUser>, BillingError> {
    let keys: Vec<Uuid> = persons.iter().map(|person| person.as_uuid()).collect();
    let rows: Vec<(Uuid, Uuid, SeatClass)> = sqlx::query_as(
        // One index probe per person, however many there are: OFFSET prevents a plan that reads all persons.
        "SELECT s.person_key, s.user_id, s.class FROM unnest($2::uuid[]) p (key) CROSS JOIN LATERAL (
           SELECT * FROM seats WHERE tenant_id = $1 AND person_key = p.key AND class IS NOT NULL OFFSET 0) s",
    )
    .bind(tx.tenant())
    .bind(keys)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(active_user).collect())
}

/// Returns the class of each user; `None` for inactive users.
pub(crate) async fn all(
    tx: &mut TenantTx,
) -> Result<BTreeMap<(PersonKey, UserId), Option<SeatClass>>, BillingError> {
    let rows: Vec<(Uuid, Uuid, Option<SeatClass>)> =
        sqlx::query_as("SELECT person_key, user_id, class FROM seats WHERE tenant_id = $1")
            .bind(tx.tenant())
            .fetch_all(tx.conn())
            .await?;
    let user = |(person, user, class)| ((PersonKey::from_uuid(person), UserId::from_uuid(user)), class);
    Ok(rows.into_iter().map(user).collect())
}

/// Returns all active users.
pub(crate) async fn all_active(tx: &mut TenantTx) -> Result<Vec<ActiveUser>, BillingError> {
    let rows: Vec<(Uuid, Uuid, SeatClass)> = sqlx::query_as(
        "SELECT person_key, user_id, class FROM seats WHERE tenant_id = $1 AND class IS NOT NULL",
    )
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(active_user).collect())
}

fn active_user((person, user, class): (Uuid, Uuid, SeatClass)) -> ActiveUser {
    ActiveUser { person: PersonKey::from_uuid(person), user: UserId::from_uuid(user), class }
}

/// Saves the last state of each user in a batch.
pub(crate) async fn save(tx: &mut TenantTx, entries: &[Entry<'_>]) -> Result<(), BillingError> {
    let last: BTreeMap<(Uuid, Uuid), Option<SeatClass>> = entries
        .iter()
        .map(|Entry { event, .. }| {
            let class = event.active.then_some(event.class);
            ((event.person.as_uuid(), event.user.as_uuid()), class)
        })
        .collect();
    let (keys, classes): (Vec<(Uuid, Uuid)>, Vec<Option<SeatClass>>) = last.into_iter().unzip();
    let (persons, users): (Vec<Uuid>, Vec<Uuid>) = keys.into_iter().unzip();
    sqlx::query(
        "INSERT INTO seats (tenant_id, person_key, user_id, class)
         SELECT $1, s.person_key, s.user_id, s.class
         FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS s (person_key, user_id, class)
         ON CONFLICT (tenant_id, person_key, user_id) DO UPDATE SET class = excluded.class",
    )
    .bind(tx.tenant())
    .bind(persons)
    .bind(users)
    .bind(classes)
    .execute(tx.conn())
    .await?;
    Ok(())
}
