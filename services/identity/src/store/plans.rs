//! Tests that every statement of a hot path is an index probe, starting with an empty table. They count what each
//! statement reads, on a connection whose plans were made while the tables were empty, and on one that starts with or
//! without statistics.

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::Clock;
use usher_base::id::{EventId, GroupId, PersonKey, UserId, WorkspaceId};
use usher_scim::Profile;
use usher_scim::filter::{bind, parse};
use usher_scim::schema;
use usher_scim::user::UserType;
use usher_seats::Pool;
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::change::{Cause, ChangeKind};
use crate::query::Probe;
use crate::store::filter::Table;
use crate::store::groups::{self, Members, NewMembers};
use crate::store::listing::{Listing, Position, Reader, Window};
use crate::store::world::World;
use crate::store::{changes, limits, person_names, relays, seats, states, users};
use crate::user::{Attributes, User};

/// More than five, after which PostgreSQL switches from custom plans to a generic plan.
const TIMES: usize = 7;
const PAGE: i64 = 50;

/// What one run of a case may read: the number of rows, and of database pages.
type Bound = (i64, i64);
type Case = (&'static str, Bound, for<'w> fn(&'w mut World) -> LocalBoxFuture<'w, ()>);

impl World {
    /// Runs each case until its plans are settled, and returns what the last run of each read.
    async fn measure(&mut self) -> Vec<(&'static str, Bound, Bound)> {
        let mut measured = Vec::new();
        for (name, max, case) in CASES {
            for _ in 1..TIMES {
                case(self).await;
            }
            let before = self.read().await;
            case(self).await;
            let after = self.read().await;
            measured.push((name, max, (after.0 - before.0, after.1 - before.1)));
        }
        measured
    }

    async fn assert_probes(&mut self, when: &str) {
        let beyond: Vec<_> = self
            .measure()
            .await
            .into_iter()
            .filter(|(_, max, read)| read.0 > max.0 || read.1 > max.1)
            .collect();
        assert!(beyond.is_empty(), "{when}: case, most rows and pages, rows and pages read: {beyond:#?}");
    }

    fn new_user(&mut self) -> User {
        self.made += 1;
        let name = format!("made{}.{}", self.made, Uuid::new_v4());
        let resource = json!({"userName": name, "externalId": name, "active": true, "displayName": name});
        User {
            id: UserId::new(self.ctx.clock()),
            attributes: Attributes::from_resource(resource.as_object().unwrap().clone()),
            provenance: usher_scim::Object::new(),
            connection: String::new(),
            groups: Vec::new(),
            version: 1,
            degraded: false,
            person: PersonKey::new(self.ctx.clock()),
            created_at: self.ctx.now(),
            updated_at: self.ctx.now(),
        }
    }

    fn write<'a>(&self, user: &'a User) -> users::Write<'a> {
        users::Write {
            user,
            attributes: vec!["displayName".to_owned()],
            actor: "service:test".to_owned(),
            request_id: "test",
            event: EventId::new(self.ctx.clock()),
            now: self.ctx.now(),
        }
    }

    async fn create(&mut self) -> User {
        let user = self.new_user();
        let written =
            users::create(&self.scoped, &self.write(&user), users::Meaning { revive: true, stable: false })
                .await
                .ok()
                .unwrap();
        assert_eq!(written, users::WriteOutcome::Done);
        user
    }

    async fn look_up(&self, probe: Probe) {
        users::probe(&self.scoped, &probe, true).await.unwrap();
    }

    async fn page(&self, filter: &str) {
        let parsed = parse(filter, Profile::Default).unwrap();
        let bound = bind(&parsed, schema::user(), Profile::Default).unwrap();
        let listing = Listing {
            filter: Some(&bound),
            order: None,
            window: Window::Cursor(None),
            count: PAGE,
            reader: Reader::default(),
        };
        users::page(&self.scoped, &listing, true).await.unwrap();
    }

    async fn all(&self, table: Table) {
        let listing = Listing {
            filter: None,
            order: None,
            window: Window::Cursor(None),
            count: PAGE,
            reader: Reader::default(),
        };
        match table {
            Table::Users => drop(users::page(&self.scoped, &listing, true).await.unwrap()),
            Table::Groups => drop(groups::page(&self.scoped, &listing).await.unwrap()),
        }
    }

    /// Reads a page far in the list, by its known or unknown position.
    async fn by_index(&self, known: bool) {
        let all = seats::read(&self.scoped).await.unwrap().change_sequence;
        let offset = if all > 20_000 { 15_000 } else { 3 };
        let position =
            Position { backward: false, key: None, id: id(1, u64::try_from(offset).unwrap()), total: 0 };
        let listing = Listing {
            filter: None,
            order: None,
            window: Window::Index(offset, known.then_some(&position)),
            count: PAGE,
            reader: Reader::default(),
        };
        users::page(&self.scoped, &listing, true).await.unwrap();
    }

    async fn change_members(&self, add: &[Uuid], remove: &[Uuid]) {
        let members = Members {
            clear: false,
            add: NewMembers { ids: add.to_vec(), displays: vec![None; add.len()] },
            remove: remove.to_vec(),
        };
        let write = groups::Write { id: group(1), versions: &[], attributes: None, members: &members };
        groups::write(&self.scoped, &self.ctx, &write).await.unwrap();
    }
}

fn id(kind: u16, number: u64) -> Uuid {
    Uuid::from_u128((u128::from(kind) << 64) | u128::from(number))
}

fn group(number: u64) -> GroupId {
    GroupId::from_uuid(id(2, number))
}

/// Number 1 is in no group, number 2 in ten groups that are nested in others, and number 3 in ten that are not.
fn user(number: u64) -> UserId {
    UserId::from_uuid(id(1, number))
}

/// The hot paths of identity, each with the maximum that one run may read. A lookup reads its row once; a write reads
/// the changed rows again, and the head row. Descending one index and reading its row takes six pages.
const CASES: [Case; 32] = [
    ("read by id", (1, 12), |w| {
        Box::pin(async move {
            users::find(&w.scoped, user(1), true).await.unwrap();
        })
    }),
    // One row per membership and group, and one that says that the groups are not nested.
    ("read by id, in ten groups", (22, 100), |w| {
        Box::pin(async move {
            users::find(&w.scoped, user(3), true).await.unwrap();
        })
    }),
    ("read by id, in ten groups that are in another", (33, 130), |w| {
        Box::pin(async move {
            users::find(&w.scoped, user(2), true).await.unwrap();
        })
    }),
    ("look-up by userName", (1, 12), |w| Box::pin(w.look_up(Probe::UserName("u1".into())))),
    ("look-up by userName of nobody", (0, 6), |w| Box::pin(w.look_up(Probe::UserName("nobody".into())))),
    ("look-up by externalId", (1, 12), |w| Box::pin(w.look_up(Probe::ExternalId("e1".into())))),
    ("look-up by displayName", (1, 12), |w| Box::pin(w.look_up(Probe::DisplayName("d1".into())))),
    ("look-up by work address", (1, 20), |w| Box::pin(w.look_up(Probe::WorkEmail("w1".into())))),
    ("look-up by any address", (1, 20), |w| Box::pin(w.look_up(Probe::Email("w1".into())))),
    ("page by two equalities", (12, 60), |w| {
        Box::pin(w.page("userName eq \"u1\" and title pr and externalId eq \"e1\""))
    }),
    ("page by an address", (12, 60), |w| Box::pin(w.page("emails.value eq \"w1\" and title pr"))),
    ("page by ids", (50, 200), |w| {
        Box::pin(w.page(
            "id eq \"00000000-0000-0001-0000-000000000001\" or id eq \"00000000-0000-0001-0000-000000000002\"",
        ))
    }),
    ("page by a group of one", (20, 120), |w| {
        Box::pin(w.page("groups.value eq \"00000000-0000-0002-0000-000000000014\""))
    }),
    ("first page of users", (450, 900), |w| Box::pin(w.all(Table::Users))),
    ("a page by index whose position is known", (1_500, 1_500), |w| Box::pin(w.by_index(true))),
    ("a page by index far in the list", (1_500, 1_500), |w| Box::pin(w.by_index(false))),
    ("first page of groups", (1_200, 400), |w| Box::pin(w.all(Table::Groups))),
    ("create and delete", (40, 600), |w| {
        Box::pin(async move {
            let user = w.create().await;
            let event = EventId::new(w.ctx.clock());
            let deleted = users::delete(&w.scoped, user.id, &w.ctx, &[], event).await.unwrap();
            assert_eq!(deleted, users::Deleted::Done);
        })
    }),
    ("create and update", (40, 600), |w| {
        Box::pin(async move {
            let mut user = w.create().await;
            user.version = 2;
            let write = w.write(&user);
            let was = Some(UserType::Regular);
            let written = users::update(&w.scoped, &write, was, ChangeKind::Updated, Cause::UserType).await;
            assert_eq!(written.ok().unwrap(), users::WriteOutcome::Done);
        })
    }),
    ("find a group by id", (1, 6), |w| {
        Box::pin(async move {
            groups::find(&w.scoped, group(1)).await.unwrap();
        })
    }),
    ("find a group by name", (1, 6), |w| {
        Box::pin(async move {
            groups::probe(&w.scoped, &Probe::DisplayName("g1".into())).await.unwrap();
        })
    }),
    ("find a group by externalId", (1, 6), |w| {
        Box::pin(async move {
            groups::probe(&w.scoped, &Probe::ExternalId("x1".into())).await.unwrap();
        })
    }),
    ("members of a group of one", (4, 30), |w| {
        Box::pin(async move {
            let Some(found) = groups::find(&w.scoped, group(20)).await.unwrap() else { return };
            groups::fill_members(&w.scoped, &mut [found]).await.unwrap();
        })
    }),
    ("a member in and out of a large group", (40, 400), |w| {
        Box::pin(async move {
            if groups::find(&w.scoped, group(1)).await.unwrap().is_some() {
                let user = id(1, 1);
                w.change_members(&[user], &[]).await;
                w.change_members(&[], &[user]).await;
            }
        })
    }),
    ("a group in and out of a large group", (60, 500), |w| {
        Box::pin(async move {
            if groups::find(&w.scoped, group(1)).await.unwrap().is_some() {
                let inner = id(2, 20);
                w.change_members(&[inner], &[]).await;
                w.change_members(&[], &[inner]).await;
            }
        })
    }),
    ("names of persons", (2, 20), |w| {
        Box::pin(async move {
            let persons = [PersonKey::from_uuid(id(3, 1)), PersonKey::from_uuid(id(3, 2))];
            person_names::read(&w.scoped, &persons).await.unwrap();
        })
    }),
    ("seat counters", (2, 12), |w| {
        Box::pin(async move {
            seats::read(&w.scoped).await.unwrap();
        })
    }),
    // One more entry than a page shows whether more follow.
    ("the change log from a number", (PAGE + 1, 80), |w| {
        Box::pin(async move {
            changes::after(&w.scoped, 0, 50).await.unwrap();
        })
    }),
    ("seat events for billing", (PAGE + 3, 90), |w| {
        Box::pin(async move {
            relays::next(&w.scoped, PAGE).await.unwrap();
        })
    }),
    ("an acknowledgement", (4, 30), |w| {
        Box::pin(
            async move { relays::acknowledge(&w.scoped, 0, relays::BatchOutcome::Applied).await.unwrap() },
        )
    }),
    ("a watermark", (6, 40), |w| {
        Box::pin(async move {
            let workspace = w.ctx.workspace().unwrap();
            states::advance_watermark(&w.scoped, workspace, Timestamp::UNIX_EPOCH).await.unwrap();
        })
    }),
    ("a refused seat", (4, 30), |w| {
        Box::pin(async move { limits::count_refusal(&w.scoped, Pool::Paid).await.unwrap() })
    }),
];

const TABLES: [&str; 14] = [
    "users",
    "deleted_users",
    "heads",
    "milestones",
    "list_positions",
    "seat_limits",
    "seat_refusals",
    "relays",
    "changes",
    "seat_events",
    "groups",
    "group_members",
    "custom_attributes",
    "person_links",
];

const PEOPLE: &str = include_str!("plans/people.sql");

/// Many workspaces, each with ten people and a group.
const OTHERS: &str = include_str!("plans/others.sql");

async fn empty_database() -> (TestDatabase, WorkspaceId) {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let mut owner = PgConnection::connect(&database.owner_url()).await.unwrap();
    for table in TABLES {
        let statement = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut owner).await.unwrap();
    }
    owner.close().await.unwrap();
    (database, WorkspaceId::new(&Clock::system()))
}

#[tokio::test]
async fn plans_made_in_an_empty_database_are_the_right_probes_when_it_is_full() {
    let (database, workspace) = empty_database().await;
    let mut early = World::connect(&database, workspace).await;
    early.assert_probes("in a new database").await;

    early.run(&PEOPLE.replace("$people", "100000")).await;
    early.assert_probes("with 100,000 people and plans from before").await;
    let mut late = World::connect(&database, workspace).await;
    late.assert_probes("with 100,000 people and no statistics").await;

    early.run(OTHERS).await;
    early.assert_probes("with 10,000 more workspaces and plans from before").await;
    let mut late = World::connect(&database, workspace).await;
    late.assert_probes("with 10,000 more workspaces and no statistics").await;

    late.run("ANALYZE").await;
    let mut large = World::connect(&database, workspace).await;
    large.assert_probes("with statistics").await;
    let mut small = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    small.assert_probes("in a new workspace among many").await;
}

#[tokio::test]
async fn plans_made_after_a_vacuum_of_empty_tables_are_the_right_probes_too() {
    let (database, workspace) = empty_database().await;
    let mut early = World::connect(&database, workspace).await;
    for table in TABLES {
        early.run(&format!("VACUUM ANALYZE {table}")).await;
    }
    early.assert_probes("in a vacuumed database").await;

    early.run(&PEOPLE.replace("$people", "20000")).await;

    early.assert_probes("with 20,000 people and plans from before").await;
}
