//! Start and stop: signals ask for a drain, a deadline ends it.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use usher_rpc::Tasks;

/// How long requests under way may take after a stop was asked for.
pub const DRAIN: Duration = Duration::from_secs(6);

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
pub async fn drain(tasks: &Tasks) {
    tasks.soft_stop();
    let again = async {
        if stop_requested().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = tasks.drain(DRAIN) => {}
        () = again => tracing::warn!("second signal: not waiting any longer"),
    }
}
