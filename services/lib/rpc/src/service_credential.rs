//! A service's own credential, which is renewed continuously.

use std::sync::{Arc, PoisonError, RwLock};
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

/// How long a credential is used before a new one is requested.
const RENEW: SignedDuration = SignedDuration::from_secs(5);

/// Requests credentials from tenant with a service key. Clones share them.
#[derive(Clone, Debug)]
pub struct ServiceCredential(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    key: ServiceKey,
    clock: Clock,
    client: CredentialServiceClient<Channel>,
    held: RwLock<Option<Current>>,
    /// Held while a new credential is requested.
    renewal: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Current {
    credential: Arc<str>,
    renew_at: Timestamp,
    ends_at: Timestamp,
}

impl ServiceCredential {
    /// Creates the credential of the service `name` with its key. Requests are sent to tenant over `channel`.
    pub fn new(name: &str, key: ServiceKey, channel: Channel, clock: Clock) -> Self {
        let client = CredentialServiceClient::new(channel);
        let (held, renewal) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Inner { name: name.to_owned(), key, clock, client, held, renewal }))
    }

    /// The current credential. After [`RENEW`] one caller requests a new one, so that the revocation of a signing key
    /// does not interrupt services. The others do not wait for it: they use the old one, until it expires if no new
    /// one can be had.
    ///
    /// # Errors
    /// Tenant refuses the key, or is unavailable and no valid credential is left.
    pub async fn current(&self) -> Result<Arc<str>, Failure> {
        let _renewal = match (self.held(|held| held.renew_at), self.held(|held| held.ends_at)) {
            (Some(fresh), _) => return Ok(fresh),
            (None, Some(alive)) => match self.0.renewal.try_lock() {
                Ok(renewal) => renewal,
                Err(_) => return Ok(alive),
            },
            (None, None) => self.0.renewal.lock().await,
        };
        // A caller that waited uses the result of the one before.
        if let Some(fresh) = self.held(|held| held.renew_at) {
            return Ok(fresh);
        }
        let renewed = self.renew(self.0.clock.now()).await;
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now();
        match (renewed, held.as_mut().filter(|held| now < held.ends_at)) {
            (Ok(renewed), _) => Ok(Arc::clone(&held.insert(renewed).credential)),
            (Err(_), Some(alive)) => {
                // While tenant is unavailable, not every call should ask it again.
                alive.renew_at = now + RENEW;
                Ok(Arc::clone(&alive.credential))
            }
            (Err(failure), None) => Err(failure),
        }
    }

    /// The cached credential, if the time that `until` selects has not passed.
    fn held(&self, until: impl Fn(&Current) -> Timestamp) -> Option<Arc<str>> {
        let held = self.0.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|held| self.0.clock.now() < until(held))?;
        Some(Arc::clone(&held.credential))
    }

    async fn renew(&self, now: Timestamp) -> Result<Current, Failure> {
        let message =
            pb::IssueCredentialRequest { name: self.0.name.clone(), key: self.0.key.expose().to_owned() };
        let mut request = tonic::Request::new(message);
        request.set_timeout(Duration::from_secs(5));
        let answer =
            self.0.client.clone().issue_credential(request).await.map_err(Failure::from)?.into_inner();
        let ends_at =
            answer.expire_time.and_then(|at| from_wire("expire_time", at).ok()).ok_or_else(|| {
                Failure::new(Reason::Internal, "tenant sent a credential without an expiry time")
            })?;
        Ok(Current { credential: answer.credential.into(), renew_at: now + RENEW, ends_at })
    }
}
