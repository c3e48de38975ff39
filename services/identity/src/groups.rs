//! The rules of groups: create, read, list, replace, patch, delete.
//!
//! A change of members never reads the other members, and is applied whatever the group's version is:
//! parallel changes lose nothing and wait for each other only while the database applies them.

use usher_base::id::GroupId;
use usher_base::{CallContext, Permission};
use usher_rpc::Workbench;
use usher_scim::group::{self as scim, Delta, GroupChange, Step};
use usher_scim::user::external_id;
use usher_scim::{Profile, ScimError, json, patch, schema};
use usher_store::{Database, ScopedDatabase};

use crate::bookmarks::Bookmarks;
use crate::connection::{Given, Settled, client, connection};
use crate::cursor::Cursors;
use crate::error::IdentityError;
use crate::group::Group;
use crate::members::{joining, members, resolve};
use crate::page_size;
use crate::query::{Around, Asked, Probe, Query};
use crate::store::groups::{self as store, Deleted, Write, Written};

/// How often a write is tried again when others write the same group meanwhile.
const ATTEMPTS: usize = 12;

/// What the rules need.
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
    pub(crate) around: Around,
}

/// What a group is written with.
struct Change<'a> {
    id: &'a str,
    /// If-Match.
    versions: &'a [i64],
    with_members: bool,
    /// How much there is to apply, in bytes.
    work: usize,
}

impl Groups {
    /// Creates a group, with its members.
    pub(crate) async fn create(
        &self,
        ctx: &CallContext,
        document: &str,
        profile: Profile,
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        ctx.require(Permission::UsersWrite)?;
        let database = self.database.scoped(&ctx.scope()?);
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
        let add = joining(delta.add)?;
        match store::create(&database, ctx, &group, paths, add).await? {
            Written::Done(_) => Ok(self.written(&database, group, with_members).await),
            Written::Taken => Err(IdentityError::DisplayNameTaken(group.display_name)),
            Written::Stale | Written::Absent => Err(IdentityError::Contended),
        }
    }

    /// Reads a group.
    pub(crate) async fn get(
        &self,
        ctx: &CallContext,
        id: &str,
        with_members: bool,
    ) -> Result<Group, IdentityError> {
        ctx.require(Permission::UsersRead)?;
        let database = self.database.scoped(&ctx.scope()?);
        let group = find(&database, id).await?.seen_by(client(ctx.actor()).as_deref());
        self.shown(&database, group, with_members).await
    }

    /// Lists groups: by one index probe where the filter is just a name, else a page.
    pub(crate) async fn list(
        &self,
        ctx: &CallContext,
        asked: &Asked,
        with_members: bool,
    ) -> Result<Page, IdentityError> {
        ctx.require(Permission::UsersRead)?;
        let database = self.database.scoped(&ctx.scope()?);
        let client = client(ctx.actor());
        let query = Query::read(asked, schema::group())?.of(client.clone());
        let purpose = asked.purpose(ctx, "groups")?;
        let probe = query.filter.as_ref().filter(|_| query.is_plain(asked)).and_then(Probe::alone);
        let probed = match &probe {
            Some(probe) => store::probe(&database, probe).await?,
            None => None,
        };
        let (groups, total, around) = if let Some(found) = probed {
            let found = seen(found, client.as_deref(), probe.as_ref());
            let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
            let mut groups = query.window(found);
            if with_members {
                groups.truncate(fitting(&database, &groups).await?);
            }
            (groups, total, Around::default())
        } else {
            let bookmarks = Bookmarks { database: &database, cursors: &self.cursors, purpose: &purpose };
            let position = bookmarks.begin(asked, ctx.now()).await?;
            let by_cursor = asked.cursor.is_some();
            let listing = query.listing(by_cursor, position.as_ref());
            let (mut groups, mut page) = store::page(&database, &listing)
                .await
                .map_err(|error| IdentityError::of_list(error, &query))?;
            let fitting = if with_members { fitting(&database, &groups).await? } else { groups.len() };
            if fitting < groups.len() {
                // Read again and shorter, so that the cursors are those of the shorter page.
                let query = query.shortened(fitting);
                (groups, page) = store::page(&database, &query.listing(by_cursor, position.as_ref()))
                    .await
                    .map_err(|error| IdentityError::of_list(error, &query))?;
            }
            let around = bookmarks.end(asked, &page, ctx).await?;
            (groups, page.total, around)
        };
        let mut groups = seen(groups, client.as_deref(), None);
        if with_members {
            store::fill_members(&database, &mut groups).await?;
        }
        Ok(Page { groups, total, around })
    }

    /// Writes a document over a group.
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

    /// Applies a change of nothing but members: one statement.
    async fn write_members(
        &self,
        ctx: &CallContext,
        change: &Change<'_>,
        delta: Delta,
    ) -> Result<Group, IdentityError> {
        ctx.require(Permission::UsersWrite)?;
        let absent = || IdentityError::absent("Group", change.id);
        let id: GroupId = change.id.parse().map_err(|_| absent())?;
        let database = self.database.scoped(&ctx.scope()?);
        let members = members(delta)?;
        for _ in 0..ATTEMPTS {
            let write = Write { id, versions: change.versions, attributes: None, members: &members };
            match store::write(&database, ctx, &write).await? {
                Written::Done(group) => {
                    let group = group.seen_by(client(ctx.actor()).as_deref());
                    return Ok(self.written(&database, group, change.with_members).await);
                }
                Written::Absent => return Err(absent()),
                Written::Stale if !change.versions.is_empty() => return Err(IdentityError::Stale),
                Written::Stale | Written::Taken => {}
            }
        }
        Err(IdentityError::Contended)
    }

    /// Reads the group's attributes, applies, and writes over just that version; again where somebody
    /// else wrote in between.
    async fn write(
        &self,
        ctx: &CallContext,
        change: &Change<'_>,
        apply: impl Fn(&Group) -> Result<GroupChange, ScimError> + Send,
    ) -> Result<Group, IdentityError> {
        ctx.require(Permission::UsersWrite)?;
        let database = self.database.scoped(&ctx.scope()?);
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
            let given =
                Given { external_id: current.external_id.as_deref(), connection: &current.connection };
            let written = external_id(&changed.resource);
            let (external_id, connection) = match given.settle(client.as_deref(), written) {
                Settled::Written => (written, given.connection),
                Settled::Adopted => (written, client.as_deref().unwrap_or_default()),
                Settled::Kept { left_out: false } => (given.external_id, given.connection),
                Settled::Kept { left_out: true } => return Err(IdentityError::ForeignExternalId),
            };
            let attributes = store::Attributes {
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
            match store::write(&database, ctx, &write).await? {
                Written::Done(group) => {
                    let group = group.seen_by(client.as_deref());
                    return Ok(self.written(&database, group, change.with_members).await);
                }
                Written::Taken => return Err(IdentityError::DisplayNameTaken(name)),
                Written::Stale | Written::Absent => {}
            }
        }
        Err(IdentityError::Contended)
    }

    /// Deletes a group.
    pub(crate) async fn delete(
        &self,
        ctx: &CallContext,
        id: &str,
        versions: &[i64],
    ) -> Result<(), IdentityError> {
        ctx.require(Permission::UsersWrite)?;
        let absent = || IdentityError::absent("Group", id);
        let group_id: GroupId = id.parse().map_err(|_| absent())?;
        let database = self.database.scoped(&ctx.scope()?);
        for _ in 0..ATTEMPTS {
            match store::delete(&database, group_id, ctx, versions).await? {
                Deleted::Done => return Ok(()),
                Deleted::Stale => return Err(IdentityError::Stale),
                Deleted::Absent => return Err(absent()),
                Deleted::Again => {}
            }
        }
        Err(IdentityError::Contended)
    }

    /// A group after a write that took effect. Its members are left out of the answer where there are more
    /// than a page shows, or where they can't be read now: neither undoes the write.
    async fn written(&self, database: &ScopedDatabase, group: Group, with_members: bool) -> Group {
        if !with_members {
            return group;
        }
        let mut groups = [group];
        let read = async {
            let counts = store::count_members(database, &groups, page_size::MOST_MEMBERS).await?;
            if counts.into_iter().sum::<usize>() >= page_size::MOST_MEMBERS {
                return Ok(());
            }
            store::fill_members(database, &mut groups).await
        };
        if let Err(error) = read.await {
            tracing::error!(
                error = usher_base::chain(&error),
                "a group was written, and its members can't be read"
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
            store::fill_members(database, &mut groups).await?;
        }
        let [group] = groups;
        Ok(group)
    }
}

/// Groups as a client sees them. An `externalId` that found them is the client's own.
fn seen(groups: Vec<Group>, client: Option<&str>, found_by: Option<&Probe>) -> Vec<Group> {
    let by_external_id = matches!(found_by, Some(Probe::ExternalId(_)));
    let seen = groups.into_iter().map(|group| group.seen_by(client));
    seen.filter(|group| !by_external_id || group.external_id.is_some()).collect()
}

/// How many of the groups make a page with their members.
async fn fitting(database: &ScopedDatabase, groups: &[Group]) -> Result<usize, IdentityError> {
    if groups.len() < 2 {
        return Ok(groups.len());
    }
    let counts = store::count_members(database, groups, page_size::MOST_MEMBERS).await?;
    Ok(page_size::fitting(counts.into_iter().map(|count| count.saturating_mul(page_size::MEMBER))))
}

async fn find(database: &ScopedDatabase, id: &str) -> Result<Group, IdentityError> {
    let absent = || IdentityError::absent("Group", id);
    store::find(database, id.parse().map_err(|_| absent())?).await?.ok_or_else(absent)
}
