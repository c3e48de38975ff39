//! The other services, as the gateway asks them. Generated types stay in here.

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

/// Largest answer, in bytes: a page of large resources.
pub(crate) const MAX_ANSWER: usize = 64 << 20;

/// Whether identity says that it serves. It is asked for its role alone: in one process with the gateway, the
/// process is ready only when the gateway is.
pub(crate) async fn serves(channels: Channels) -> bool {
    let service = "usher.identity.v1.UserService".to_owned();
    let mut request = tonic::Request::new(HealthCheckRequest { service });
    request.set_timeout(Duration::from_millis(500));
    let answer = HealthClient::new(channels).check(request).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}
