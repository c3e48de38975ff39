//! The `usher` program: roles, configuration, telemetry, lifecycle, `usher dev` and the operator's commands. The
//! services themselves are libraries that do not depend on this crate.

pub mod admin;
pub mod billing;
pub mod cli;
pub mod config;
pub mod counters;
pub mod databases;
pub mod dev;
pub mod encryption;
pub mod key_file;
pub mod lifecycle;
pub mod listeners;
pub mod migrate;
pub mod new_secret;
mod output;
pub mod role;
pub mod roles;
pub mod service_key;
pub mod telemetry;
