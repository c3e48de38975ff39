//! The groups that users are in, for the `groups` attribute.

use std::collections::HashMap;

use serde_json::{Value, json};
use usher_store::{Error, TenantTx};
use uuid::Uuid;

/// A group that a user is in.
#[derive(Debug, sqlx::Type)]
#[sqlx(type_name = "membership")]
pub(super) struct Membership {
    group_id: Uuid,
    display: String,
    /// Whether the user is a member of the group itself, and not only of a nested group.
    direct: bool,
}

/// The values of the attribute, ordered by group id.
pub(super) fn values(mut memberships: Vec<Membership>) -> Vec<Value> {
    memberships.sort_unstable_by_key(|membership| membership.group_id);
    memberships
        .into_iter()
        .map(|Membership { group_id, display, direct }| {
            let kind = if direct { "direct" } else { "indirect" };
            json!({ "value": group_id.to_string(), "display": display, "type": kind })
        })
        .collect()
}

/// The groups of each of these users, for those who are in any.
pub(super) async fn list(tx: &mut TenantTx, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Membership>>, Error> {
    let rows: Vec<(Uuid, Uuid, String, bool)> =
        sqlx::query_as("SELECT user_id, group_id, display, direct FROM memberships_of($1, $2)")
            .bind(tx.tenant())
            .bind(users)
            .fetch_all(tx.conn())
            .await?;
    let mut memberships: HashMap<Uuid, Vec<Membership>> = HashMap::new();
    for (user, group_id, display, direct) in rows {
        memberships.entry(user).or_default().push(Membership { group_id, display, direct });
    }
    Ok(memberships)
}
