//! Start and stop: signals ask for a drain, a deadline ends it.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use usher_rpc::Tasks;

use crate::roles::Running;

/// How long requests under way may take after a stop was asked for.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Waits for SIGINT or SIGTERM.
///
/// # Errors
/// The process can't listen for signals.
pub async fn stop_requested() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
    }
    Ok(())
}

/// Lets the roles finish what they have begun, for at most [`DRAIN`]; a second signal ends it.
pub async fn drain(tasks: &Tasks, running: &mut Running) {
    tasks.soft_stop();
    let finished = async {
        // Connections that stay open without a request would hold the roles up; the deadline ends them.
        let roles = tokio::time::timeout(DRAIN, running.ended());
        let ((), _) = tokio::join!(tasks.drain(DRAIN), roles);
    };
    let again = async {
        if stop_requested().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = finished => {}
        () = again => tracing::warn!("second signal: not waiting any longer"),
    }
}
