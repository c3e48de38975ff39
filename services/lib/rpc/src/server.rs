//! A gRPC server with everything that each service's has.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tower::Service;
use usher_base::Clock;

use crate::layer::{CallLayer, Setup};
use crate::{Tasks, Verifier};

/// What differs between services.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name of the role in logs and metrics.
    pub role: &'static str,
    /// Longest that a call may take, whatever its caller allows.
    pub longest: Duration,
    /// Calls under way at once; more are refused with OVERLOADED.
    pub most_calls: usize,
    /// Methods that need no credential, as `/package.Service/Method`.
    pub public: &'static [&'static str],
}

/// Collects services, then serves them with health and reflection.
pub struct Server {
    config: ServerConfig,
    verifier: Verifier,
    clock: Clock,
    routes: Routes,
    health: tonic_health::server::HealthReporter,
}

impl Server {
    /// A server with health checking only.
    pub fn new(config: ServerConfig, verifier: Verifier, clock: Clock) -> Self {
        let (health, service) = tonic_health::server::health_reporter();
        Self { config, verifier, clock, routes: Routes::new(service), health }
    }

    /// Adds a service.
    pub async fn add<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.health.set_serving::<S>().await;
        self.routes = self.routes.add_service(service);
        self
    }

    /// Serves until the stop is asked for, then lets the calls under way end.
    ///
    /// # Errors
    /// The transport fails.
    pub async fn serve(self, listener: TcpListener, tasks: Tasks) -> Result<(), tonic::transport::Error> {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(usher_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1();
        let routes = match reflection {
            Ok(reflection) => self.routes.add_service(reflection),
            Err(error) => {
                tracing::error!(%error, "no reflection: the descriptors can't be read");
                self.routes
            }
        };
        let setup = Arc::new(Setup {
            role: self.config.role,
            verifier: self.verifier,
            clock: self.clock,
            public: self.config.public.iter().copied().collect(),
            longest: self.config.longest,
            permits: Arc::new(Semaphore::new(self.config.most_calls)),
        });
        // The builder's own setting is for sockets that it binds itself; without this, an answer waits
        // 40 ms for the client's delayed acknowledgement.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .max_concurrent_streams(Some(4_096))
            .timeout(self.config.longest)
            .layer(CallLayer(setup))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, async move { tasks.stopping().await })
            .await
    }
}
