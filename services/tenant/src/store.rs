//! SQL.

pub(crate) mod admins;
pub(crate) mod apps;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod domains;
pub(crate) mod ended_sessions;
pub(crate) mod plans;
#[cfg(test)]
mod probes;
mod protected;
pub(crate) mod provisioning_log;
pub(crate) mod service_keys;
pub(crate) mod signing_keys;
pub(crate) mod tokens;
pub(crate) mod workspaces;
#[cfg(test)]
mod world;
