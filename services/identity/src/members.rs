//! The members that a change of a group names, as they are written.

use std::collections::BTreeMap;

use usher_scim::group::{Delta, Step};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use crate::error::IdentityError;
use crate::group::Group;
use crate::query;
use crate::store::groups::{Joining, Members};
use crate::store::members::select;

/// Makes one change of all steps; filters select among the members that the group has by then.
pub(crate) async fn resolve(
    database: &ScopedDatabase,
    group: &Group,
    steps: Vec<Step>,
) -> Result<Delta, IdentityError> {
    let mut delta = Delta::default();
    for step in steps {
        match step {
            Step::Delta(later) => delta.merge(later),
            Step::RemoveWhere(filter) => {
                let so_far = members(delta.clone())?;
                let selected = select(database, group.id, &so_far, &query::members(&filter)?).await?;
                delta.merge(Delta {
                    remove: selected.iter().map(Uuid::to_string).collect(),
                    ..Delta::default()
                });
            }
        }
    }
    Ok(delta)
}

/// The members of a change by their ids.
pub(crate) fn members(delta: Delta) -> Result<Members, IdentityError> {
    // What is no id of ours is nobody's, and nobody is no member.
    let remove = delta.remove.iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
    Ok(Members { clear: delta.clear, add: joining(delta.add)?, remove })
}

/// Those who join, by their ids; who is named by no id is told.
pub(crate) fn joining(members: BTreeMap<String, Option<String>>) -> Result<Joining, IdentityError> {
    let mut joining = Joining::default();
    let mut unknown = Vec::new();
    for (text, display) in members {
        if let Ok(id) = Uuid::parse_str(&text) {
            joining.ids.push(id);
            joining.displays.push(display);
        } else {
            unknown.push(text.chars().take(100).collect::<String>());
        }
    }
    if unknown.is_empty() {
        return Ok(joining);
    }
    unknown.truncate(10);
    Err(IdentityError::UnknownMembers(unknown.join(", ")))
}
