//! A service's own credential, kept fresh.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tonic::transport::Channel;
use usher_base::secret::ServiceKey;
use usher_base::{Clock, Reason};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;

use crate::Failure;
use crate::convert::from_wire;

/// How long a credential is used before a new one is asked for.
const RENEW: SignedDuration = SignedDuration::from_secs(5);

/// Gets credentials from tenant for a service's key. Clones share them.
#[derive(Clone, Debug)]
pub struct ServiceCredential(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    key: ServiceKey,
    clock: Clock,
    client: CredentialServiceClient<Channel>,
    current: Mutex<Option<Current>>,
}

#[derive(Clone, Debug)]
struct Current {
    credential: Arc<str>,
    renew_at: Timestamp,
    ends_at: Timestamp,
}

impl ServiceCredential {
    /// For the service `name` with its key; asks tenant over `channel`.
    pub fn new(name: &str, key: ServiceKey, channel: Channel, clock: Clock) -> Self {
        let client = CredentialServiceClient::new(channel);
        Self(Arc::new(Inner { name: name.to_owned(), key, clock, client, current: Mutex::default() }))
    }

    /// The current credential. After [`RENEW`] a new one is asked for, so that a signing key that is
    /// revoked takes no service with it; if there is none to be had, the old one serves to its end.
    ///
    /// # Errors
    /// Tenant refuses the key, or does not answer and there is no credential left.
    pub async fn current(&self) -> Result<Arc<str>, Failure> {
        let mut current = self.0.current.lock().await;
        let now = self.0.clock.now();
        if let Some(held) = current.as_ref().filter(|held| now < held.renew_at) {
            return Ok(Arc::clone(&held.credential));
        }
        match self.renew(now).await {
            Ok(renewed) => {
                let credential = Arc::clone(&renewed.credential);
                *current = Some(renewed);
                Ok(credential)
            }
            Err(failure) => match current.as_mut().filter(|held| now < held.ends_at) {
                Some(held) => {
                    // One call in a while waits for a tenant that is away, not each.
                    held.renew_at = self.0.clock.now() + RENEW;
                    Ok(Arc::clone(&held.credential))
                }
                None => Err(failure),
            },
        }
    }

    async fn renew(&self, now: Timestamp) -> Result<Current, Failure> {
        let message =
            pb::IssueCredentialRequest { name: self.0.name.clone(), key: self.0.key.expose().to_owned() };
        let mut request = tonic::Request::new(message);
        request.set_timeout(Duration::from_secs(5));
        let answer =
            self.0.client.clone().issue_credential(request).await.map_err(Failure::from)?.into_inner();
        let ends_at = answer
            .expire_time
            .and_then(|at| from_wire("expire_time", at).ok())
            .ok_or_else(|| Failure::new(Reason::Internal, "tenant sent a credential without an end"))?;
        Ok(Current { credential: answer.credential.into(), renew_at: now + RENEW, ends_at })
    }
}
