//! The services of `usher.identity.v1`: each method validates, calls the rule, and converts the result.

pub(crate) mod attributes;
pub(crate) mod changes;
mod convert;
pub(crate) mod groups;
pub(crate) mod seats;
pub(crate) mod users;
mod watch;
