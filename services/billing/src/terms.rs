//! By what a workspace is billed: account, periods, prices, commitments, minimums.

pub(crate) mod accounts;
pub(crate) mod commitments;
pub(crate) mod minimums;
pub mod model;
pub(crate) mod prices;
pub(crate) mod store;
