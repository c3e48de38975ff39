//! Database access for the ledger.

pub(crate) mod change_log;
pub(crate) mod clock;
pub(crate) mod corrections;
pub(crate) mod epochs;
pub(crate) mod events;
pub(crate) mod facts;
pub(crate) mod history;
pub(crate) mod intervals;
pub(crate) mod ledgers;
pub(crate) mod reconciliations;
pub(crate) mod seats;
