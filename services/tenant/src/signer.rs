//! Signs internal credentials, and publishes the keys that verify them.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::{Mutex, RwLock};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::{PublicKey, SigningKey};
use usher_base::{Actor, Audience, CallContext, Claims, Clock, KeySet, Permission, TenantScope};
use usher_rpc::{KeySource, KeySourceError};
use usher_store::Database;
use uuid::Uuid;

use crate::audit::{Action, AuditEntry};
use crate::error::TenantError;
use crate::keyring::Keyring;
use crate::store::{ended_sessions, signing_keys};

/// The permission of the service's own credential, which never leaves [`Signer::own_scope`].
const OWN: Permission = Permission::WorkspaceAdmin;
/// Lifetime of the credentials of SCIM clients and services.
pub(crate) const SHORT: SignedDuration = SignedDuration::from_mins(10);
/// Lifetime of the credentials of operators and admins.
pub(crate) const LONG: SignedDuration = SignedDuration::from_hours(1);
/// How often replicas reload the keys: they start to use a new key, and stop using a revoked one, within this time.
pub(crate) const RELOAD: Duration = Duration::from_secs(5);
/// How long a revoked key, which no longer signs, is still published: until every service has a credential of the new
/// key. Together with the 10 s after which verifiers fetch the keys again, this is less than the 30 s after which a
/// revoked key is trusted nowhere.
const GRACE: SignedDuration = SignedDuration::from_secs(12);
/// How long a key signs before it is replaced.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long ended bearers are published: admins' sessions and service keys, whose credentials have the lifetime
/// [`LONG`].
const ENDED: SignedDuration = SignedDuration::from_mins(65);
/// The maximum age of the published data.
const PUBLISHED: Duration = Duration::from_secs(1);

/// The properties of a credential.
pub(crate) struct Grant {
    pub(crate) actor: Actor,
    pub(crate) audiences: Vec<Audience>,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) permissions: BTreeSet<Permission>,
    pub(crate) policy_version: Option<i64>,
    pub(crate) life: SignedDuration,
    /// When the bearer's earlier credentials ended. The time of this one is later, in whole seconds.
    pub(crate) after: Option<Timestamp>,
    /// Lookup id of the service key that it is issued for.
    pub(crate) key: Option<String>,
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
    keyring: Keyring,
    clock: Clock,
    current: Arc<RwLock<Arc<SigningKey>>>,
    /// The published data, cached for [`PUBLISHED`], so that unauthenticated calls cause no database statements.
    published: Arc<Mutex<Option<(Instant, Published)>>>,
}

/// The data that verifiers need.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) ended: Vec<([u8; 32], i64)>,
}

impl Signer {
    /// Loads the newest key, and creates the first one if there is none. A key that was stored unencrypted by an
    /// earlier version is encrypted, and no longer signs.
    pub(crate) async fn load(
        database: Database,
        keyring: Keyring,
        clock: Clock,
    ) -> Result<Self, TenantError> {
        for row in signing_keys::list_live(&database, clock.now(), clock.now()).await? {
            if row.pkcs8.is_some()
                && let Some(key) = row.open(&keyring)
            {
                signing_keys::seal(&database, &sealed(&keyring, &key)?).await?;
                if !row.retired {
                    replace(&database, &keyring, clock.now(), Some(&row.kid), None).await?;
                }
            }
        }
        let key = usable(&database, &keyring, &clock).await?;
        let current = Arc::new(RwLock::new(Arc::new(key)));
        Ok(Self { database, keyring, clock, current, published: Arc::default() })
    }

    pub(crate) async fn sign(&self, grant: Grant) -> Result<Signed, TenantError> {
        let now = self.clock.now();
        let issued_at =
            grant.after.map_or(now.as_second(), |ended| now.as_second().max(ended.as_second() + 1));
        let expires_at = now + grant.life;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: grant.actor.to_string(),
            aud: grant.audiences,
            tid: grant.workspace,
            scp: grant.permissions,
            pol: grant.policy_version,
            iat: issued_at,
            nbf: issued_at,
            exp: expires_at.as_second(),
            jti: Uuid::new_v4().to_string(),
            key: grant.key,
        };
        let key = Arc::clone(&*self.current.read().await);
        if grant.life > LONG {
            signing_keys::need_until(&self.database, &key.public().kid, expires_at).await?;
        }
        let credential = key.sign(&claims)?;
        let expires_at = Timestamp::from_second(claims.exp).unwrap_or(expires_at);
        Ok(Signed { credential, expires_at })
    }

    /// The scope of a workspace for work without a caller, such as checking a password. The service signs the
    /// credential for it itself.
    pub(crate) async fn own_scope(&self, workspace: WorkspaceId) -> Result<TenantScope, TenantError> {
        let signed = self
            .sign(Grant {
                actor: Actor::Service("tenant".to_owned()),
                audiences: vec![Audience::Tenant],
                workspace: Some(workspace),
                permissions: [OWN].into(),
                policy_version: None,
                life: SHORT,
                after: None,
                key: None,
            })
            .await?;
        let key = Arc::clone(&*self.current.read().await);
        let verified = KeySet::new([key.public()])?
            .verify(&signed.credential, Audience::Tenant, self.clock.now())
            .map_err(TenantError::OwnCredential)?;
        let ctx = CallContext::background(self.clock.clone(), verified, workspace, "tenant");
        Ok(ctx.scope(OWN)?)
    }

    /// The data to publish. Includes only keys that this service's own keys can decrypt, so that a row which somebody
    /// else wrote into the database is not trusted.
    pub(crate) async fn published(&self) -> Result<Published, TenantError> {
        let mut held = self.published.lock().await;
        if let Some((_, published)) = held.as_ref().filter(|(at, _)| at.elapsed() < PUBLISHED) {
            return Ok(published.clone());
        }
        let asked = Instant::now();
        let now = self.clock.now();
        let rows = signing_keys::list_live(&self.database, now, now - GRACE).await?;
        let opened = rows.iter().filter_map(|row| row.open(&self.keyring));
        let published = Published {
            keys: opened.map(|key| key.public().clone()).collect(),
            ended: ended_sessions::list(&self.database, now - ENDED).await?,
        };
        *held = Some((asked, published.clone()));
        Ok(published)
    }

    /// All stored keys.
    pub(crate) async fn list(&self, ctx: &CallContext) -> Result<Vec<signing_keys::StoredKey>, TenantError> {
        ctx.require(Permission::TenantAdmin)?;
        Ok(signing_keys::list(&self.database).await?)
    }

    /// The id of the signing key.
    pub(crate) async fn current_kid(&self) -> String {
        self.current.read().await.public().kid.clone()
    }

    /// Creates a new signing key. The old one stays published until all credentials that any replica may have signed
    /// with it have expired.
    pub(crate) async fn rotate(&self, ctx: &CallContext) -> Result<PublicKey, TenantError> {
        ctx.require(Permission::TenantAdmin)?;
        let signed = self.current_kid().await;
        let entry = AuditEntry::new(ctx, Action::RotateSigningKey, &signed, json!({}));
        replace(&self.database, &self.keyring, self.clock.now(), Some(&signed), Some(entry)).await?;
        self.reload().await?;
        Ok(self.current.read().await.public().clone())
    }

    /// Revokes a key. If it was the signing key, creates a new one.
    pub(crate) async fn revoke(&self, ctx: &CallContext, kid: &str) -> Result<(), TenantError> {
        ctx.require(Permission::TenantAdmin)?;
        let entry = AuditEntry::new(ctx, Action::RevokeSigningKey, kid, json!({}));
        if !signing_keys::revoke(&self.database, kid, entry).await? {
            return Err(TenantError::NotFound { what: "signing key", name: kid.chars().take(64).collect() });
        }
        self.reload().await?;
        Ok(signing_keys::announce_everything(&self.database).await?)
    }

    /// Starts to use a key that another replica created. Creates one if the newest is too old, revoked or missing.
    pub(crate) async fn reload(&self) -> Result<(), TenantError> {
        let newest = usable(&self.database, &self.keyring, &self.clock).await?;
        let mut current = self.current.write().await;
        if current.public() != newest.public() {
            tracing::info!(kid = newest.public().kid, "signing with a new key");
            *current = Arc::new(newest);
        }
        drop(current);
        *self.published.lock().await = None;
        Ok(())
    }
}

/// The key to sign with: the newest one if it can be decrypted and is not too old, otherwise a new one.
async fn usable(database: &Database, keyring: &Keyring, clock: &Clock) -> Result<SigningKey, TenantError> {
    // If another replica is faster, its key is the newest one then.
    for _ in 0..3 {
        let now = clock.now();
        let rows = signing_keys::list_live(database, now, now).await?;
        let newest = rows.iter().find(|row| !row.retired);
        if let Some(row) = newest
            && row.created_at.0 + MAX_AGE > now
            && let Some(key) = row.open(keyring)
        {
            return Ok(key);
        }
        replace(database, keyring, now, newest.map(|row| row.kid.as_str()), None).await?;
    }
    Err(TenantError::NoSigningKey)
}

/// Creates a key that replaces the signing key, unless another replica was faster.
async fn replace(
    database: &Database,
    keyring: &Keyring,
    now: Timestamp,
    signed: Option<&str>,
    entry: Option<AuditEntry>,
) -> Result<(), TenantError> {
    let key = sealed(keyring, &SigningKey::generate()?)?;
    let reload = SignedDuration::try_from(RELOAD).unwrap_or(LONG);
    signing_keys::replace(database, signed, &key, (now, now + LONG + reload + reload), entry).await?;
    Ok(())
}

fn sealed(keyring: &Keyring, key: &SigningKey) -> Result<signing_keys::SealedKey, TenantError> {
    let kid = key.public().kid.clone();
    let sealed = keyring.seal(&kid, key.to_pkcs8_der()).ok_or(TenantError::NoSigningKey)?;
    Ok(signing_keys::SealedKey { kid, sealed })
}

/// Tenant verifies its callers with the keys in its own database.
impl KeySource for Signer {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
        Box::pin(async {
            let Published { keys, ended } =
                self.published().await.map_err(|error| KeySourceError(error.to_string()))?;
            let keys = KeySet::new(&keys).map_err(|error| KeySourceError(error.to_string()))?;
            Ok(keys.with_ended(ended))
        })
    }
}
