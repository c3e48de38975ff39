//! The gRPC services, one file each: convert the request, call the rule, convert the result.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod commitments;
mod convert;
pub(crate) mod corrections;
pub(crate) mod credit_notes;
pub(crate) mod forecasts;
pub(crate) mod invoices;
pub(crate) mod limits;
pub(crate) mod minimums;
pub(crate) mod periods;
pub(crate) mod prices;
pub(crate) mod reconciliations;
pub(crate) mod reports;
pub(crate) mod seat_ledger;
mod state;
pub(crate) mod statements;
pub(crate) mod usage;
pub(crate) mod verifications;
mod watch;
