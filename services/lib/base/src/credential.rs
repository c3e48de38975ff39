//! Internal credentials: what tenant signs and every service verifies.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::actor::Actor;
use crate::audience::Audience;
use crate::fault::Fault;
use crate::id::WorkspaceId;
use crate::jwt;
use crate::key::{KeyError, PublicKey};
use crate::permission::Permission;
use crate::reason::Reason;
use crate::scope::TenantScope;

/// Who signs all of them.
pub const ISSUER: &str = "usher-tenant";

/// The claims of a credential (RFC 7519).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// [`ISSUER`].
    pub iss: String,
    /// The actor, printed.
    pub sub: String,
    /// The services it is for.
    pub aud: Vec<Audience>,
    /// The one workspace it is for; absent for services and operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<WorkspaceId>,
    /// What it permits.
    pub scp: BTreeSet<Permission>,
    /// Version of the workspace's policy when it was signed; absent where there is no workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pol: Option<i64>,
    /// Signed at, seconds since 1970.
    pub iat: i64,
    /// Not good before, seconds since 1970.
    #[serde(default)]
    pub nbf: i64,
    /// Ends at, seconds since 1970.
    pub exp: i64,
    /// Unique id.
    pub jti: String,
    /// Look-up id of the service key that it was given for; absent where it was given for something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Why a credential is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Caller: send `authorization: Bearer <credential>`.
    #[error("the call carries no credential; send it as \"authorization: Bearer …\"")]
    Missing,
    /// Caller: get a new one.
    #[error("the credential is not valid")]
    Invalid,
    /// Signed by a key that is not in the set; the verifier may fetch the set again.
    #[error("the credential is not valid")]
    UnknownKey(String),
    /// Caller: get a new one.
    #[error("the credential has expired")]
    Expired,
    /// Caller: this one is for another service.
    #[error("the credential is for another service")]
    Audience,
}

impl Fault for CredentialError {
    fn reason(&self) -> Reason {
        match self {
            Self::Missing => Reason::CredentialMissing,
            Self::Invalid | Self::UnknownKey(_) => Reason::CredentialInvalid,
            Self::Expired => Reason::CredentialExpired,
            Self::Audience => Reason::CredentialAudience,
        }
    }
}

/// What a verified caller may not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The credential lacks a permission.
    #[error("the credential does not permit {}", .0.as_str())]
    Permission(Permission),
    /// The credential is of another workspace, which for its bearer does not exist.
    #[error("there is no such workspace")]
    OtherWorkspace,
    /// The call must name its workspace.
    #[error("name the workspace with the metadata key \"usher-workspace\"")]
    WorkspaceMissing,
}

impl Fault for Denied {
    fn reason(&self) -> Reason {
        match self {
            Self::Permission(_) => Reason::PermissionDenied,
            Self::OtherWorkspace => Reason::NotFound,
            Self::WorkspaceMissing => Reason::InvalidArgument,
        }
    }
}

/// A verified credential. The only way to one is [`KeySet::verify`].
#[derive(Clone, Debug)]
pub struct Credential {
    actor: Actor,
    audiences: Vec<Audience>,
    workspace: Option<WorkspaceId>,
    permissions: BTreeSet<Permission>,
    policy_version: Option<i64>,
    issued_at: i64,
    expires_at: Timestamp,
    key_id: String,
    /// Look-up id of the service key that it was given for.
    service_key: Option<String>,
}

impl Credential {
    /// Who bears it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The one workspace it is bound to.
    pub const fn workspace(&self) -> Option<WorkspaceId> {
        self.workspace
    }

    /// The version of the workspace's policy when it was signed.
    pub const fn policy_version(&self) -> Option<i64> {
        self.policy_version
    }

    /// When it was signed, in seconds since 1970.
    pub const fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When it ends.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether it is for `audience`.
    pub fn is_for(&self, audience: Audience) -> bool {
        self.audiences.contains(&audience)
    }

    /// Whether it permits something.
    pub fn permits(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Asks for a permission.
    ///
    /// # Errors
    /// The credential lacks it.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.permits(permission) { Ok(()) } else { Err(Denied::Permission(permission)) }
    }

    /// Asks for a credential of all workspaces: whoever is bound to one sees no others.
    ///
    /// # Errors
    /// It is bound to a workspace.
    pub const fn require_unbound(&self) -> Result<(), Denied> {
        if self.workspace.is_some() { Err(Denied::OtherWorkspace) } else { Ok(()) }
    }

    /// The scope of the workspace that it is bound to, or, where it is bound to none, of the one requested.
    ///
    /// # Errors
    /// It is bound to another workspace than requested, or to none and none is requested.
    pub fn scope(&self, requested: Option<WorkspaceId>) -> Result<TenantScope, Denied> {
        match (self.workspace, requested) {
            (Some(bound), Some(requested)) if bound != requested => Err(Denied::OtherWorkspace),
            (Some(workspace), _) | (None, Some(workspace)) => {
                Ok(TenantScope::verified(workspace, matches!(self.actor, Actor::Service(_))))
            }
            (None, None) => Err(Denied::WorkspaceMissing),
        }
    }
}

/// The bearer of a credential as [`KeySet::with_ended`] names it: the SHA-256 of the printed actor, so that
/// what is published names no one.
pub fn subject_digest(actor: &Actor) -> [u8; 32] {
    Sha256::digest(actor.to_string()).into()
}

/// A service key as [`KeySet::with_ended`] names it: what it was given for has ended with it. No actor prints like this.
pub fn service_key_digest(lookup_id: &str) -> [u8; 32] {
    Sha256::digest(format!("service-key:{lookup_id}")).into()
}

/// How long a credential may live, by its bearer: an operator's may be made for a week by who holds the
/// database; what is signed for longer was not signed by tenant.
const fn longest_life(actor: &Actor) -> i64 {
    match actor {
        Actor::Scim { .. } | Actor::Service(_) => 10 * 60,
        Actor::Admin(_) => 60 * 60,
        Actor::Operator(_) => 7 * 24 * 60 * 60,
    }
}

/// Clocks of two machines may differ by so many seconds.
const SKEW: i64 = 30;

/// The keys whose signatures are believed, and the bearers whose older credentials are not.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: HashMap<String, DecodingKey>,
    ended: HashMap<[u8; 32], i64>,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

impl KeySet {
    /// Makes a set of published keys.
    ///
    /// # Errors
    /// A key is malformed.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Result<Self, KeyError> {
        keys.into_iter()
            .map(|key| Ok((key.kid.clone(), key.decoding()?)))
            .collect::<Result<HashMap<_, _>, _>>()
            .map(|keys| Self { keys, ended: HashMap::new() })
    }

    /// With bearers, by [`subject_digest`], and service keys, by [`service_key_digest`], whose credentials signed
    /// at or before a second since 1970 are not accepted any more.
    #[must_use]
    pub fn with_ended(self, ended: impl IntoIterator<Item = ([u8; 32], i64)>) -> Self {
        Self { ended: ended.into_iter().collect(), ..self }
    }

    /// Whether the set has no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a credential that was verified by an earlier set would be accepted by this one, its time apart.
    pub fn still_trusts(&self, credential: &Credential) -> bool {
        self.keys.contains_key(&credential.key_id)
            && !self.has_ended(&credential.actor, credential.service_key.as_deref(), credential.issued_at)
    }

    fn has_ended(&self, actor: &Actor, service_key: Option<&str>, issued_at: i64) -> bool {
        let ended = |digest| self.ended.get(&digest).is_some_and(|ended| issued_at <= *ended);
        !self.ended.is_empty()
            && (ended(subject_digest(actor)) || service_key.map(service_key_digest).is_some_and(ended))
    }

    /// Checks signature, issuer, time, length of life and audience, and that it was not ended.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub fn verify(
        &self,
        token: &str,
        audience: Audience,
        now: Timestamp,
    ) -> Result<Credential, CredentialError> {
        jwt::prepare();
        let header = jsonwebtoken::decode_header(token).map_err(|_| CredentialError::Invalid)?;
        let kid = header.kid.ok_or(CredentialError::Invalid)?;
        let key = self.keys.get(&kid).ok_or_else(|| CredentialError::UnknownKey(kid.clone()))?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The library reads the system's clock and knows audiences as strings; both are judged below.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_issuer(&[ISSUER]);
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|_| CredentialError::Invalid)?
            .claims;
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| CredentialError::Invalid)?;
        if now >= expires_at {
            return Err(CredentialError::Expired);
        }
        if !claims.aud.contains(&audience) {
            return Err(CredentialError::Audience);
        }
        let actor: Actor = claims.sub.parse().map_err(|_| CredentialError::Invalid)?;
        let early = claims.iat.max(claims.nbf) > now.as_second() + SKEW;
        if early
            || claims.exp.saturating_sub(claims.iat) > longest_life(&actor)
            || self.has_ended(&actor, claims.key.as_deref(), claims.iat)
        {
            return Err(CredentialError::Invalid);
        }
        Ok(Credential {
            actor,
            audiences: claims.aud,
            workspace: claims.tid,
            permissions: claims.scp,
            policy_version: claims.pol,
            issued_at: claims.iat,
            expires_at,
            key_id: kid,
            service_key: claims.key,
        })
    }
}

#[cfg(test)]
mod tests;
