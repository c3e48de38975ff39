//! The identity database.

pub(crate) mod attributes;
pub(crate) mod changes;
mod filter;
pub(crate) mod groups;
pub(crate) mod limits;
pub(crate) mod listing;
pub(crate) mod person_names;
pub(crate) mod relays;
pub(crate) mod seats;
pub(crate) mod states;
pub(crate) mod users;
