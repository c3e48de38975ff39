//! The source of the keys that verify credentials.

use std::future::Future;
use std::pin::Pin;

use tonic::transport::Channel;
use usher_base::KeySet;
use usher_base::key::PublicKey;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;

/// The keys can't be fetched at present.
#[derive(Debug, thiserror::Error)]
#[error("the keys that verify credentials can't be fetched: {0}")]
pub struct KeySourceError(pub String);

/// Provides the current keys.
pub trait KeySource: Send + Sync + 'static {
    /// Fetches the published keys.
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>>;
}

/// Keys that never change, for tests.
#[derive(Clone, Debug)]
pub struct StaticKeys(pub KeySet);

impl KeySource for StaticKeys {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// The keys that the tenant service publishes.
#[derive(Clone, Debug)]
pub struct TenantKeys {
    client: CredentialServiceClient<Channel>,
}

impl TenantKeys {
    /// Fetches keys over `channel`.
    pub fn new(channel: Channel) -> Self {
        Self { client: CredentialServiceClient::new(channel) }
    }
}

impl KeySource for TenantKeys {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
        Box::pin(async {
            let mut request = tonic::Request::new(pb::GetKeySetRequest {});
            request.set_timeout(std::time::Duration::from_secs(2));
            let answer = self.client.clone().get_key_set(request).await;
            let pb::GetKeySetResponse { keys, ended } =
                answer.map_err(|status| KeySourceError(status.message().to_owned()))?.into_inner();
            let keys: Vec<PublicKey> =
                keys.into_iter().map(|key| PublicKey { kid: key.kid, x: key.x }).collect();
            let ended: Vec<_> = ended
                .into_iter()
                .map(|ended| Ok((ended.subject.try_into()?, ended.until)))
                .collect::<Result<_, Vec<u8>>>()
                .map_err(|_| KeySourceError("tenant sent an ended session without its bearer".to_owned()))?;
            let keys = KeySet::new(&keys).map_err(|error| KeySourceError(error.to_string()))?;
            Ok(keys.with_ended(ended))
        })
    }
}
