//! Whether this process can serve now.

use std::time::Duration;

use futures::future::join_all;
use usher_rpc::Tasks;
use usher_store::Database;

/// How long a database may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the process's roles need; asked anew each time, because orchestrators route by the answer.
#[derive(Clone, Debug)]
pub struct Readiness {
    databases: Vec<(&'static str, Database)>,
    tasks: Tasks,
}

impl Readiness {
    /// Nothing is needed yet; not ready once the stop is asked for.
    pub fn new(tasks: &Tasks) -> Self {
        Self { databases: Vec::new(), tasks: tasks.clone() }
    }

    pub(crate) fn add(&mut self, role: &'static str, database: Database) {
        self.databases.push((role, database));
    }

    /// Asks everything that is needed.
    ///
    /// # Errors
    /// What is not ready, for the operator.
    pub async fn check(&self) -> Result<(), String> {
        if self.tasks.is_stopping() {
            return Err("draining".to_owned());
        }
        let asked = join_all(self.databases.iter().map(|(role, database)| async move {
            match tokio::time::timeout(PATIENCE, database.ping()).await {
                Ok(Ok(())) => None,
                Ok(Err(_)) | Err(_) => Some(format!("the {role} database does not answer")),
            }
        }))
        .await;
        let faults: Vec<String> = asked.into_iter().flatten().collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}
