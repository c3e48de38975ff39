//! Invoices as values.

pub(crate) mod book;
pub(crate) mod charge;
pub(crate) mod close;
pub(crate) mod credit_note;
pub(crate) mod draft;
pub(crate) mod line;
pub(crate) mod obstacle;
pub(crate) mod period_seats;
pub(crate) mod posting;
pub(crate) mod settlement;
pub(crate) mod true_up;
