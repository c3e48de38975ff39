//! The rules of users: create, read, list, replace, patch, delete.

use jiff::Timestamp;
use serde_json::Value;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_base::{CallContext, Permission};
use usher_scim::user::{canonicalize, create as scim_create, patch as scim_patch, replace as scim_replace};
use usher_scim::{Changed, Object, Profile, ScimError, ScimType, filter, patch};
use usher_store::Database;

use crate::change::{Cause, ChangeKind};
use crate::domain_policy;
use crate::error::UserError;
use crate::lookup::Lookup;
use crate::policy::{Policies, Policy};
use crate::provenance;
use crate::store::users::{self as store, Written};
use crate::user::{Attributes, User};

/// How often a write is tried again when others write the same user meanwhile.
const ATTEMPTS: usize = 12;

/// What the rules need.
#[derive(Clone)]
pub(crate) struct Users {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) relay: crate::relay::Nudge,
}

/// A page of users.
pub(crate) struct Page {
    pub(crate) users: Vec<User>,
    pub(crate) total: i64,
}

impl Users {
    /// Creates a user in the caller's workspace, and takes a seat if the user is active.
    ///
    /// User, change-log entry, seat event and counter are one transaction: a crash leaves all or nothing.
    pub(crate) async fn create(
        &self,
        ctx: &CallContext,
        document: &str,
        profile: Profile,
    ) -> Result<User, UserError> {
        ctx.require(Permission::UsersWrite)?;
        let scope = ctx.scope()?;
        let document = parse(document)?;
        let Changed { resource, changes } = scim_create(canonicalize(&document, profile)?)?;
        let policy = self.policies.get(ctx).await?;
        domain_policy::judge(&policy, &resource)?;
        let mut origin = Object::new();
        provenance::note(&mut origin, &changes, ctx.actor());
        provenance::note_defaults(&mut origin, document.get("active").is_some());
        let now = ctx.now();
        let user = User {
            id: UserId::new(ctx.clock()),
            attributes: Attributes::from_resource(resource),
            provenance: origin,
            version: 1,
            person: PersonKey::new(ctx.clock()),
            created_at: now,
            updated_at: now,
        };
        let write = write(ctx, &policy, &user, changes.into_iter().map(|change| change.path).collect(), now);
        match store::create(&self.database.scoped(&scope), &write)
            .await
            .map_err(|fault| fault.told(&policy))?
        {
            Written::Done => {
                self.relay.nudge();
                Ok(user)
            }
            Written::Taken | Written::Stale => Err(UserError::UserNameTaken(user.attributes.user_name)),
        }
    }

    /// Reads a user.
    pub(crate) async fn get(&self, ctx: &CallContext, id: &str) -> Result<User, UserError> {
        ctx.require(Permission::UsersRead)?;
        let scope = ctx.scope()?;
        self.find(ctx, &scope, id).await
    }

    async fn find(
        &self,
        _: &CallContext,
        scope: &usher_base::TenantScope,
        id: &str,
    ) -> Result<User, UserError> {
        let absent = || UserError::NotFound(id.chars().take(100).collect());
        let user_id: UserId = id.parse().map_err(|_| absent())?;
        store::find(&self.database.scoped(scope), user_id).await?.ok_or_else(absent)
    }

    /// Lists the users that match a filter, oldest first.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        text: &str,
        start_index: i64,
        count: i32,
    ) -> Result<Page, UserError> {
        ctx.require(Permission::UsersRead)?;
        let scope = ctx.scope()?;
        let lookup = if text.trim().is_empty() {
            Lookup::everybody()
        } else {
            Lookup::of(&filter::parse(text).map_err(ScimError::from)?)?
        };
        let most = i32::try_from(usher_scim::discovery::MAX_COUNT).unwrap_or(i32::MAX);
        let offset = start_index.saturating_sub(1).max(0);
        lookup.run(&self.database.scoped(&scope), offset, count.clamp(0, most)).await
    }

    /// Writes a document over a user.
    pub(crate) async fn replace(
        &self,
        ctx: &CallContext,
        id: &str,
        document: &str,
        profile: Profile,
        versions: &[i64],
    ) -> Result<User, UserError> {
        let incoming = canonicalize(&parse(document)?, profile)?;
        self.write(ctx, id, versions, |current| scim_replace(current, incoming.clone(), profile)).await
    }

    /// Applies PATCH operations, all or none.
    pub(crate) async fn patch(
        &self,
        ctx: &CallContext,
        id: &str,
        document: &str,
        profile: Profile,
        versions: &[i64],
    ) -> Result<User, UserError> {
        let operations = patch::parse(&parse(document)?, profile)?;
        self.write(ctx, id, versions, |current| scim_patch(current, &operations, profile)).await
    }

    /// Reads, applies, and writes over just that version; somebody else's write in between makes it
    /// read and apply again, so that parallel writers of different attributes lose nothing.
    async fn write(
        &self,
        ctx: &CallContext,
        id: &str,
        versions: &[i64],
        apply: impl Fn(&Object) -> Result<Changed, ScimError> + Send,
    ) -> Result<User, UserError> {
        ctx.require(Permission::UsersWrite)?;
        let scope = ctx.scope()?;
        for _ in 0..ATTEMPTS {
            let current = self.find(ctx, &scope, id).await?;
            if !versions.is_empty() && !versions.contains(&current.version) {
                return Err(UserError::Stale);
            }
            let before = current.attributes.to_resource();
            let Changed { resource, changes } = apply(&before)?;
            if changes.is_empty() {
                return Ok(current);
            }
            let policy = self.policies.get(ctx).await?;
            if domain_policy::concerns(&before, &resource) {
                domain_policy::judge(&policy, &resource)?;
            }
            let mut origin = current.provenance.clone();
            provenance::note(&mut origin, &changes, ctx.actor());
            let now = ctx.now();
            let user = User {
                attributes: Attributes::from_resource(resource),
                provenance: origin,
                version: current.version + 1,
                updated_at: now,
                ..current.clone()
            };
            let write =
                write(ctx, &policy, &user, changes.into_iter().map(|change| change.path).collect(), now);
            let (kind, cause) = kind(&current.attributes, &user.attributes);
            let database = self.database.scoped(&scope);
            let outcome = store::update(&database, &write, current.attributes.seat(), kind, cause).await;
            match outcome.map_err(|fault| fault.told(&policy))? {
                Written::Done => {
                    self.relay.nudge();
                    return Ok(user);
                }
                Written::Taken => return Err(UserError::UserNameTaken(user.attributes.user_name)),
                Written::Stale => {}
            }
        }
        Err(UserError::Contended)
    }

    /// Deletes a user and frees the seat.
    pub(crate) async fn delete(
        &self,
        ctx: &CallContext,
        id: &str,
        versions: &[i64],
    ) -> Result<(), UserError> {
        ctx.require(Permission::UsersWrite)?;
        let scope = ctx.scope()?;
        let absent = || UserError::NotFound(id.chars().take(100).collect());
        let user_id: UserId = id.parse().map_err(|_| absent())?;
        let database = self.database.scoped(&scope);
        let outcome = store::delete(&database, user_id, ctx, versions, EventId::new(ctx.clock())).await?;
        match outcome {
            store::Deleted::Done => {
                self.relay.nudge();
                Ok(())
            }
            store::Deleted::Stale => Err(UserError::Stale),
            store::Deleted::Absent => Err(absent()),
        }
    }
}

fn parse(document: &str) -> Result<Value, ScimError> {
    serde_json::from_str(document)
        .map_err(|error| ScimError::new(ScimType::InvalidSyntax, format!("the body is not JSON: {error}")))
}

fn write<'a>(
    ctx: &'a CallContext,
    policy: &Policy,
    user: &'a User,
    attributes: Vec<String>,
    now: Timestamp,
) -> store::Write<'a> {
    store::Write {
        user,
        attributes,
        actor: ctx.actor().to_string(),
        request_id: ctx.request_id(),
        event: EventId::new(ctx.clock()),
        seat_limit: policy.seat_limit,
        now,
    }
}

/// What the change log calls a write, and what billing calls its cause.
fn kind(before: &Attributes, after: &Attributes) -> (ChangeKind, Cause) {
    match (before.active, after.active) {
        (true, false) => (ChangeKind::Deactivated, Cause::Deactivate),
        (false, true) => (ChangeKind::Reactivated, Cause::Reactivate),
        _ => (ChangeKind::Updated, Cause::UserType),
    }
}
