//! `grpc.health.v1.Health`: every port of the process gives the same answer.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::readiness::{Check, Readiness};
use crate::{Failure, Tasks};
use usher_base::Reason;

/// How often a watched status is checked for changes.
const EVERY: Duration = Duration::from_secs(1);

/// Answers health checks for the services of one role. The empty name asks about the process, and a service's name
/// only about its role. Roles that need each other use the latter; otherwise none of them would ever become ready in
/// one process.
#[derive(Clone)]
pub(crate) struct HealthApi {
    pub(crate) services: Vec<&'static str>,
    pub(crate) role: Option<Check>,
    pub(crate) process: Option<Readiness>,
    pub(crate) tasks: Tasks,
}

impl HealthApi {
    async fn serving(&self, service: &str) -> Option<ServingStatus> {
        let ready = match (&self.process, &self.role) {
            (Some(process), _) if service.is_empty() => process.check().await,
            _ if !service.is_empty() && !self.services.contains(&service) => return None,
            (_, Some(role)) => role.ask().await,
            _ => Ok(()),
        };
        let serves = ready.is_ok() && !self.tasks.is_stopping();
        Some(if serves { ServingStatus::Serving } else { ServingStatus::NotServing })
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

type Watch = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Health for HealthApi {
    type WatchStream = Watch;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let found = self.serving(&request.into_inner().service).await;
        let found =
            found.ok_or_else(|| Failure::new(Reason::NotFound, "this server does not have this service"));
        Ok(Response::new(response(found?)))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Watch>, Status> {
        let service = request.into_inner().service;
        let (api, tasks) = (self.clone(), self.tasks.clone());
        let (sender, receiver) = mpsc::channel(1);
        drop(self.tasks.spawn(async move {
            let mut told = None;
            loop {
                let now = api.serving(&service).await.unwrap_or(ServingStatus::ServiceUnknown);
                if told != Some(now) {
                    told = Some(now);
                    if sender.send(Ok(response(now))).await.is_err() {
                        return;
                    }
                }
                tokio::select! {
                    () = tasks.stopping() => return,
                    () = sender.closed() => return,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
        }));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}
