//! Conversions between messages and the domain's types.

mod accounts;
mod audit;
mod commitments;
mod corrections;
mod credit_notes;
mod field;
mod forecasts;
mod invoices;
mod limits;
mod minimums;
mod periods;
mod prices;
mod reconciliations;
mod reports;
mod seat_ledger;
mod statements;
mod usage;
mod verifications;

pub(super) use field::{date, optional_time, reason};
pub(super) use reports::manifest;
pub(super) use statements::line_to_wire;
pub(super) use usage::interval_to_wire;
