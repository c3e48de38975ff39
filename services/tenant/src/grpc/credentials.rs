//! `usher.tenant.v1.CredentialService`

use tonic::{Request, Response, Status};
use usher_base::key::PublicKey;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_server::CredentialService;
use usher_rpc::convert::to_wire;
use usher_rpc::open;

use crate::peer::Peer;
use crate::peer_rate_limit::PeerRateLimit;
use crate::service_keys::ServiceKeys;
use crate::signer::{Published, Signer};

/// Implements the methods for credentials and keys.
pub(crate) struct CredentialApi {
    pub(crate) signer: Signer,
    pub(crate) keys: ServiceKeys,
    pub(crate) rate_limit: PeerRateLimit,
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
        let Published { keys, ended } = self.signer.published().await?;
        let ended = ended
            .into_iter()
            .map(|(subject, until)| pb::EndedSessions { subject: subject.to_vec(), until })
            .collect();
        Ok(Response::new(pb::GetKeySetResponse { keys: keys.into_iter().map(wire).collect(), ended }))
    }

    async fn issue_credential(
        &self,
        request: Request<pb::IssueCredentialRequest>,
    ) -> Result<Response<pb::IssueCredentialResponse>, Status> {
        self.rate_limit.take(Peer::from_request(&request))?;
        let connection = request.extensions().get::<usher_net::Peer>().cloned();
        let message = request.into_inner();
        let (signed, everywhere) = self.keys.issue(&self.signer, &message.name, &message.key).await?;
        // This is the connection of a service, which will fetch keys and credentials over it. A key that is bound to
        // one workspace belongs to a customer, so it doesn't count.
        if let Some(connection) = connection.filter(|_| everywhere) {
            connection.vouch();
        }
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
        let key = self.signer.rotate(&ctx).await?;
        Ok(Response::new(pb::RotateKeysResponse { key: Some(wire(key)) }))
    }

    async fn list_keys(
        &self,
        request: Request<pb::ListKeysRequest>,
    ) -> Result<Response<pb::ListKeysResponse>, Status> {
        let (ctx, _) = open(request)?;
        let keys = self.signer.list(&ctx).await?;
        let signs = self.signer.current_kid().await;
        let keys = keys.into_iter().map(|key| pb::SigningKey {
            signs: key.kid == signs,
            kid: key.kid,
            create_time: Some(to_wire(key.created_at.0)),
            revoke_time: key.revoked_at.map(|at| to_wire(at.0)),
        });
        Ok(Response::new(pb::ListKeysResponse { keys: keys.collect() }))
    }

    async fn revoke_key(
        &self,
        request: Request<pb::RevokeKeyRequest>,
    ) -> Result<Response<pb::RevokeKeyResponse>, Status> {
        let (ctx, message) = open(request)?;
        self.signer.revoke(&ctx, &message.kid).await?;
        Ok(Response::new(pb::RevokeKeyResponse {}))
    }
}
