//! The rules of groups: create, read, list, replace, patch, delete.
//!
//! A change of members never reads the other members, and is applied to any version of the group. Parallel changes
//! lose nothing, and wait for each other only while the database applies them.

use usher_base::id::GroupId;
use usher_base::{CallContext, Permission};
use usher_rpc::Workbench;
use usher_scim::group::{self as scim, Delta, GroupChange, Step};
use usher_scim::user::external_id;
use usher_scim::{Profile, ScimError, json, patch, schema};
use usher_store::{Database, ScopedDatabase};

use crate::bookmarks::Bookmarks;
use crate::connection::{ExternalIdChange, OwnedExternalId, client, connection};
use crate::cursor::Cursors;
use crate::error::IdentityError;
use crate::group::Group;
use crate::members::{members, new_members, resolve};
use crate::page_size;
use crate::query::{ListQuery, PageLinks, Probe, Query};
use crate::store::groups::{self, Deleted, Write, WriteOutcome};

/// The maximum number of attempts at a write if others change the same group.
const ATTEMPTS: usize = 12;

/// The rules, with what they need.
#[derive(Clone)]
pub(crate) struct Groups {
    pub(crate) database: Database,
    pub(crate) cursors: Cursors,
    pub(crate) workbench: Workbench,
}

/// A page of groups.
pub(crate) struct Page {
    pub(crate) groups: Vec<Group>,
    pub(crate) total: i64,
    pub(crate) links: PageLinks,
}

/// A change of a group.
struct Change<'a> {
    id: &'a str,
    /// The versions in If-Match.
    versions: &'a [i64],
    with_members: bool,
    /// The amount of work to apply it, in bytes.
    work: usize,
}

impl Groups {
    /// Creates a group with its members.
    pub(crate) async fn create(
        &self,
        ctx: &CallContext,
        document: &str,
        profile: Profile,
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersWrite)?);
        let read = || scim::create(scim::canonicalize(json::parse(document)?, profile)?);
        let GroupChange { changed, members } = self.workbench.run(ctx, document.len(), read).await?;
        let mut delta = Delta::default();
        for step in members {
            if let Step::Delta(later) = step {
                delta.merge(later);
            }
        }
        let now = ctx.now();
        let group = Group {
            id: GroupId::new(ctx.clock()),
            display_name: scim::display_name(&changed.resource).unwrap_or_default().to_owned(),
            external_id: external_id(&changed.resource).map(str::to_owned),
            connection: connection(ctx.actor()),
            version: 1,
            created_at: now,
            updated_at: now,
            members: Vec::new(),
        };
        let paths = changed.changes.into_iter().map(|change| change.path).collect();
        let add = new_members(delta.add)?;
        match groups::create(&database, ctx, &group, paths, add).await? {
            WriteOutcome::Done(_) => Ok(self.written(&database, group, with_members).await),
            WriteOutcome::Taken => Err(IdentityError::DisplayNameTaken(group.display_name)),
            WriteOutcome::Stale | WriteOutcome::Absent => Err(IdentityError::Contended),
        }
    }

    pub(crate) async fn get(
        &self,
        ctx: &CallContext,
        id: &str,
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersRead)?);
        let group = find(&database, id).await?.seen_by(client(ctx.actor()).as_deref());
        self.shown(&database, group, with_members).await
    }

    /// Lists groups: by one index probe if the filter is just a name, otherwise a page.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        asked: &ListQuery,
        with_members: bool,
    ) -> Result<Page, IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersRead)?);
        let client = client(ctx.actor());
        let query = Query::read(asked, schema::group())?.for_client(client.clone());
        let purpose = asked.purpose(ctx, "groups")?;
        let probe = query.filter.as_ref().filter(|_| query.is_plain(asked)).and_then(Probe::alone);
        let probed = match &probe {
            Some(probe) => groups::probe(&database, probe).await?,
            None => None,
        };
        let (groups, total, links) = if let Some(found) = probed {
            let found = seen(found, client.as_deref(), probe.as_ref());
            let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
            let mut groups = query.window(found);
            if with_members {
                groups.truncate(fitting(&database, &groups).await?);
            }
            (groups, total, PageLinks::default())
        } else {
            let bookmarks = Bookmarks { database: &database, cursors: &self.cursors, purpose: &purpose };
            let position = bookmarks.begin(asked, ctx.now()).await?;
            let by_cursor = asked.cursor.is_some();
            let listing = query.listing(by_cursor, position.as_ref());
            let (mut groups, mut page) = groups::page(&database, &listing)
                .await
                .map_err(|error| IdentityError::of_list(error, &query))?;
            let fitting = if with_members { fitting(&database, &groups).await? } else { groups.len() };
            if fitting < groups.len() {
                // Reads a shorter page again, so that the cursors belong to the shorter page.
                let query = query.shortened(fitting);
                (groups, page) = groups::page(&database, &query.listing(by_cursor, position.as_ref()))
                    .await
                    .map_err(|error| IdentityError::of_list(error, &query))?;
            }
            let links = bookmarks.end(asked, &page, ctx).await?;
            (groups, page.total, links)
        };
        let mut groups = seen(groups, client.as_deref(), None);
        if with_members {
            groups::fill_members(&database, &mut groups).await?;
        }
        Ok(Page { groups, total, links })
    }

    /// Replaces a group's document.
    pub(crate) async fn replace(
        &self,
        ctx: &CallContext,
        id: &str,
        document: &str,
        profile: Profile,
        versions: &[i64],
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        let read = || scim::canonicalize(json::parse(document)?, profile);
        let incoming = self.workbench.run(ctx, document.len(), read).await?;
        let change = Change { id, versions, with_members, work: document.len() };
        let replace = |current: &Group| scim::replace(&current.attributes(), incoming.clone(), profile);
        self.write(ctx, &change, replace).await
    }

    /// Applies PATCH operations, all or none.
    pub(crate) async fn patch(
        &self,
        ctx: &CallContext,
        id: &str,
        document: &str,
        profile: Profile,
        versions: &[i64],
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        let read = || {
            let operations = patch::parse(&json::parse(document)?, profile)?;
            Ok::<_, ScimError>((scim::membership_alone(&operations, profile)?, operations))
        };
        let (alone, operations) = self.workbench.run(ctx, document.len(), read).await?;
        let change = Change { id, versions, with_members, work: document.len() };
        if let Some(delta) = alone {
            return self.write_members(ctx, &change, delta).await;
        }
        self.write(ctx, &change, |current| scim::patch(&current.attributes(), &operations, profile)).await
    }

    /// Applies a change of members only, in one statement.
    async fn write_members(
        &self,
        ctx: &CallContext,
        change: &Change<'_>,
        delta: Delta,
    ) -> Result<Group, IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersWrite)?);
        let absent = || IdentityError::absent("Group", change.id);
        let id: GroupId = change.id.parse().map_err(|_| absent())?;
        let members = members(delta)?;
        for _ in 0..ATTEMPTS {
            let write = Write { id, versions: change.versions, attributes: None, members: &members };
            match groups::write(&database, ctx, &write).await? {
                WriteOutcome::Done(group) => {
                    let group = group.seen_by(client(ctx.actor()).as_deref());
                    return Ok(self.written(&database, group, change.with_members).await);
                }
                WriteOutcome::Absent => return Err(absent()),
                WriteOutcome::Stale if !change.versions.is_empty() => return Err(IdentityError::Stale),
                WriteOutcome::Stale | WriteOutcome::Taken => {}
            }
        }
        Err(IdentityError::Contended)
    }

    /// Reads the group's attributes, applies the change, and writes only over that version. Tries again if somebody
    /// else wrote in between.
    async fn write(
        &self,
        ctx: &CallContext,
        change: &Change<'_>,
        apply: impl Fn(&Group) -> Result<GroupChange, ScimError> + Send,
    ) -> Result<Group, IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersWrite)?);
        let client = client(ctx.actor());
        for _ in 0..ATTEMPTS {
            let current = find(&database, change.id).await?;
            if !change.versions.is_empty() && !change.versions.contains(&current.version) {
                return Err(IdentityError::Stale);
            }
            let before = current.clone().seen_by(client.as_deref());
            let applied = self.workbench.run(ctx, change.work, || apply(&before)).await?;
            let GroupChange { changed, members: steps } = applied;
            let delta = resolve(&database, &current, steps).await?;
            if changed.changes.is_empty() && delta == Delta::default() {
                return self.shown(&database, before, change.with_members).await;
            }
            let given = OwnedExternalId {
                external_id: current.external_id.as_deref(),
                connection: &current.connection,
            };
            let written = external_id(&changed.resource);
            let (external_id, connection) = match given.resolve(client.as_deref(), written) {
                ExternalIdChange::Written => (written, given.connection),
                ExternalIdChange::Adopted => (written, client.as_deref().unwrap_or_default()),
                ExternalIdChange::Kept { left_out: false } => (given.external_id, given.connection),
                ExternalIdChange::Kept { left_out: true } => return Err(IdentityError::ForeignExternalId),
            };
            let attributes = groups::Attributes {
                display_name: scim::display_name(&changed.resource).unwrap_or_default(),
                external_id,
                connection,
                paths: changed.changes.iter().map(|change| change.path.clone()).collect(),
            };
            let name = attributes.display_name.to_owned();
            let write = Write {
                id: current.id,
                versions: &[current.version],
                attributes: (!changed.changes.is_empty()).then_some(attributes),
                members: &members(delta)?,
            };
            match groups::write(&database, ctx, &write).await? {
                WriteOutcome::Done(group) => {
                    let group = group.seen_by(client.as_deref());
                    return Ok(self.written(&database, group, change.with_members).await);
                }
                WriteOutcome::Taken => return Err(IdentityError::DisplayNameTaken(name)),
                WriteOutcome::Stale | WriteOutcome::Absent => {}
            }
        }
        Err(IdentityError::Contended)
    }

    pub(crate) async fn delete(
        &self,
        ctx: &CallContext,
        id: &str,
        versions: &[i64],
    ) -> Result<(), IdentityError> {
        let database = self.database.scoped(&ctx.scope(Permission::UsersWrite)?);
        let absent = || IdentityError::absent("Group", id);
        let group_id: GroupId = id.parse().map_err(|_| absent())?;
        for _ in 0..ATTEMPTS {
            match groups::delete(&database, group_id, ctx, versions).await? {
                Deleted::Done => return Ok(()),
                Deleted::Stale => return Err(IdentityError::Stale),
                Deleted::Absent => return Err(absent()),
                Deleted::Again => {}
            }
        }
        Err(IdentityError::Contended)
    }

    /// A group after a successful write. The answer leaves out the members if they exceed a page, or can't be read
    /// now; the write remains valid in both cases.
    async fn written(&self, database: &ScopedDatabase, group: Group, with_members: bool) -> Group {
        if !with_members {
            return group;
        }
        let mut groups = [group];
        let read = async {
            let counts = groups::count_members(database, &groups, page_size::MAX_MEMBERS).await?;
            if counts.into_iter().sum::<usize>() >= page_size::MAX_MEMBERS {
                return Ok(());
            }
            groups::fill_members(database, &mut groups).await
        };
        if let Err(error) = read.await {
            tracing::error!(
                error = usher_base::chain(&error),
                "a group was written, but its members can't be read"
            );
        }
        let [group] = groups;
        group
    }

    async fn shown(
        &self,
        database: &ScopedDatabase,
        group: Group,
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        let mut groups = [group];
        if with_members {
            groups::fill_members(database, &mut groups).await?;
        }
        let [group] = groups;
        Ok(group)
    }
}

/// Groups as a client sees them. If they were found by an `externalId`, it is the client's own.
fn seen(groups: Vec<Group>, client: Option<&str>, found_by: Option<&Probe>) -> Vec<Group> {
    let by_external_id = matches!(found_by, Some(Probe::ExternalId(_)));
    let seen = groups.into_iter().map(|group| group.seen_by(client));
    seen.filter(|group| !by_external_id || group.external_id.is_some()).collect()
}

/// The number of groups that fit into a page with their members.
async fn fitting(database: &ScopedDatabase, groups: &[Group]) -> Result<usize, IdentityError> {
    if groups.len() < 2 {
        return Ok(groups.len());
    }
    let counts = groups::count_members(database, groups, page_size::MAX_MEMBERS).await?;
    Ok(page_size::fitting(counts.into_iter().map(|count| count.saturating_mul(page_size::MEMBER))))
}

async fn find(database: &ScopedDatabase, id: &str) -> Result<Group, IdentityError> {
    let absent = || IdentityError::absent("Group", id);
    groups::find(database, id.parse().map_err(|_| absent())?).await?.ok_or_else(absent)
}
