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
use crate::method::COMMON;
use crate::{Method, Slugs, Tasks, Verifier};

/// The service that every server has.
const HEALTH: &str = "grpc.health.v1.Health";

/// What differs between services.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name of the role in logs and metrics.
    pub role: &'static str,
    /// Longest that a call may take, whatever its caller allows.
    pub longest: Duration,
    /// Calls under way at once; more are refused with OVERLOADED.
    pub most_calls: usize,
    /// The methods; one that is not among them is not served.
    pub methods: &'static [Method],
}

/// Collects services, then serves them with health and reflection.
pub struct Server {
    config: ServerConfig,
    verifier: Verifier,
    slugs: Box<dyn Slugs>,
    clock: Clock,
    routes: Routes,
    services: Vec<&'static str>,
    health: tonic_health::server::HealthReporter,
}

impl Server {
    /// A server with health checking only.
    pub fn new(config: ServerConfig, verifier: Verifier, slugs: impl Slugs, clock: Clock) -> Self {
        let (health, service) = tonic_health::server::health_reporter();
        let services = vec![HEALTH];
        Self {
            config,
            verifier,
            slugs: Box::new(slugs),
            clock,
            routes: Routes::new(service),
            services,
            health,
        }
    }

    /// Adds a service.
    pub async fn add<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.health.set_serving::<S>().await;
        self.services.push(S::NAME);
        self.routes = self.routes.add_service(service);
        self
    }

    /// Serves until the stop is asked for, then lets the calls under way end.
    ///
    /// # Errors
    /// The transport fails.
    pub async fn serve(self, listener: TcpListener, tasks: Tasks) -> Result<(), tonic::transport::Error> {
        let routes = match (self.reflection().build_v1(), self.reflection().build_v1alpha()) {
            (Ok(current), Ok(earlier)) => self.routes.add_service(current).add_service(earlier),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "no reflection: the descriptors can't be read");
                self.routes
            }
        };
        let setup = Arc::new(Setup {
            role: self.config.role,
            verifier: self.verifier,
            slugs: self.slugs,
            clock: self.clock,
            methods: self.config.methods.iter().chain(&COMMON).map(|method| (method.path, *method)).collect(),
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
            .layer(CallLayer(setup))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, async move { tasks.stopping().await })
            .await
    }

    /// Reflection on the services of this server: who asks a role is not told of another's.
    fn reflection(&self) -> tonic_reflection::server::Builder<'static> {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(usher_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        self.services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    }
}
