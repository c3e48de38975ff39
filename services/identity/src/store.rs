//! The identity database.

pub(crate) mod attributes;
pub(crate) mod changes;
#[cfg(test)]
mod deep_pages;
mod filter;
pub(crate) mod groups;
pub(crate) mod kept_apart;
pub(crate) mod limits;
#[cfg(test)]
mod linked;
pub(crate) mod listing;
pub(crate) mod members;
mod memberships;
#[cfg(test)]
mod milestones;
#[cfg(test)]
mod nesting;
pub(crate) mod person_names;
#[cfg(test)]
mod plans;
pub(crate) mod positions;
pub(crate) mod relays;
pub(crate) mod seats;
pub(crate) mod states;
pub(crate) mod take_over;
pub(crate) mod users;
#[cfg(test)]
mod world;

pub(crate) use filter::canonical_uuid;

/// The maximum duration of each statement of a list, so that a filter without an index can't be a burden for long.
pub(crate) const MAX_LIST_TIME: std::time::Duration = std::time::Duration::from_secs(2);
/// The maximum duration of a statement that reads a whole workspace on the service's own behalf.
pub(crate) const MAX_SCAN_TIME: std::time::Duration = std::time::Duration::from_secs(10);
