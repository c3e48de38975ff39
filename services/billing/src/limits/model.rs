pub(crate) mod alert;
pub mod limit;
pub(crate) mod refusal;
