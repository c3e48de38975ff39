pub(crate) mod alerts;
pub(crate) mod feed;
pub(crate) mod limits;
pub(crate) mod refusals;
