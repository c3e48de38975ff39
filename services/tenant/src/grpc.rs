//! The services of `usher.tenant.v1`: each method validates, calls the domain function, and converts the result.

pub(crate) mod access;
pub(crate) mod admins;
pub(crate) mod apps;
pub(crate) mod audit;
mod convert;
pub(crate) mod credentials;
pub(crate) mod domains;
pub(crate) mod plans;
pub(crate) mod policies;
pub(crate) mod provisioning_log;
pub(crate) mod service_keys;
pub(crate) mod tokens;
pub(crate) mod workspaces;
