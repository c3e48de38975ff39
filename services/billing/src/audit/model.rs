pub(crate) mod entry;
pub mod hash;
pub(crate) mod record;
