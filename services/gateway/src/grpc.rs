//! Clients of the other services. Generated types are used only in this module.

pub(crate) mod access;
pub(crate) mod attributes;
pub(crate) mod groups;
pub(crate) mod provisioning_log;
pub(crate) mod users;

mod convert;

use std::time::Duration;

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use usher_rpc::Channels;

/// The maximum size of an answer, in bytes: a page of large resources.
pub(crate) const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// Whether identity reports that it is serving. Asks about its role only: if both are in one process, the process is
/// not ready before the gateway is.
pub(crate) async fn serves(channels: Channels) -> bool {
    let service = "usher.identity.v1.UserService".to_owned();
    let mut request = tonic::Request::new(HealthCheckRequest { service });
    request.set_timeout(Duration::from_millis(500));
    let answer = HealthClient::new(channels).check(request).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}
