//! The terms of billing: account, periods, prices, commitments and minimums.

pub(crate) mod accounts;
pub(crate) mod commitments;
pub(crate) mod minimums;
pub mod model;
pub(crate) mod prices;
pub(crate) mod store;
