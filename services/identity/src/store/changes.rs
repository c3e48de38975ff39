//! The change log.

use sqlx::FromRow;
use usher_proto::identity::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_store::{Error, ScopedDatabase, Time};
use uuid::Uuid;

#[derive(FromRow)]
struct ChangeRow {
    sequence: i64,
    kind: i16,
    resource_id: Uuid,
    version: i64,
    effective_at: Time,
    attributes: Vec<String>,
    members_added: Vec<Uuid>,
    members_removed: Vec<Uuid>,
    actor: String,
    request_id: String,
    seat_sequence: i64,
}

impl From<ChangeRow> for pb::Change {
    fn from(row: ChangeRow) -> Self {
        let of_group = row.kind >= pb::ChangeKind::GroupCreated as i16;
        let id = row.resource_id.to_string();
        let (user, group) = if of_group {
            ((String::new(), 0), (id, row.version))
        } else {
            ((id, row.version), (String::new(), 0))
        };
        let texts = |ids: Vec<Uuid>| ids.iter().map(Uuid::to_string).collect();
        Self {
            sequence: row.sequence,
            kind: i32::from(row.kind),
            user_id: user.0,
            user_version: user.1,
            group_id: group.0,
            group_version: group.1,
            members_added: texts(row.members_added),
            members_removed: texts(row.members_removed),
            effective_time: Some(to_wire(row.effective_at.0)),
            attributes: row.attributes,
            actor: row.actor,
            request_id: row.request_id,
            seat_sequence: row.seat_sequence,
        }
    }
}

/// The entries after a number, in order.
pub(crate) async fn after(
    database: &ScopedDatabase,
    sequence: i64,
    most: u32,
) -> Result<Vec<pb::Change>, Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    let rows: Vec<ChangeRow> = sqlx::query_as(
        "SELECT * FROM changes WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
    )
    .bind(tenant)
    .bind(sequence)
    .bind(i64::from(most))
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(pb::Change::from).collect())
}
