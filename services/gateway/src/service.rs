//! Assembles the service.

use std::sync::OnceLock;

use tower::ServiceExt as _;
use usher_base::Clock;
use usher_base::secret::ServiceKey;
use usher_net::tls::ClientTls;
use usher_net::{Listener, Protocol, RequestBody};
use usher_rpc::{Channels, Readiness, ServiceCredential, Tasks, Workbench, connect};

use crate::access::Access;
use crate::announcements::Announced;
use crate::gateway::{Gateway, Parts};
use crate::grpc::access::AccessClient;
use crate::grpc::attributes::Attributes;
use crate::grpc::groups::Groups;
use crate::grpc::provisioning_log::LogClient;
use crate::grpc::users::Users;
use crate::location::Locations;
use crate::provisioning_log::{ProvisioningLog, Sender};
use crate::rate::RateLimit;
use crate::slots::Slots;
use crate::{health, path, router, unreadable};

/// The configuration of the service.
#[derive(Debug)]
pub struct Config {
    /// The address of tenant, such as `https://tenant.internal:9101`.
    pub tenant_url: String,
    /// The trusted authorities and the own certificate for calls to other services.
    pub tls: ClientTls,
    /// The address of identity.
    pub identity_url: String,
    /// The address that clients use, such as `https://scim.example.com`. Empty means the `Host` of each request, for
    /// `usher dev`.
    pub public_url: String,
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-Host` are trusted.
    pub trust_forwarded: bool,
    /// The number of requests per second that one workspace may make on average. 0 means no limit.
    pub rate_per_second: u32,
    /// The number of requests that one workspace may make at once after a pause.
    pub rate_burst: u32,
    /// The key of the service `gateway`.
    pub service_key: ServiceKey,
}

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address of another service can't be parsed.
    #[error("the address of another service can't be used")]
    Address(#[from] tonic::transport::Error),
    /// The public address is invalid.
    #[error("gateway.public_url = {0:?} is not an address; write it as https://scim.example.com")]
    PublicUrl(String),
}

/// The service, ready to serve.
pub struct Service {
    gateway: Gateway,
    tenant: AccessClient,
    log: Sender,
}

impl Service {
    /// Assembles the service. Does not contact the other services, which may start later.
    ///
    /// # Errors
    /// See [`StartError`].
    #[expect(clippy::unused_async, reason = "by value, like the other services")]
    pub async fn start(config: Config, clock: Clock, tasks: &Tasks) -> Result<Self, StartError> {
        let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if !config.public_url.is_empty() && !is_url(&config.public_url) {
            return Err(StartError::PublicUrl(config.public_url));
        }
        let tenant = Channels::connect(&config.tenant_url, &config.tls)?;
        let identity = Channels::connect(&config.identity_url, &config.tls)?;
        let own = connect(&config.tenant_url, &config.tls)?;
        let credential = ServiceCredential::new("gateway", config.service_key, own, clock.clone());
        let client = LogClient::new(tenant.clone(), credential.clone());
        let (log, sender) = ProvisioningLog::new(&client, clock.clone());
        let tenant = AccessClient::new(tenant, credential);
        let announced = Announced::new();
        let gateway = Gateway::new(Parts {
            access: Access::new(tenant.clone(), announced.clone(), clock),
            ready: health::check(announced.clone(), identity.clone()),
            process: OnceLock::new(),
            announced,
            users: Users::new(identity.clone()),
            groups: Groups::new(identity.clone()),
            attributes: Attributes::new(identity),
            locations: Locations { public_url: config.public_url, trust_forwarded: config.trust_forwarded },
            rate: RateLimit::new(config.rate_per_second, config.rate_burst),
            log,
            tasks: tasks.clone(),
            workbench: Workbench::default(),
            slots: Slots::new(),
        });
        Ok(Self { gateway, tenant, log: sender })
    }

    /// Makes the health endpoints answer for the whole process, and adds the gateway's checks to the process.
    #[must_use]
    pub fn part_of(self, process: &Readiness) -> Self {
        if self.gateway.process.set(process.clone()).is_ok() {
            process.add(self.gateway.ready.clone());
        }
        self
    }

    #[cfg(test)]
    pub(crate) fn router(self) -> axum::Router {
        router::router(self.gateway)
    }

    /// Serves until shutdown begins.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(self, listener: Listener, tasks: Tasks) -> std::io::Result<()> {
        let Self { gateway, tenant, log } = self;
        drop(tasks.spawn(log.run(tasks.clone())));
        drop(tasks.spawn(gateway.announced.clone().follow(tenant, tasks.clone())));
        let (tidied, stop) = (gateway.clone(), tasks.clone());
        drop(tasks.spawn(async move { tidied.rate.tidy(&stop).await }));
        let app = router::router(gateway).map_request(path::normalize);
        let app = app.map_request(|request: http::Request<RequestBody>| request.map(axum::body::Body::new));
        let listener = listener.with_explanations(unreadable::explain);
        listener.serve("gateway", Protocol::Http, app, tasks.stopping()).await
    }
}
