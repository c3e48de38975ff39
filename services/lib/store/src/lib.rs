//! PostgreSQL for the services: access bound to one workspace, migrations, the check of row-level security at
//! startup, and private servers for `usher dev` and tests.

#![warn(missing_docs)]

mod app_clock;
mod belonging;
mod boot;
pub mod cluster;
mod constraint;
mod database;
mod error;
mod listener;
mod migrate;
mod pool;
mod protection;
mod scoped;
mod share;
mod time;

pub use app_clock::{check_clock, is_clock_moved, move_clock};
pub use belonging::check_belongs;
pub use boot::{BootError, check};
pub use cluster::{Cluster, ClusterError, Durability};
pub use constraint::OnConstraint;
pub use database::{Database, DatabaseConfig, GlobalTx};
pub use error::Error;
pub use listener::Listener;
pub use migrate::{MigrateError, admit, migrate, role_of};
pub use pool::Connections;
pub use protection::is_protected;
pub use scoped::{ScopedDatabase, Statement, TenantTx};
pub use time::{Micros, Time};

/// The role that owns the tables and migrates them.
pub const OWNER_ROLE: &str = "usher_owner";
/// The role that has the services' rights on tables. It owns nothing. Each service connects with its own role, which
/// is a member of this one and may connect to its own database only.
pub const APP_ROLE: &str = "usher_app";
/// The roles of a private server, except its superuser.
pub const ROLES: [&str; 5] = [OWNER_ROLE, APP_ROLE, "usher_tenant", "usher_identity", "usher_billing"];

/// The role that a service connects as, unless its database URL names another.
pub fn service_role(service: &str) -> String {
    format!("usher_{service}")
}
