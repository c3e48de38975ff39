//! The change log.

use prost::Message as _;
use sqlx::FromRow;
use usher_proto::identity::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_store::{Error, ScopedDatabase, Time};
use uuid::Uuid;

use crate::page_size;

/// Bytes of the entries of a page as they are sent. Whoever reads the log takes messages of 4 MiB, which is what gRPC
/// clients take unless they are told otherwise; one entry has at most 20,000 members, 0.8 MB (`append_group_change`), unless it is from before there was that limit.
const MOST: usize = 1 << 20;
/// Bytes of the entries of a page as they are stored: a member takes 38 bytes in a message and at most 16 here, so that
/// no more is read than is sent, or little more.
const MOST_STORED: i64 = 1 << 19;
/// What is written in front of each entry of a message, at the most.
const AROUND: usize = 6;

/// Entries in order.
pub(crate) struct Page {
    pub(crate) changes: Vec<pb::Change>,
    /// Whether there are more after them.
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
    /// How many entries there were to choose from, of which one more than a page may have was looked at.
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

/// The entries after a number, in order: at most so many, and as many as fit into a page, but always one.
pub(crate) async fn after(database: &ScopedDatabase, sequence: i64, most: u32) -> Result<Page, Error> {
    let rows = database
        .statement::<ChangeRow>("SELECT * FROM list_changes($1, $2, $3, $4)")
        .bind(sequence)
        .bind(i64::from(most))
        .bind(MOST_STORED)
        .fetch_all()
        .await?;
    let there = rows.first().map_or(0, |row| usize::try_from(row.there).unwrap_or(usize::MAX));
    let mut changes: Vec<_> = rows.into_iter().map(pb::Change::from).collect();
    changes.truncate(fitting(&changes));
    Ok(Page { more: changes.len() < there, changes })
}

/// How many of the entries fit.
fn fitting(changes: &[pb::Change]) -> usize {
    page_size::fitting_into(MOST, changes.iter().map(|change| change.encoded_len() + AROUND))
}
