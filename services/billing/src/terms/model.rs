//! Terms as values.

pub(crate) mod account;
pub(crate) mod account_change;
pub(crate) mod bought_term;
pub(crate) mod currency;
pub(crate) mod minimum_spend;
pub(crate) mod mode_conflict;
pub(crate) mod period;
pub mod price_version;
pub(crate) mod what_if;
