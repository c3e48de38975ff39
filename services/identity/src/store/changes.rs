//! The change log.

use prost::Message as _;
use sqlx::FromRow;
use usher_proto::identity::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_store::{Error, ScopedDatabase, Time};
use uuid::Uuid;

use crate::page_size;

/// The maximum size of a page as it is sent. gRPC clients accept messages of 4 MiB by default. An entry has at most
/// 20,000 members, 0.8 MB (`append_group_change`), unless it is older than this limit.
const MAX_PAGE_BYTES: usize = 1 << 20;
/// The maximum size of a page as it is stored. A member takes 38 bytes in a message and at most 16 here, so hardly
/// more is read than is sent.
const MAX_STORED_BYTES: i64 = 1 << 19;
/// The maximum overhead per entry of a message.
const ROW_OVERHEAD_BYTES: usize = 6;

/// Consecutive entries.
pub(crate) struct Page {
    pub(crate) changes: Vec<pb::Change>,
    /// Whether more entries follow.
    pub(crate) more: bool,
}

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
    /// The number of entries that were examined, including one more than a page may have.
    there: i64,
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

/// The entries after a number, in order: at most `max`, and as many as fit into a page, but at least one.
pub(crate) async fn after(database: &ScopedDatabase, sequence: i64, max: u32) -> Result<Page, Error> {
    let rows = database
        .statement::<ChangeRow>("SELECT * FROM list_changes($1, $2, $3, $4)")
        .bind(sequence)
        .bind(i64::from(max))
        .bind(MAX_STORED_BYTES)
        .fetch_all()
        .await?;
    let there = rows.first().map_or(0, |row| usize::try_from(row.there).unwrap_or(usize::MAX));
    let mut changes: Vec<_> = rows.into_iter().map(pb::Change::from).collect();
    changes.truncate(fitting(&changes));
    Ok(Page { more: changes.len() < there, changes })
}

/// The number of entries that fit into a page.
fn fitting(changes: &[pb::Change]) -> usize {
    page_size::fitting_into(
        MAX_PAGE_BYTES,
        changes.iter().map(|change| change.encoded_len() + ROW_OVERHEAD_BYTES),
    )
}
