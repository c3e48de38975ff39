//! The members in a change of a group.

use std::collections::BTreeMap;

use usher_scim::group::{Delta, Step};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use crate::error::IdentityError;
use crate::group::Group;
use crate::query;
use crate::store::groups::{Members, NewMembers};
use crate::store::members::select;

/// Combines all steps into one change. Filters select among the members that the group has after the steps before.
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
    // Ids that are not UUIDs can't be members; ignore them.
    let remove = delta.remove.iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
    Ok(Members { clear: delta.clear, add: new_members(delta.add)?, remove })
}

/// The new members by their ids. An invalid id is an error.
pub(crate) fn new_members(members: BTreeMap<String, Option<String>>) -> Result<NewMembers, IdentityError> {
    let mut new_members = NewMembers::default();
    let mut unknown = Vec::new();
    for (text, display) in members {
        if let Ok(id) = Uuid::parse_str(&text) {
            new_members.ids.push(id);
            new_members.displays.push(display);
        } else {
            unknown.push(text.chars().take(100).collect::<String>());
        }
    }
    if unknown.is_empty() {
        return Ok(new_members);
    }
    unknown.truncate(10);
    Err(IdentityError::UnknownMembers(unknown.join(", ")))
}
