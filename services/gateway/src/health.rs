//! `/livez` and `/readyz`

use axum::extract::State;
use http::StatusCode;
use usher_rpc::{Channels, Check};

use crate::announcements::Announced;
use crate::gateway::Gateway;
use crate::grpc;

/// The process is alive.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Whether the process is ready, as on its other ports.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> (StatusCode, String) {
    let ready = match gateway.process.get() {
        Some(process) => process.check().await,
        None => gateway.ready.ask().await,
    };
    match ready {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

/// Checks what requests need: announcements from tenant arrive, and identity serves.
pub(crate) fn check(announced: Announced, identity: Channels) -> Check {
    Check::new(move || {
        let (announced, identity) = (announced.clone(), identity.clone());
        async move {
            let faults: Vec<&str> = [
                (announced.is_live(), "tenant does not announce access"),
                (grpc::serves(identity).await, "identity does not serve"),
            ]
            .into_iter()
            .filter_map(|(well, fault)| (!well).then_some(fault))
            .collect();
            if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
        }
    })
}
