//! The service's protocol: validation, calls of the rules, conversion.

pub(crate) mod attributes;
pub(crate) mod changes;
mod convert;
pub(crate) mod groups;
pub(crate) mod seats;
pub(crate) mod users;
mod watch;
