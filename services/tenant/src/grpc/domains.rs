//! `usher.tenant.v1.DomainService`

use tonic::{Request, Response, Status};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::domain_service_server::DomainService;
use usher_rpc::{Tasks, open};

use crate::admins::Admins;
use crate::domains;

/// Implements the methods for approved domains.
pub(crate) struct DomainApi {
    pub(crate) admins: Admins,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl DomainService for DomainApi {
    async fn approve_domain(
        &self,
        request: Request<pb::ApproveDomainRequest>,
    ) -> Result<Response<pb::ApproveDomainResponse>, Status> {
        let (ctx, message) = open(request)?;
        let admins = self.admins.clone();
        let work = async move { domains::approve(&admins, &ctx, &message.name, &message.own_password).await };
        let domain = self.tasks.detach(work).await?;
        Ok(Response::new(pb::ApproveDomainResponse { domain: Some(domain.into()) }))
    }

    async fn list_domains(
        &self,
        request: Request<pb::ListDomainsRequest>,
    ) -> Result<Response<pb::ListDomainsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let domains = domains::list(&self.admins.database, &ctx).await?;
        Ok(Response::new(pb::ListDomainsResponse {
            domains: domains.into_iter().map(pb::Domain::from).collect(),
        }))
    }

    async fn remove_domain(
        &self,
        request: Request<pb::RemoveDomainRequest>,
    ) -> Result<Response<pb::RemoveDomainResponse>, Status> {
        let (ctx, message) = open(request)?;
        let admins = self.admins.clone();
        let work = async move { domains::remove(&admins, &ctx, &message.name, &message.own_password).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::RemoveDomainResponse {}))
    }
}
