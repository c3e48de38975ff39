pub(crate) mod accounts;
pub(crate) mod closed;
pub(crate) mod commitments;
pub(crate) mod minimums;
pub(crate) mod prices;
