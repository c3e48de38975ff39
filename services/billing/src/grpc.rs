//! The service's protocol: validation, calls of the rules, conversion.

pub(crate) mod admin;
mod convert;
pub(crate) mod invoicing;
pub(crate) mod ledger;
pub(crate) mod query;
mod state;
mod watch;
