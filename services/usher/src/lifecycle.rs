//! Shutdown: a signal starts it, and a deadline ends it.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use usher_rpc::Tasks;

use crate::roles::Running;

/// How long requests in progress may take after shutdown has begun.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Waits for SIGINT or SIGTERM.
///
/// # Errors
/// The process can't handle signals.
pub async fn stop_requested() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
    }
    Ok(())
}

/// Lets the roles finish their requests, for at most [`DRAIN`]. A second signal ends this.
pub async fn drain(tasks: &Tasks, running: &mut Running) {
    tasks.soft_stop();
    let finished = async {
        // Idle connections that stay open would delay the roles, so the deadline applies to them too.
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
