//! The endpoints, one file each.

pub(crate) mod discovery;
pub(crate) mod search;
pub(crate) mod users;
