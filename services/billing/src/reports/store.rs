//! What only reports read.

pub(crate) mod workspaces;
