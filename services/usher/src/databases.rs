//! Metrics of this process's databases.

use usher_store::{Connections, Database};

/// The databases of the roles that this process serves.
#[derive(Clone, Debug, Default)]
pub struct Databases(Vec<(&'static str, Database)>);

impl Databases {
    pub(crate) fn add(&mut self, role: &'static str, database: Database) {
        self.0.push((role, database));
    }

    /// Records the state of their connections.
    pub(crate) fn record(&self) {
        for (role, database) in &self.0 {
            let Connections { max, used, idle, waiting } = database.connections();
            for (state, count) in [("used", used), ("idle", idle), ("waiting", waiting)] {
                metrics::gauge!("usher_database_connections", "role" => *role, "state" => state).set(count);
            }
            metrics::gauge!("usher_database_connections_most", "role" => *role).set(max);
        }
    }
}
