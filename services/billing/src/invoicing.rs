//! Invoices: drafts, closes, credit notes and forecasts.

pub(crate) mod allocations;
pub(crate) mod book;
pub(crate) mod closing;
pub(crate) mod credit_notes;
pub(crate) mod draft;
pub(crate) mod forecast;
pub(crate) mod invoices;
pub(crate) mod model;
pub(crate) mod period_seats;
pub(crate) mod scheduled_changes;
pub(crate) mod statements;
pub(crate) mod store;
pub(crate) mod view;
