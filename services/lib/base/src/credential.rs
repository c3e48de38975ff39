//! Internal credentials, which the tenant service signs and every service verifies.

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

/// The issuer of all credentials.
pub const ISSUER: &str = "usher-tenant";

/// The claims of a credential (RFC 7519).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer: always [`ISSUER`].
    pub iss: String,
    /// The printed actor.
    pub sub: String,
    /// The services that accept it.
    pub aud: Vec<Audience>,
    /// The only workspace that it is valid for; `None` for services and operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<WorkspaceId>,
    /// The permissions.
    pub scp: BTreeSet<Permission>,
    /// The version of the workspace's policy at signing time; `None` if there is no workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pol: Option<i64>,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Not valid before, in seconds since 1970.
    #[serde(default)]
    pub nbf: i64,
    /// Expires at, in seconds since 1970.
    pub exp: i64,
    /// A unique id.
    pub jti: String,
    /// The lookup id of the service key that it was issued for; `None` if it was issued for something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Why a credential was not accepted. Each variant says what the caller should do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Send `authorization: Bearer <credential>`.
    #[error("the call carries no credential; send it as \"authorization: Bearer …\"")]
    Missing,
    /// Get a new credential.
    #[error("the credential is not valid")]
    Invalid,
    /// The signing key is not in the set. The verifier may fetch the set again.
    #[error("the credential is not valid")]
    UnknownKey(String),
    /// Get a new credential.
    #[error("the credential has expired")]
    Expired,
    /// Use a credential for this service.
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

/// Why a verified caller may not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The credential lacks a permission.
    #[error("the credential does not permit {}", .0.as_str())]
    Permission(Permission),
    /// The credential belongs to another workspace, so for its bearer this one does not exist.
    #[error("there is no such workspace")]
    OtherWorkspace,
    /// The call does not name a workspace, and must.
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

/// A verified credential. Only [`KeySet::verify`] creates one.
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
    /// The lookup id of the service key that it was issued for.
    service_key: Option<String>,
}

impl Credential {
    /// The bearer.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The only workspace that it is valid for.
    pub const fn workspace(&self) -> Option<WorkspaceId> {
        self.workspace
    }

    /// The version of the workspace's policy at signing time.
    pub const fn policy_version(&self) -> Option<i64> {
        self.policy_version
    }

    /// When it was signed, in seconds since 1970.
    pub const fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When it expires.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether `audience` accepts it.
    pub fn is_for(&self, audience: Audience) -> bool {
        self.audiences.contains(&audience)
    }

    /// Whether it includes a permission.
    pub fn permits(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Requires a permission.
    ///
    /// # Errors
    /// The credential does not have it.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.permits(permission) { Ok(()) } else { Err(Denied::Permission(permission)) }
    }

    /// Requires any one of some permissions. An empty list does not compile.
    ///
    /// # Errors
    /// The credential has none of them. The error names the first.
    pub fn require_any<const N: usize>(&self, sufficient: [Permission; N]) -> Result<(), Denied> {
        const { assert!(N > 0, "there must be a permission") }
        if sufficient.iter().any(|permission| self.permits(*permission)) {
            Ok(())
        } else {
            Err(Denied::Permission(sufficient[0]))
        }
    }

    /// Asks for a credential of all workspaces: whoever is bound to one sees no others.
    ///
    /// # Errors
    /// It is bound to a workspace.
    pub const fn require_unbound(&self) -> Result<(), Denied> {
        if self.workspace.is_some() { Err(Denied::OtherWorkspace) } else { Ok(()) }
    }

    /// The workspace that it is bound to, or, where it is bound to none, the one requested.
    ///
    /// # Errors
    /// The credential is bound to another workspace than the requested one, or no workspace is known at all.
    pub fn workspace_of(&self, requested: Option<WorkspaceId>) -> Result<WorkspaceId, Denied> {
        match (self.workspace, requested) {
            (Some(bound), Some(requested)) if bound != requested => Err(Denied::OtherWorkspace),
            (Some(workspace), _) | (None, Some(workspace)) => Ok(workspace),
            (None, None) => Err(Denied::WorkspaceMissing),
        }
    }
}

/// Identifies a bearer to [`KeySet::with_ended`]: the SHA-256 of the printed actor, so that the published list
/// contains no names.
pub fn subject_digest(actor: &Actor) -> [u8; 32] {
    Sha256::digest(actor.to_string()).into()
}

/// Identifies a service key to [`KeySet::with_ended`]. The credentials that were issued for the key end with it. No
/// printed actor has the same digest input.
pub fn service_key_digest(lookup_id: &str) -> [u8; 32] {
    Sha256::digest(format!("service-key:{lookup_id}")).into()
}

/// The maximum lifetime of a credential in seconds, by its bearer. The owner of the database can issue an operator's
/// credential for a week. The tenant service never signs a longer one.
const fn longest_life(actor: &Actor) -> i64 {
    match actor {
        Actor::Scim { .. } | Actor::Service(_) => 10 * 60,
        Actor::Admin(_) => 60 * 60,
        Actor::Operator(_) => 7 * 24 * 60 * 60,
    }
}

/// The maximum difference between the clocks of two machines, in seconds.
const SKEW: i64 = 30;

/// The trusted keys, and the bearers whose older credentials have ended.
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

    /// Adds bearers (by [`subject_digest`]) and service keys (by [`service_key_digest`]), each with a time in seconds
    /// since 1970. Their credentials that were signed at or before this time are no longer accepted.
    #[must_use]
    pub fn with_ended(self, ended: impl IntoIterator<Item = ([u8; 32], i64)>) -> Self {
        Self { ended: ended.into_iter().collect(), ..self }
    }

    /// Whether the set contains no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether this set would accept a credential that an earlier set verified, apart from its expiry.
    pub fn still_trusts(&self, credential: &Credential) -> bool {
        self.keys.contains_key(&credential.key_id)
            && !self.has_ended(&credential.actor, credential.service_key.as_deref(), credential.issued_at)
    }

    fn has_ended(&self, actor: &Actor, service_key: Option<&str>, issued_at: i64) -> bool {
        let ended = |digest| self.ended.get(&digest).is_some_and(|ended| issued_at <= *ended);
        !self.ended.is_empty()
            && (ended(subject_digest(actor)) || service_key.map(service_key_digest).is_some_and(ended))
    }

    /// Verifies the signature, issuer, time, lifetime and audience, and that the credential has not been ended.
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
        // The library would read the system's clock and compare audiences as strings, so both are checked below.
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
