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

/// Longest time for each statement of a list, so that a filter that no index answers is no burden for long.
pub(crate) const LONGEST_LIST: std::time::Duration = std::time::Duration::from_secs(2);
/// Longest time for a statement that reads a whole workspace on the service's own behalf.
pub(crate) const LONGEST_SCAN: std::time::Duration = std::time::Duration::from_secs(10);
