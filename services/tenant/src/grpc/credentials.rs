//! `usher.tenant.v1.CredentialService`

use tonic::{Request, Response, Status};
use usher_base::Permission;
use usher_base::key::PublicKey;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_server::CredentialService;
use usher_rpc::convert::to_wire;
use usher_rpc::{open, status};

use crate::service_keys::ServiceKeys;
use crate::signer::Signer;

/// Serves credentials and keys.
pub(crate) struct CredentialApi {
    pub(crate) signer: Signer,
    pub(crate) keys: ServiceKeys,
}

fn wire(key: PublicKey) -> pb::PublicKey {
    pb::PublicKey { kid: key.kid, x: key.x }
}

#[tonic::async_trait]
impl CredentialService for CredentialApi {
    async fn get_key_set(
        &self,
        _: Request<pb::GetKeySetRequest>,
    ) -> Result<Response<pb::GetKeySetResponse>, Status> {
        let keys = self.signer.published().await.map_err(status)?;
        Ok(Response::new(pb::GetKeySetResponse { keys: keys.into_iter().map(wire).collect() }))
    }

    async fn issue_credential(
        &self,
        request: Request<pb::IssueCredentialRequest>,
    ) -> Result<Response<pb::IssueCredentialResponse>, Status> {
        let message = request.into_inner();
        let signed = self.keys.issue(&self.signer, &message.name, &message.key).await.map_err(status)?;
        Ok(Response::new(pb::IssueCredentialResponse {
            credential: signed.credential,
            expire_time: Some(to_wire(signed.expires_at)),
        }))
    }

    async fn rotate_keys(
        &self,
        request: Request<pb::RotateKeysRequest>,
    ) -> Result<Response<pb::RotateKeysResponse>, Status> {
        let (ctx, _) = open(request)?;
        ctx.require(Permission::TenantAdmin).map_err(status)?;
        let key = self.signer.rotate().await.map_err(status)?;
        Ok(Response::new(pb::RotateKeysResponse { key: Some(wire(key)) }))
    }
}
