//! `usher.tenant.v1.ServiceKeyService`

use tonic::{Request, Response, Status};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::service_key_service_server::ServiceKeyService;
use usher_rpc::convert::{from_wire, to_wire};
use usher_rpc::{Tasks, open};

use crate::service_keys::{ListedKey, NewServiceKey, ServiceKeys};

/// Implements the methods for service keys.
pub(crate) struct ServiceKeyApi {
    pub(crate) keys: ServiceKeys,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl ServiceKeyService for ServiceKeyApi {
    async fn create_service_key(
        &self,
        request: Request<pb::CreateServiceKeyRequest>,
    ) -> Result<Response<pb::CreateServiceKeyResponse>, Status> {
        let (ctx, message) = open(request)?;
        let pb::CreateServiceKeyRequest { name, scopes, workspace, expire_time } = message;
        let expires_at = expire_time.map(|at| from_wire("expire_time", at)).transpose()?;
        let new = NewServiceKey { name, scopes, workspace, expires_at };
        let keys = self.keys.clone();
        let work = async move { keys.create_reaching(&ctx, new).await };
        let (key, secret) = self.tasks.detach(work).await?;
        let secret = secret.expose().to_owned();
        Ok(Response::new(pb::CreateServiceKeyResponse { service_key: Some(key.into()), secret }))
    }

    async fn list_service_keys(
        &self,
        request: Request<pb::ListServiceKeysRequest>,
    ) -> Result<Response<pb::ListServiceKeysResponse>, Status> {
        let (ctx, _) = open(request)?;
        let keys = self.keys.list(&ctx).await?;
        let service_keys = keys.into_iter().map(pb::ServiceKey::from).collect();
        Ok(Response::new(pb::ListServiceKeysResponse { service_keys }))
    }

    async fn revoke_service_key(
        &self,
        request: Request<pb::RevokeServiceKeyRequest>,
    ) -> Result<Response<pb::RevokeServiceKeyResponse>, Status> {
        let (ctx, message) = open(request)?;
        let keys = self.keys.clone();
        let work = async move { keys.revoke(&ctx, &message.lookup_id).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::RevokeServiceKeyResponse {}))
    }
}

impl From<ListedKey> for pb::ServiceKey {
    fn from(key: ListedKey) -> Self {
        let ListedKey { lookup_id, name, scopes, workspace, created_at, expires_at } = key;
        Self {
            lookup_id,
            name,
            scopes,
            workspace_id: workspace.map(|id| id.to_string()).unwrap_or_default(),
            create_time: Some(to_wire(created_at)),
            expire_time: expires_at.map(to_wire),
        }
    }
}
