//! Checks whether this program's clock is ahead of the database's, in which case the database refuses all writes.

use std::time::Duration;

use jiff::SignedDuration;
use usher_base::Clock;
use usher_rpc::Tasks;
use usher_store::Database;

use crate::error::BillingError;
use crate::ledger::model::head::AHEAD;
use crate::ledger::store::clock;

/// How often the clocks are compared, and the operator is warned.
const EVERY: Duration = Duration::from_secs(15);

/// Returns how far this program's clock is ahead of the database's; negative if it is behind.
async fn ahead(database: &Database, own: &Clock) -> Result<SignedDuration, BillingError> {
    let now = clock::read(database).await?;
    Ok(own.now().duration_since(now))
}

/// Compares the clocks until shutdown.
pub(crate) async fn watch(database: Database, own: Clock, tasks: Tasks) {
    loop {
        match ahead(&database, &own).await {
            Ok(ahead) => {
                metrics::gauge!("usher_clock_ahead_seconds", "service" => "billing").set(ahead.as_secs_f64());
                if ahead > AHEAD {
                    tracing::error!(
                        seconds = ahead.as_secs(),
                        "this program's clock is ahead of the billing database's; until it is corrected, nothing is written"
                    );
                }
            }
            // The calls that need the database report its failure.
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the clocks were not compared");
            }
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = own.pause(EVERY) => {}
        }
    }
}
