pub(crate) mod log;
pub(crate) mod records;
