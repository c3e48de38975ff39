//! A gRPC server with the parts that all services share.

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
use crate::slots::Slots;
use crate::stream::{ACTOR_STREAMS, WORKSPACE_STREAMS};
use crate::streaming::is_streaming;
use crate::unauthenticated::{MethodSlots, UnauthenticatedCalls};
use crate::{Check, Method, Readiness, Slugs, Suspensions, Tasks, Verifier};

/// One workspace may use one eighth of a server's calls.
const WORKSPACE_SHARE: usize = 8;
/// One service or operator may use half of them.
const ACTOR_SHARE: usize = 2;
/// The service that every server has.
const HEALTH: &str = "grpc.health.v1.Health";

/// The differences between services.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The name of the role in logs and metrics.
    pub role: &'static str,
    /// The maximum duration of a call, whatever its caller allows.
    pub longest: Duration,
    /// The maximum number of concurrent calls with a credential. Further ones are refused with OVERLOADED.
    pub most_calls: usize,
    /// The methods. A method that is not listed is not served.
    pub methods: &'static [Method],
}

/// Collects services, then serves them with health checks and reflection.
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
    /// A server with health checks only.
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

    /// Ends the streams that watch a workspace when it is suspended.
    #[must_use]
    pub fn until_suspended(self, suspensions: impl Into<Option<Suspensions>>) -> Self {
        Self { suspensions: suspensions.into(), ..self }
    }

    /// Adds a check of what the role needs in order to serve.
    #[must_use]
    pub fn ready_when(self, check: Check) -> Self {
        Self { ready: Some(check), ..self }
    }

    /// Makes the health service answer for the whole process, and adds this role's checks to the process.
    #[must_use]
    pub fn part_of(self, process: &Readiness) -> Self {
        if let Some(check) = &self.ready {
            process.add(check.clone());
        }
        Self { process: Some(process.clone()), ..self }
    }

    /// Adds a service.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a builder step, not an addition")]
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

    /// Serves until shutdown begins, then lets the calls in progress finish.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(self, listener: Listener, tasks: Tasks) -> std::io::Result<()> {
        let routes = match (self.reflection().build_v1(), self.reflection().build_v1alpha()) {
            (Ok(current), Ok(earlier)) => self.routes.add_service(current).add_service(earlier),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "reflection is off: the descriptors can't be read");
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
                public: method.is_public().then(MethodSlots::new),
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
            workspace_calls: Slots::new((self.config.most_calls / WORKSPACE_SHARE).max(1)),
            actor_calls: Slots::new((self.config.most_calls / ACTOR_SHARE).max(1)),
            workspace_streams: Slots::new(WORKSPACE_STREAMS),
            actor_streams: Slots::new(ACTOR_STREAMS),
            unauthenticated: UnauthenticatedCalls::new(),
        });
        let service = CallLayer(setup)
            .layer(routes.prepare())
            .map_request(|request: Request<RequestBody>| request.map(Body::new));
        listener.serve(self.config.role, Protocol::Grpc, service, tasks.stopping()).await
    }

    /// Reflection of the services of this server only, not of the other roles.
    fn reflection(&self) -> tonic_reflection::server::Builder<'static> {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(usher_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        self.services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    }
}
