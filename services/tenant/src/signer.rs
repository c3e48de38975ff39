//! Signs internal credentials, and publishes the keys that verify them.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::RwLock;
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::{PublicKey, SigningKey};
use usher_base::{Actor, Audience, Claims, Clock, KeySet, Permission, TenantScope};
use usher_rpc::{KeySource, KeySourceError};
use usher_store::Database;
use uuid::Uuid;

use crate::error::TenantError;
use crate::store::signing_keys as store;

/// Life of a SCIM client's and of a service's credential.
pub(crate) const SHORT: SignedDuration = SignedDuration::from_mins(10);
/// Life of an operator's and of an admin's credential.
pub(crate) const LONG: SignedDuration = SignedDuration::from_hours(1);
/// How soon each replica signs with a key that another one made.
pub(crate) const RELOAD: Duration = Duration::from_secs(30);

/// Who a credential is for.
pub(crate) struct Grant {
    pub(crate) actor: Actor,
    pub(crate) audiences: Vec<Audience>,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) permissions: BTreeSet<Permission>,
    pub(crate) policy_version: Option<i64>,
    pub(crate) life: SignedDuration,
}

/// A signed credential.
pub(crate) struct Signed {
    pub(crate) credential: String,
    pub(crate) expires_at: Timestamp,
}

/// Holds the current key. Clones share it.
#[derive(Clone)]
pub(crate) struct Signer {
    database: Database,
    clock: Clock,
    current: Arc<RwLock<Arc<SigningKey>>>,
}

impl Signer {
    /// Reads the newest key, making the first one where there is none.
    pub(crate) async fn load(database: Database, clock: Clock) -> Result<Self, TenantError> {
        let key = if let Some(key) = store::newest(&database).await? {
            key
        } else {
            let key = SigningKey::generate()?;
            store::insert_first(&database, &key, clock.now()).await?;
            // Another replica may have been faster.
            store::newest(&database).await?.unwrap_or(key)
        };
        Ok(Self { database, clock, current: Arc::new(RwLock::new(Arc::new(key))) })
    }

    /// Signs a credential.
    pub(crate) async fn sign(&self, grant: Grant) -> Result<Signed, TenantError> {
        let now = self.clock.now();
        let expires_at = now + grant.life;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: grant.actor.to_string(),
            aud: grant.audiences,
            tid: grant.workspace,
            scp: grant.permissions,
            pol: grant.policy_version,
            iat: now.as_second(),
            exp: expires_at.as_second(),
            jti: Uuid::new_v4().to_string(),
        };
        let key = Arc::clone(&*self.current.read().await);
        if grant.life > LONG {
            store::need_until(&self.database, &key.public().kid, expires_at).await?;
        }
        let credential = key.sign(&claims)?;
        let expires_at = Timestamp::from_second(claims.exp).unwrap_or(expires_at);
        Ok(Signed { credential, expires_at })
    }

    /// The scope of a workspace for what the service does on its own account: judging a password
    /// before anybody is known. It comes from a credential that the service signs for itself.
    pub(crate) async fn own_scope(&self, workspace: WorkspaceId) -> Result<TenantScope, TenantError> {
        let signed = self
            .sign(Grant {
                actor: Actor::Service("tenant".to_owned()),
                audiences: vec![Audience::Tenant],
                workspace: Some(workspace),
                permissions: BTreeSet::new(),
                policy_version: None,
                life: SHORT,
            })
            .await?;
        let key = Arc::clone(&*self.current.read().await);
        let verified = KeySet::new([key.public()])?
            .verify(&signed.credential, Audience::Tenant, self.clock.now())
            .map_err(TenantError::OwnCredential)?;
        Ok(verified.scope(None)?)
    }

    /// The keys to publish.
    pub(crate) async fn published(&self) -> Result<Vec<PublicKey>, TenantError> {
        let keys = store::published(&self.database, self.clock.now()).await?;
        Ok(keys.iter().map(|key| key.public().clone()).collect())
    }

    /// Makes a new key and signs with it from now on. The old one stays published until everything
    /// that any replica may have signed with it has ended.
    pub(crate) async fn rotate(&self) -> Result<PublicKey, TenantError> {
        let key = SigningKey::generate()?;
        let now = self.clock.now();
        let reload = SignedDuration::try_from(RELOAD).unwrap_or(LONG);
        store::rotate(&self.database, &key, now, now + LONG + reload + reload).await?;
        let public = key.public().clone();
        *self.current.write().await = Arc::new(key);
        Ok(public)
    }

    /// Takes up a key that another replica made.
    pub(crate) async fn reload(&self) -> Result<(), TenantError> {
        if let Some(newest) = store::newest(&self.database).await? {
            let mut current = self.current.write().await;
            if current.public() != newest.public() {
                tracing::info!(kid = newest.public().kid, "signing with a new key");
                *current = Arc::new(newest);
            }
        }
        Ok(())
    }
}

/// Tenant verifies its callers with its own database's keys.
impl KeySource for Signer {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
        Box::pin(async {
            let keys = self.published().await.map_err(|error| KeySourceError(error.to_string()))?;
            KeySet::new(&keys).map_err(|error| KeySourceError(error.to_string()))
        })
    }
}
