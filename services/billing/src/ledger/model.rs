//! Facts as values.

pub(crate) mod batch;
pub(crate) mod correction;
pub mod event;
pub(crate) mod fact_range;
pub(crate) mod head;
pub(crate) mod interval_filter;
pub(crate) mod knowledge;
pub(crate) mod pool_usage;
pub(crate) mod set_back;
pub(crate) mod span;
pub(crate) mod state;
