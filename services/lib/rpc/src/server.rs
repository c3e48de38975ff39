//! A gRPC server with everything that each service's has.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tower::{Layer as _, Service, ServiceExt as _};
use usher_base::Clock;
use usher_net::{Listener, Protocol, RequestBody};

use crate::health::HealthApi;
use crate::layer::{CallLayer, Served, Setup};
use crate::method::COMMON;
use crate::places::Places;
use crate::strangers::{PublicPlaces, Strangers};
use crate::stream::{ACTOR_STREAMS, WORKSPACE_STREAMS};
use crate::streaming::is_streaming;
use crate::{Check, Method, Readiness, Slugs, Suspensions, Tasks, Verifier};

/// What part of a server's calls one workspace may have under way, one in so many.
const WORKSPACE_SHARE: usize = 8;
/// What part one service or operator may have.
const ACTOR_SHARE: usize = 2;
/// The service that every server has.
const HEALTH: &str = "grpc.health.v1.Health";

/// What differs between services.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name of the role in logs and metrics.
    pub role: &'static str,
    /// Longest that a call may take, whatever its caller allows.
    pub longest: Duration,
    /// Calls with a credential under way at once; more are refused with OVERLOADED.
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
    suspensions: Option<Suspensions>,
    ready: Option<Check>,
    process: Option<Readiness>,
}

impl Server {
    /// A server with health checking only.
    pub fn new(config: ServerConfig, verifier: Verifier, slugs: impl Slugs, clock: Clock) -> Self {
        Self {
            config,
            verifier,
            slugs: Box::new(slugs),
            clock,
            routes: Routes::default(),
            services: vec![HEALTH],
            suspensions: None,
            ready: None,
            process: None,
        }
    }

    /// What tells that a workspace is suspended, which ends the streams that watch it.
    #[must_use]
    pub fn until_suspended(self, suspensions: impl Into<Option<Suspensions>>) -> Self {
        Self { suspensions: suspensions.into(), ..self }
    }

    /// What the role needs in order to serve.
    #[must_use]
    pub fn ready_when(self, check: Check) -> Self {
        Self { ready: Some(check), ..self }
    }

    /// Makes the server answer for the whole process, and the process ask what this role needs.
    #[must_use]
    pub fn part_of(self, process: &Readiness) -> Self {
        if let Some(check) = &self.ready {
            process.add(check.clone());
        }
        Self { process: Some(process.clone()), ..self }
    }

    /// Adds a service.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it is a step of building, no sum")]
    pub fn add<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.services.push(S::NAME);
        self.routes = self.routes.add_service(service);
        self
    }

    /// Serves until the stop is asked for, then lets the calls under way end.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(self, listener: Listener, tasks: Tasks) -> std::io::Result<()> {
        let routes = match (self.reflection().build_v1(), self.reflection().build_v1alpha()) {
            (Ok(current), Ok(earlier)) => self.routes.add_service(current).add_service(earlier),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "no reflection: the descriptors can't be read");
                self.routes
            }
        };
        let health = HealthApi {
            services: self.services,
            role: self.ready,
            process: self.process,
            tasks: tasks.clone(),
        };
        let routes = routes.add_service(HealthServer::new(health));
        let methods = self.config.methods.iter().chain(&COMMON).map(|method| {
            let served = Served {
                method: *method,
                streams: is_streaming(method.path),
                public: method.is_public().then(PublicPlaces::new),
            };
            (method.path, served)
        });
        if let Some(suspensions) = &self.suspensions {
            drop(tasks.spawn(suspensions.clone().run(tasks.clone())));
        }
        let setup = Arc::new(Setup {
            role: self.config.role,
            verifier: self.verifier,
            slugs: self.slugs,
            suspensions: self.suspensions,
            clock: self.clock,
            methods: methods.collect(),
            longest: self.config.longest,
            calls: Semaphore::new(self.config.most_calls),
            workspace_calls: Places::new((self.config.most_calls / WORKSPACE_SHARE).max(1)),
            actor_calls: Places::new((self.config.most_calls / ACTOR_SHARE).max(1)),
            workspace_streams: Places::new(WORKSPACE_STREAMS),
            actor_streams: Places::new(ACTOR_STREAMS),
            strangers: Strangers::new(),
        });
        let service = CallLayer(setup)
            .layer(routes.prepare())
            .map_request(|request: Request<RequestBody>| request.map(Body::new));
        listener.serve(self.config.role, Protocol::Grpc, service, tasks.stopping()).await
    }

    /// Reflection on the services of this server: who asks a role is not told of another's.
    fn reflection(&self) -> tonic_reflection::server::Builder<'static> {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(usher_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        self.services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    }
}
