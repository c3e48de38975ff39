//! The rules of users: create, read, list, replace, patch, delete.

use jiff::Timestamp;
use serde_json::Value;
use usher_base::id::{EventId, PersonKey, UserId};
use usher_base::{CallContext, Permission, TenantScope};
use usher_rpc::Workbench;
use usher_scim::user::{
    active, canonicalize, create as scim_create, patch as scim_patch, patch_leaves, replace as scim_replace,
    replace_leaves, revive as scim_revive,
};
use usher_scim::{Changed, Object, Profile, ScimError, ScimType, eval, json, patch};
use usher_store::{Database, ScopedDatabase};

use crate::attributes;
use crate::bookmarks::Bookmarks;
use crate::connection::{client, connection};
use crate::cursor::Cursors;
use crate::domain_policy;
use crate::error::IdentityError;
use crate::leaving::Condition;
use crate::methods::{READ_ONE, WRITE_ONE};
use crate::page_size;
use crate::policy::Policies;
use crate::provenance;
use crate::query::{ListQuery, PageLinks, Probe, Query};
use crate::store::limits;
use crate::store::users::{self, WriteFault, WriteOutcome};
use crate::user::{Attributes, User};

/// The maximum number of attempts at a write if others change the same user.
const ATTEMPTS: usize = 12;
/// The size in bytes that one PATCH operation counts as, because it may have to look at a whole list.
const OPERATION: usize = 512;

/// The rules, with what they need.
#[derive(Clone)]
pub(crate) struct Users {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) relay: crate::relay::Nudge,
    pub(crate) cursors: Cursors,
    pub(crate) workbench: Workbench,
}

/// A page of users.
pub(crate) struct Page {
    pub(crate) users: Vec<User>,
    pub(crate) total: i64,
    pub(crate) links: PageLinks,
}

/// A user who was created, or an inactive user who was reactivated.
pub(crate) struct Created {
    pub(crate) user: User,
    pub(crate) revived: bool,
}

impl Users {
    /// Creates a user in the caller's workspace, and uses a seat if the user is active. If the document matches an
    /// inactive user, that user is reactivated instead; with `stable` the client's id alone is sufficient for a
    /// match.
    ///
    /// The user, the change log entry, the seat event and the counter are in one transaction, so that a crash leaves
    /// all or nothing.
    pub(crate) async fn create(
        &self,
        ctx: &CallContext,
        document: &str,
        profile: Profile,
        stable: bool,
    ) -> Result<Created, IdentityError> {
        let scope = ctx.scope(Permission::UsersWrite)?;
        let database = self.database.scoped(&scope);
        let types = attributes::resource_type(&database, &[document]).await?;
        let read = || {
            let body = json::parse(document)?;
            let incoming = canonicalize(&body, &types, profile)?;
            Ok::<_, ScimError>((
                body.get("active").is_some(),
                scim_create(incoming.clone(), profile)?,
                incoming,
            ))
        };
        let (sent_active, Changed { resource, changes }, incoming) =
            self.workbench.run(ctx, document.len(), read).await?;
        domain_policy::judge_primary(None, &resource)?;
        let policy = self.policies.get(&scope).await?;
        domain_policy::judge(&policy, &resource)?;
        let mut origin = Object::new();
        provenance::note(&mut origin, &changes, ctx.actor());
        provenance::note_defaults(&mut origin, sent_active);
        let now = ctx.now();
        let mut user = User {
            id: UserId::new(ctx.clock()),
            attributes: Attributes::from_resource(resource),
            provenance: origin,
            connection: connection(ctx.actor()),
            groups: Vec::new(),
            version: 1,
            degraded: false,
            person: PersonKey::new(ctx.clock()),
            created_at: now,
            updated_at: now,
        };
        // By the RFC, a POST never refers to an existing user.
        let meaning = users::Meaning { revive: profile == Profile::Default, stable };
        let paths: Vec<_> = changes.into_iter().map(|change| change.path).collect();
        let mut outcome = users::create(&database, &write(ctx, &user, paths.clone(), now), meaning).await;
        if matches!(outcome, Err(WriteFault::Degrade)) {
            user.degrade(ctx);
            outcome = users::create(&database, &write(ctx, &user, paths, now), meaning).await;
        }
        count_refusal(&database, &outcome).await;
        match outcome.map_err(|fault| fault.into_error(&policy.slug, user.attributes.user_type))? {
            WriteOutcome::Done => {
                self.relay.nudge();
                Ok(Created { user, revived: false })
            }
            WriteOutcome::Inactive(id) => {
                let adopt = Some(connection(ctx.actor()));
                let revive = |current: &Object| {
                    if active(current) {
                        // Somebody else was faster.
                        return Err(ScimError::new(ScimType::Uniqueness, "the user exists and is active"));
                    }
                    scim_revive(current, incoming.clone(), profile)
                };
                let user = self
                    .write(&scope, &id.to_string(), Condition::default(), (adopt, document.len()), revive)
                    .await?;
                Ok(Created { user, revived: true })
            }
            WriteOutcome::Taken | WriteOutcome::Stale => {
                Err(IdentityError::UserNameTaken(user.attributes.user_name))
            }
        }
    }

    pub(crate) async fn get(&self, ctx: &CallContext, id: &str) -> Result<User, IdentityError> {
        let scope = ctx.scope_with_any(READ_ONE)?;
        let user = self.find(&self.database.scoped(&scope), id).await?;
        Ok(user.seen_by(client(ctx.actor()).as_deref()))
    }

    async fn find(&self, database: &ScopedDatabase, id: &str) -> Result<User, IdentityError> {
        let absent = || IdentityError::absent("User", id);
        users::find(database, id.parse().map_err(|_| absent())?, true).await?.ok_or_else(absent)
    }

    /// Lists users: by one index probe if the filter identifies few of them, otherwise a page.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        asked: &ListQuery,
        with_groups: bool,
    ) -> Result<Page, IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersRead)?);
        let types = attributes::resource_type(&database, &[&asked.filter, &asked.sort_by]).await?;
        let client = client(ctx.actor());
        let seen = |users: Vec<User>| -> Vec<User> {
            users.into_iter().map(|user| user.seen_by(client.as_deref())).collect()
        };
        let query = Query::read(asked, &types)?.for_client(client.clone());
        let purpose = asked.purpose(ctx, "users")?;
        if let Some(filter) = query.filter.as_ref().filter(|_| query.is_plain(asked))
            && let Some(probe) = Probe::find(filter)
            && let Some(users) = users::probe(&database, &probe, true).await?
        {
            let mut users = seen(users);
            let bytes = users.iter().map(User::size).sum();
            let judge = || users.retain(|user| eval::matches(filter, &user.rendered(&asked.base)));
            self.workbench.run(ctx, bytes, judge).await;
            let total = i64::try_from(users.len()).unwrap_or(i64::MAX);
            let mut users = query.window(users);
            users.truncate(page_size::fitting(users.iter().map(User::size)));
            return Ok(Page { users, total, links: PageLinks::default() });
        }
        let bookmarks = Bookmarks { database: &database, cursors: &self.cursors, purpose: &purpose };
        let position = bookmarks.begin(asked, ctx.now()).await?;
        let by_cursor = asked.cursor.is_some();
        let listing = query.listing(by_cursor, position.as_ref());
        let (mut users, mut page) = users::page(&database, &listing, with_groups)
            .await
            .map_err(|error| IdentityError::of_list(error, &query))?;
        let fitting = page_size::fitting(users.iter().map(User::size));
        if fitting < users.len() {
            // Reads a shorter page again, so that the cursors belong to the shorter page.
            drop(users);
            let query = query.shortened(fitting);
            (users, page) = users::page(&database, &query.listing(by_cursor, position.as_ref()), with_groups)
                .await
                .map_err(|error| IdentityError::of_list(error, &query))?;
        }
        let links = bookmarks.end(asked, &page, ctx).await?;
        Ok(Page { users: seen(users), total: page.total, links })
    }

    /// Replaces a user's document.
    pub(crate) async fn replace(
        &self,
        ctx: &CallContext,
        id: &str,
        document: &str,
        profile: Profile,
        condition: Condition<'_>,
    ) -> Result<User, IdentityError> {
        let (scope, condition) = condition.restricted_to_caller(ctx)?;
        let types = attributes::resource_type(&self.database.scoped(&scope), &[document]).await?;
        let read = || canonicalize(&json::parse(document)?, &types, profile);
        let written = async {
            let incoming = self.workbench.run(ctx, document.len(), read).await?;
            let replace = |current: &Object| scim_replace(current, incoming.clone(), profile);
            self.write(&scope, id, condition, (None, document.len()), replace).await
        };
        let leaves = |body: &Value| replace_leaves(body, profile);
        self.or_deactivate(&scope, id, condition, (document, leaves), written.await).await
    }

    /// Applies PATCH operations, all or none.
    pub(crate) async fn patch(
        &self,
        ctx: &CallContext,
        id: &str,
        document: &str,
        profile: Profile,
        condition: Condition<'_>,
    ) -> Result<User, IdentityError> {
        let (scope, condition) = condition.restricted_to_caller(ctx)?;
        let types = attributes::resource_type(&self.database.scoped(&scope), &[document]).await?;
        let read = || patch::parse(&json::parse(document)?, profile);
        let written = async {
            let operations = self.workbench.run(ctx, document.len(), read).await?;
            let patch = |current: &Object| scim_patch(current, &operations, &types, profile);
            let work = document.len() + operations.len() * OPERATION;
            self.write(&scope, id, condition, (None, work), patch).await
        };
        let leaves = |body: &Value| patch_leaves(body, profile);
        self.or_deactivate(&scope, id, condition, (document, leaves), written.await).await
    }

    /// Reads the user, applies the change, and writes only over that version. If somebody else wrote in between, it
    /// reads and applies again, so that parallel writers of different attributes lose nothing. With `adopt` the user
    /// then belongs to that connection. `work` is the amount of work to apply the change, in bytes.
    pub(crate) async fn write(
        &self,
        scope: &TenantScope,
        id: &str,
        condition: Condition<'_>,
        (adopt, work): (Option<String>, usize),
        apply: impl Fn(&Object) -> Result<Changed, ScimError> + Send,
    ) -> Result<User, IdentityError> {
        let ctx = scope.ctx();
        let database = self.database.scoped(scope);
        let client = client(ctx.actor());
        for _ in 0..ATTEMPTS {
            let current = self.find(&database, id).await?;
            condition.judge_version(&current)?;
            let before = current.clone().seen_by(client.as_deref()).attributes.to_resource();
            let Changed { resource, changes } = self.workbench.run(ctx, work, || apply(&before)).await?;
            if changes.is_empty() {
                return Ok(current.seen_by(client.as_deref()));
            }
            domain_policy::judge_primary(Some(&before), &resource)?;
            let leaves = active(&before) && !active(&resource);
            condition.judge_effect(leaves)?;
            // A deactivation is never refused, so the policy is not needed.
            let policy = if leaves { None } else { Some(self.policies.get(scope).await?) };
            if let Some(policy) = &policy
                && domain_policy::concerns(&before, &resource)
            {
                domain_policy::judge(policy, &resource)?;
            }
            let mut origin = current.provenance.clone();
            provenance::note(&mut origin, &changes, ctx.actor());
            let now = ctx.now();
            let mut user = User {
                attributes: current.attributes.after(resource),
                provenance: origin,
                connection: adopt.clone().unwrap_or_else(|| current.connection.clone()),
                version: current.version + 1,
                updated_at: now,
                ..current.clone()
            };
            let mut paths: Vec<String> = changes.into_iter().map(|change| change.path).collect();
            if user.resolve_external_id(client.as_deref(), &current) {
                if !leaves {
                    return Err(IdentityError::ForeignExternalId);
                }
                paths.retain(|path| path != "externalId");
            }
            let (kind, cause) = current.attributes.change_to(&user.attributes);
            let was = current.attributes.seat();
            let update = write(ctx, &user, paths.clone(), now);
            let mut outcome = users::update(&database, &update, was, kind, cause).await;
            if matches!(outcome, Err(WriteFault::Degrade)) {
                user.degrade(ctx);
                let update = write(ctx, &user, paths, now);
                outcome = users::update(&database, &update, was, kind, cause).await;
            } else if leaves && matches!(outcome, Ok(WriteOutcome::Taken)) {
                user.keep_name(ctx, &current, &mut paths);
                let update = write(ctx, &user, paths, now);
                outcome = users::update(&database, &update, was, kind, cause).await;
            }
            count_refusal(&database, &outcome).await;
            let slug = policy.as_ref().map_or("", |policy| policy.slug.as_str());
            match outcome.map_err(|fault| fault.into_error(slug, user.attributes.user_type))? {
                WriteOutcome::Done => {
                    self.relay.nudge();
                    return Ok(user.seen_by(client.as_deref()));
                }
                WriteOutcome::Taken => return Err(IdentityError::UserNameTaken(user.attributes.user_name)),
                WriteOutcome::Stale | WriteOutcome::Inactive(_) => {}
            }
        }
        Err(IdentityError::Contended)
    }

    /// Deletes a user and releases the seat.
    pub(crate) async fn delete(
        &self,
        ctx: &CallContext,
        id: &str,
        versions: &[i64],
    ) -> Result<(), IdentityError> {
        let scope = ctx.scope_with_any(WRITE_ONE)?;
        let absent = || IdentityError::absent("User", id);
        let user_id: UserId = id.parse().map_err(|_| absent())?;
        let database = self.database.scoped(&scope);
        for _ in 0..ATTEMPTS {
            match users::delete(&database, user_id, ctx, versions, EventId::new(ctx.clock())).await? {
                users::Deleted::Done => {
                    self.relay.nudge();
                    return Ok(());
                }
                users::Deleted::Stale => return Err(IdentityError::Stale),
                users::Deleted::Absent => return Err(absent()),
                users::Deleted::Again => {}
            }
        }
        Err(IdentityError::Contended)
    }
}

fn write<'a>(
    ctx: &'a CallContext,
    user: &'a User,
    attributes: Vec<String>,
    now: Timestamp,
) -> users::Write<'a> {
    users::Write {
        user,
        attributes,
        actor: ctx.actor().to_string(),
        request_id: ctx.request_id(),
        event: EventId::new(ctx.clock()),
        now,
    }
}

/// Counts a write that found no free seat. The caller gets the same error if counting fails.
async fn count_refusal(database: &ScopedDatabase, outcome: &Result<WriteOutcome, WriteFault>) {
    let Err(WriteFault::NoSeat(full)) = outcome else { return };
    metrics::counter!("usher_seats_refused_total", "pool" => full.pool.as_str()).increment(1);
    if let Err(error) = limits::count_refusal(database, full.pool).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a refused seat was not counted");
    }
}
