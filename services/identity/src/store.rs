//! The identity database.

pub(crate) mod changes;
pub(crate) mod relays;
pub(crate) mod seats;
pub(crate) mod users;
