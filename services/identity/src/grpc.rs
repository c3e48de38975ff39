//! The service's protocol: validation, calls of the rules, conversion.

pub(crate) mod changes;
mod convert;
pub(crate) mod seats;
pub(crate) mod users;
