//! Invoices as values.

pub(crate) mod close;
pub(crate) mod credit_note;
pub(crate) mod line;
pub(crate) mod posting;
pub(crate) mod settlement;
