//! Service keys, with which services, operators and integrations request credentials.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use usher_base::id::{EventId, WorkspaceId};
use usher_base::secret::ServiceKey;
use usher_base::{Actor, Audience, CallContext, Clock, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, Time};

use crate::audit::{Action, AuditEntry};
use crate::error::TenantError;
use crate::hashing::Hasher;
use crate::keyring::Keyring;
use crate::reach::{self, Reach};
use crate::secrets::Secrets;
use crate::signer::{Grant, LONG, SHORT, Signed, Signer};
use crate::store::service_keys;
use crate::workspaces;

/// The maximum number of service keys of an installation: enough for every integration, few enough for one list.
const MAX_SERVICE_KEYS: i64 = 1_000;

/// The name is not valid for a service key.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not a name for a service key; use gateway, identity, billing, or an operator's name of a-z, 0-9 and -"
)]
pub struct UnknownService(String);

/// The bearer of a key: one of the services, or an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bearer {
    Service(&'static str),
    Operator(String),
}

impl Bearer {
    /// The permissions and audiences of its credentials.
    fn grant(self, life: Option<SignedDuration>) -> Grant {
        let (actor, audiences, permissions, usual): (_, Vec<_>, BTreeSet<_>, _) = match self {
            Self::Service(name @ "gateway") => (
                Actor::Service(name.to_owned()),
                vec![Audience::Tenant],
                [Permission::AccessCheck].into(),
                SHORT,
            ),
            // Billing is in its own audience, because its jobs open workspaces with this credential. It also looks up
            // slugs in tenant.
            Self::Service(name @ "billing") => (
                Actor::Service(name.to_owned()),
                vec![Audience::Tenant, Audience::Billing],
                [Permission::BillingRead, Permission::BillingAdmin, Permission::PoliciesRead].into(),
                SHORT,
            ),
            // Identity is in its own audience, because its relay opens workspaces with this credential.
            Self::Service(name) => (
                Actor::Service(name.to_owned()),
                vec![Audience::Tenant, Audience::Identity, Audience::Billing],
                [Permission::PoliciesRead, Permission::SeatsAppend].into(),
                SHORT,
            ),
            Self::Operator(name) => (
                Actor::Operator(name),
                vec![Audience::Tenant, Audience::Identity, Audience::Billing],
                [
                    Permission::TenantAdmin,
                    Permission::UsersRead,
                    Permission::UsersWrite,
                    Permission::ChangesRead,
                    Permission::SeatsRead,
                    Permission::BillingRead,
                    Permission::BillingAdmin,
                ]
                .into(),
                LONG,
            ),
        };
        let life = life.unwrap_or(usual);
        Grant {
            actor,
            audiences,
            workspace: None,
            permissions,
            policy_version: None,
            life,
            after: None,
            key: None,
        }
    }
}

/// The properties of an integration's new key.
pub(crate) struct NewServiceKey {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    /// Id or slug of the workspace that it is limited to. Empty means all workspaces.
    pub(crate) workspace: String,
    pub(crate) expires_at: Option<Timestamp>,
}

/// A key without its secret.
#[derive(Clone, Debug)]
pub(crate) struct ListedKey {
    pub(crate) lookup_id: String,
    pub(crate) name: String,
    /// The permissions of its credentials.
    pub(crate) scopes: Vec<String>,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

impl From<service_keys::ListedRow> for ListedKey {
    fn from(row: service_keys::ListedRow) -> Self {
        let service_keys::ListedRow { lookup_id, name, scopes, workspace_id, created_at, expires_at } = row;
        let scopes = match (scopes, bearer(&name)) {
            (Some(scopes), _) => Reach::read(&scopes, workspace_id).scopes(),
            (None, Some(bearer)) => reach::names(&bearer.grant(None).permissions),
            (None, None) => Vec::new(),
        };
        Self {
            lookup_id,
            name,
            scopes,
            workspace: workspace_id.map(WorkspaceId::from_uuid),
            created_at: created_at.0,
            expires_at: expires_at.map(|at| at.0),
        }
    }
}

/// Creates and checks service keys. It is also how an installation is set up: only somebody with access to the tenant
/// database can create the first key.
#[derive(Clone)]
pub struct ServiceKeys {
    database: Database,
    keyring: Keyring,
    secrets: Secrets,
    clock: Clock,
}

impl ServiceKeys {
    /// Uses this database, with the keys in tenant's key file.
    pub fn new(database: Database, keyring: Keyring, clock: Clock) -> Self {
        let secrets = Secrets::new(keyring.clone(), Hasher::new());
        Self { database, keyring, secrets, clock }
    }

    /// Creates a key for a service (`gateway`, `identity`, `billing`) or an operator (any other name). Older keys
    /// with the same name stay valid until [`ServiceKeys::retire_others`].
    ///
    /// # Errors
    /// The name is invalid, or the database is unavailable.
    pub async fn create(&self, name: &str) -> Result<ServiceKey, TenantError> {
        let key = ServiceKey::generate();
        self.store(name, &key).await?;
        Ok(key)
    }

    /// Stores a given key, unless it is stored already.
    ///
    /// # Errors
    /// As for [`ServiceKeys::create`].
    pub async fn ensure(&self, name: &str, key: &ServiceKey) -> Result<(), TenantError> {
        if service_keys::find(&self.database, key.lookup_id()).await?.is_none() {
            self.store(name, key).await?;
        }
        Ok(())
    }

    /// Creates the key of an integration with the chosen scopes.
    pub(crate) async fn create_reaching(
        &self,
        ctx: &CallContext,
        new: NewServiceKey,
    ) -> Result<(ListedKey, ServiceKey), TenantError> {
        ctx.require(Permission::TenantAdmin)?;
        let NewServiceKey { name, scopes, workspace, expires_at } = new;
        let now = ctx.now();
        if !matches!(bearer(&name), Some(Bearer::Operator(_))) {
            let rule = "it must have 1 to 40 of a-z, 0-9 and -, and must not be a name of Usher's own \
                 services";
            return Err(invalid("name", rule).into());
        }
        if expires_at.is_some_and(|at| at <= now) {
            return Err(invalid("expire_time", "it is in the past").into());
        }
        let workspace = match workspace.as_str() {
            "" => None,
            name => Some(workspaces::get(&self.database, ctx, name).await?.id),
        };
        let reach = Reach::choose(ctx, &scopes, workspace)?;
        let secret = ServiceKey::generate();
        let key = ListedKey {
            lookup_id: secret.lookup_id().to_owned(),
            name,
            scopes: reach.scopes(),
            workspace,
            created_at: now,
            expires_at,
        };
        let detail = json!({
            "lookup_id": key.lookup_id, "scopes": key.scopes, "expires": expires_at.map(|at| at.to_string()),
            "workspace": workspace.map(|id| id.to_string()),
        });
        let entry =
            AuditEntry { at: now, ..AuditEntry::new(ctx, Action::CreateServiceKey, &key.name, detail) };
        let stored = service_keys::StoredKey {
            name: key.name.clone(),
            // A version that does not know chosen scopes then refuses the key, and does not treat it as an
            // operator's.
            operator: false,
            protected: self.secrets.protect(&secret).await?,
            scopes: Some(key.scopes.clone()),
            workspace_id: workspace.map(WorkspaceId::as_uuid),
            expires_at: expires_at.map(Time),
        };
        match service_keys::add(&self.database, &key.lookup_id, &stored, MAX_SERVICE_KEYS, entry).await? {
            service_keys::Added::Done => Ok((key, secret)),
            service_keys::Added::NameTaken => {
                Err(TenantError::AlreadyExists { what: "service key", name: key.name })
            }
            service_keys::Added::TooMany => Err(TenantError::TooManyServiceKeys(MAX_SERVICE_KEYS)),
        }
    }

    /// All keys, ordered by name.
    pub(crate) async fn list(&self, ctx: &CallContext) -> Result<Vec<ListedKey>, TenantError> {
        ctx.require(Permission::TenantAdmin)?;
        Ok(service_keys::list(&self.database).await?.into_iter().map(ListedKey::from).collect())
    }

    /// Revokes a key and ends its credentials.
    pub(crate) async fn revoke(&self, ctx: &CallContext, lookup_id: &str) -> Result<(), TenantError> {
        ctx.require(Permission::TenantAdmin)?;
        let entry = AuditEntry::new(ctx, Action::RevokeServiceKey, lookup_id, json!({}));
        if service_keys::delete(&self.database, lookup_id, entry).await? {
            return Ok(());
        }
        Err(TenantError::NotFound { what: "service key", name: lookup_id.chars().take(40).collect() })
    }

    /// Deletes all keys of a name except this one, and ends their credentials.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn retire_others(&self, name: &str, keep: &ServiceKey) -> Result<usize, TenantError> {
        let entry = self.entry(Action::RetireServiceKeys, name, json!({ "kept": keep.lookup_id() }));
        Ok(service_keys::delete_others(&self.database, name, keep.lookup_id(), entry).await?)
    }

    /// The audit entry for an action that has no call, but direct access to the database.
    fn entry(&self, action: Action, name: &str, detail: Value) -> AuditEntry {
        AuditEntry {
            id: EventId::new(&self.clock),
            at: self.clock.now(),
            actor: Actor::Operator("database".to_owned()).to_string(),
            action: action.as_str().to_owned(),
            target: name.to_owned(),
            request_id: String::new(),
            detail,
        }
    }

    /// Signs a credential for an operator, for programs with access to the database, such as `usher dev`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn operator_credential(&self, name: &str, life: SignedDuration) -> Result<String, TenantError> {
        let signer = Signer::load(self.database.clone(), self.keyring.clone(), self.clock.clone()).await?;
        Ok(signer.sign(Bearer::Operator(name.to_owned()).grant(Some(life))).await?.credential)
    }

    /// Checks a key, and signs a credential for its bearer.
    pub(crate) async fn issue(
        &self,
        signer: &Signer,
        name: &str,
        key: &str,
    ) -> Result<(Signed, bool), TenantError> {
        let refused = || TenantError::ServiceKeyInvalid(name.chars().take(100).collect());
        let key = ServiceKey::parse(key).map_err(|_| refused())?;
        let found = service_keys::find(&self.database, key.lookup_id()).await?;
        let right = self.secrets.judge(&key, found.as_ref().map(|found| &found.protected)).await?;
        let found = found.filter(|found| right && found.name == name).ok_or_else(refused)?;
        if self.secrets.is_outdated(&found.protected) {
            service_keys::set_mac(&self.database, key.lookup_id(), &self.secrets.mac(&key)).await?;
        }
        let mut grant = if let Some(scopes) = &found.scopes {
            Reach::read(scopes, found.workspace_id).grant(name)
        } else {
            let is_operator = |bearer: &Bearer| matches!(bearer, Bearer::Operator(_));
            let bearer = bearer(&found.name).filter(|bearer| is_operator(bearer) == found.operator);
            bearer.ok_or_else(refused)?.grant(None)
        };
        if let Some(Time(end)) = found.expires_at {
            grant.life = grant.life.min(end.duration_since(self.clock.now()));
        }
        if grant.life <= SignedDuration::ZERO {
            return Err(refused());
        }
        grant.key = Some(key.lookup_id().to_owned());
        let everywhere = grant.workspace.is_none();
        Ok((signer.sign(grant).await?, everywhere))
    }

    async fn store(&self, name: &str, key: &ServiceKey) -> Result<(), TenantError> {
        let bearer = bearer(name).ok_or_else(|| {
            TenantError::from(usher_rpc::convert::invalid("name", UnknownService(name.to_owned())))
        })?;
        let entry = self.entry(Action::CreateServiceKey, name, json!({ "lookup_id": key.lookup_id() }));
        let stored = service_keys::StoredKey {
            name: name.to_owned(),
            operator: matches!(bearer, Bearer::Operator(_)),
            protected: self.secrets.protect(key).await?,
            scopes: None,
            workspace_id: None,
            expires_at: None,
        };
        Ok(service_keys::insert(&self.database, key.lookup_id(), &stored, entry).await?)
    }
}

fn bearer(name: &str) -> Option<Bearer> {
    let plain = !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    match name {
        "gateway" => Some(Bearer::Service("gateway")),
        "identity" => Some(Bearer::Service("identity")),
        "billing" => Some(Bearer::Service("billing")),
        "tenant" => None,
        _ => plain.then(|| Bearer::Operator(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_can_only_check_access() {
        let grant = bearer("gateway").unwrap().grant(None);

        assert_eq!(grant.permissions, [Permission::AccessCheck].into());
        assert_eq!(grant.audiences, [Audience::Tenant]);
    }

    #[test]
    fn billing_can_only_act_on_itself_and_look_workspaces_up() {
        let grant = bearer("billing").unwrap().grant(None);

        let permissions = [Permission::BillingRead, Permission::BillingAdmin, Permission::PoliciesRead];
        assert_eq!(grant.permissions, permissions.into());
        assert_eq!(grant.audiences, [Audience::Tenant, Audience::Billing]);
    }

    #[test]
    fn a_service_without_calls_has_no_key_and_names_are_plain() {
        for name in ["tenant", "", "Ops", "a b", "ops/1"] {
            assert_eq!(bearer(name), None, "{name}");
        }
        assert_eq!(bearer("ops-1"), Some(Bearer::Operator("ops-1".into())));
    }
}
