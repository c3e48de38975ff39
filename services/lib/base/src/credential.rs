//! Internal credentials: what tenant signs and every service verifies.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::audience::Audience;
use crate::fault::Fault;
use crate::id::WorkspaceId;
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
    /// Ends at, seconds since 1970.
    pub exp: i64,
    /// Unique id.
    pub jti: String,
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
    expires_at: Timestamp,
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

    /// The scope of the workspace that it is bound to, or, where it is bound to none, of the one requested.
    ///
    /// # Errors
    /// It is bound to another workspace than requested, or to none and none is requested.
    pub fn scope(&self, requested: Option<WorkspaceId>) -> Result<TenantScope, Denied> {
        match (self.workspace, requested) {
            (Some(bound), Some(requested)) if bound != requested => Err(Denied::OtherWorkspace),
            (Some(workspace), _) | (None, Some(workspace)) => Ok(TenantScope::verified(workspace)),
            (None, None) => Err(Denied::WorkspaceMissing),
        }
    }
}

/// The keys whose signatures are believed.
#[derive(Clone, Default)]
pub struct KeySet(HashMap<String, DecodingKey>);

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
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
            .map(Self)
    }

    /// Whether the set has no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks signature, issuer, time and audience.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub fn verify(
        &self,
        token: &str,
        audience: Audience,
        now: Timestamp,
    ) -> Result<Credential, CredentialError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| CredentialError::Invalid)?;
        let kid = header.kid.ok_or(CredentialError::Invalid)?;
        let key = self.0.get(&kid).ok_or(CredentialError::UnknownKey(kid))?;
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
        Ok(Credential {
            actor: claims.sub.parse().map_err(|_| CredentialError::Invalid)?,
            audiences: claims.aud,
            workspace: claims.tid,
            permissions: claims.scp,
            policy_version: claims.pol,
            expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::key::SigningKey;

    const NOW: i64 = 1_780_000_000;

    fn claims(tid: Option<WorkspaceId>) -> Claims {
        Claims {
            iss: ISSUER.into(),
            sub: "operator:ops".into(),
            aud: vec![Audience::Identity],
            tid,
            scp: BTreeSet::from([Permission::UsersRead]),
            pol: None,
            iat: NOW,
            exp: NOW + 60,
            jti: "1".into(),
        }
    }

    fn verify(
        key: &SigningKey,
        token: &str,
        audience: Audience,
        at: i64,
    ) -> Result<Credential, CredentialError> {
        KeySet::new([key.public()]).unwrap().verify(token, audience, Timestamp::from_second(at).unwrap())
    }

    #[test]
    fn a_signed_credential_is_accepted_until_it_ends_and_only_by_its_audience() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign(&claims(None)).unwrap();

        assert_eq!(
            verify(&key, &token, Audience::Identity, NOW).unwrap().actor(),
            &Actor::Operator("ops".into())
        );
        assert_eq!(verify(&key, &token, Audience::Identity, NOW + 60).unwrap_err(), CredentialError::Expired);
        assert_eq!(verify(&key, &token, Audience::Billing, NOW).unwrap_err(), CredentialError::Audience);
    }

    #[test]
    fn a_credential_of_an_unknown_key_or_with_a_changed_claim_is_refused() {
        let key = SigningKey::generate().unwrap();
        let other = SigningKey::generate().unwrap();
        let token = key.sign(&claims(None)).unwrap();
        let forged = {
            let mine = other.sign(&Claims { sub: "operator:root".into(), ..claims(None) }).unwrap();
            let [header, _, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
            format!("{header}.{}.{signature}", mine.split('.').nth(1).unwrap())
        };

        assert!(matches!(
            verify(&other, &token, Audience::Identity, NOW),
            Err(CredentialError::UnknownKey(kid)) if kid == key.public().kid
        ));
        assert_eq!(verify(&key, &forged, Audience::Identity, NOW).unwrap_err(), CredentialError::Invalid);
        assert_eq!(verify(&key, "a.b.c", Audience::Identity, NOW).unwrap_err(), CredentialError::Invalid);
    }

    #[test]
    fn a_key_survives_storage() {
        let key = SigningKey::generate().unwrap();
        let restored = SigningKey::from_pkcs8_der(key.to_pkcs8_der()).unwrap();

        let token = restored.sign(&claims(None)).unwrap();

        assert!(verify(&key, &token, Audience::Identity, NOW).is_ok());
    }

    #[test]
    fn a_bound_credential_opens_its_own_workspace_only() {
        let clock = Clock::system();
        let (mine, other) = (WorkspaceId::new(&clock), WorkspaceId::new(&clock));
        let key = SigningKey::generate().unwrap();
        let bound = verify(&key, &key.sign(&claims(Some(mine))).unwrap(), Audience::Identity, NOW).unwrap();
        let free = verify(&key, &key.sign(&claims(None)).unwrap(), Audience::Identity, NOW).unwrap();

        assert_eq!(bound.scope(None).unwrap().workspace_id(), mine);
        assert_eq!(bound.scope(Some(other)).unwrap_err(), Denied::OtherWorkspace);
        assert_eq!(free.scope(Some(other)).unwrap().workspace_id(), other);
        assert_eq!(free.scope(None).unwrap_err(), Denied::WorkspaceMissing);
        assert_eq!(
            free.require(Permission::UsersWrite).unwrap_err(),
            Denied::Permission(Permission::UsersWrite)
        );
    }
}
