//! Tests that the database and the evaluator in memory agree on every filter, sort by the same values, and page
//! through all resources exactly once.

mod drawing;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use usher_base::credential::ISSUER;
use usher_base::id::{EventId, GroupId, PersonKey, UserId, WorkspaceId};
use usher_base::key::SigningKey;
use usher_base::trace::TraceContext;
use usher_base::{Audience, CallContext, Claims, Clock, KeySet, Permission};
use usher_scim::filter::{Bound, Filter, bind, parse};
use usher_scim::schema::{self, CUSTOM_USER, Kind, ResourceType};
use usher_scim::user::{canonicalize, create};
use usher_scim::{Object, Profile, eval, group};
use usher_store::{Database, DatabaseConfig, ScopedDatabase};
use usher_testing::TestDatabase;
use uuid::Uuid;

use drawing::{document, filter, paths, user_types, word};

use super::{Reader, Table};
use crate::group::Group;
use crate::store::groups::NewMembers;
use crate::store::listing::{Listing, Order, Window};
use crate::store::{groups, users};
use crate::user::{Attributes, User};

const BASE: &str = "https://usher.example/scim/v2/acme";
const USERS: usize = 80;
const FILTERS: usize = 600;

struct World {
    database: ScopedDatabase,
    ctx: CallContext,
    runner: TestRunner,
    types: ResourceType,
    users: Vec<(Uuid, Object)>,
    groups: Vec<(Uuid, Object)>,
}

impl World {
    async fn new() -> Self {
        let database = Database::open(&DatabaseConfig {
            url: TestDatabase::create("identity", &crate::MIGRATOR).await.url(),
            max_connections: 4,
            statement_timeout: Duration::from_secs(10),
            application: "test",
        })
        .unwrap();
        let clock = Clock::system();
        let ctx = context(&clock, WorkspaceId::new(&clock));
        let database = database.scoped(&ctx.scope(Permission::UsersRead).unwrap());
        let runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let mut world =
            Self { database, ctx, runner, types: user_types(), users: Vec::new(), groups: Vec::new() };
        world.people().await;
        world
    }

    fn draw<T: std::fmt::Debug>(&mut self, strategy: &impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.runner).unwrap().current()
    }

    async fn people(&mut self) {
        let core = document(&self.types.schema);
        let extensions: Vec<_> = self
            .types
            .extensions
            .iter()
            .map(|extension| (extension.id, prop::option::weighted(0.6, document(extension))))
            .collect();
        let mut ids = Vec::new();
        for at in 0..USERS {
            let mut body = self.draw(&core);
            body["userName"] = format!("{}{at}", self.draw(&word())).into();
            for (id, extension) in &extensions {
                if let Some(extension) = self.draw(extension) {
                    body[*id] = extension;
                }
            }
            let incoming = canonicalize(&body, &self.types, Profile::Default)
                .unwrap_or_else(|fault| panic!("{fault}: {body}"));
            let resource = create(incoming, Profile::Default).unwrap().resource;
            ids.push(self.insert(resource).await);
        }
        for at in 0..12_usize {
            // Every group has some users, and the next two groups.
            let add = ids.iter().copied().skip(at).step_by(at * 3 + 5);
            let subgroups = self.groups.iter().rev().take(at % 3).map(|(id, _)| *id);
            let members: Vec<_> = add.chain(subgroups).collect();
            // The client has its own name for some members.
            let displays = (0..members.len()).map(|n| (n % 3 == 0).then(|| self.draw(&word()))).collect();
            let name = format!("{}{at}", self.draw(&word()));
            let group = Group {
                id: GroupId::new(self.ctx.clock()),
                display_name: name.clone(),
                external_id: (at % 2 == 0).then_some(name),
                connection: String::new(),
                version: 1,
                created_at: self.ctx.now(),
                updated_at: self.ctx.now(),
                members: Vec::new(),
            };
            groups::create(
                &self.database,
                &self.ctx,
                &group,
                Vec::new(),
                NewMembers { ids: members, displays },
            )
            .await
            .ok()
            .unwrap();
            self.groups.push((group.id.as_uuid(), Object::new()));
        }
        for (id, rendered) in &mut self.groups {
            let mut found = [groups::find(&self.database, GroupId::from_uuid(*id)).await.unwrap().unwrap()];
            groups::fill_members(&self.database, &mut found).await.unwrap();
            let [found] = found;
            *rendered = shown(found);
        }
        for id in ids {
            let user = users::find(&self.database, UserId::from_uuid(id), true).await.unwrap().unwrap();
            self.users.push((id, user.rendered(BASE)));
        }
    }

    async fn insert(&self, resource: Object) -> Uuid {
        let user = User {
            id: UserId::new(self.ctx.clock()),
            attributes: Attributes::from_resource(resource),
            provenance: Object::new(),
            // A separate connection for each, so that nobody is taken for a returner.
            connection: UserId::new(self.ctx.clock()).to_string(),
            groups: Vec::new(),
            version: 1,
            degraded: false,
            person: PersonKey::new(self.ctx.clock()),
            created_at: self.ctx.now(),
            updated_at: self.ctx.now(),
        };
        let write = users::Write {
            user: &user,
            attributes: Vec::new(),
            actor: "service:test".to_owned(),
            request_id: "test",
            event: EventId::new(self.ctx.clock()),
            now: self.ctx.now(),
        };
        let written = users::create(&self.database, &write, users::Meaning { revive: false, stable: false })
            .await
            .ok()
            .unwrap();
        assert_eq!(written, users::WriteOutcome::Done);
        user.id.as_uuid()
    }

    async fn found(&self, table: Table, filter: &Bound<'_>) -> BTreeSet<Uuid> {
        let listing = Listing {
            filter: Some(filter),
            order: None,
            window: Window::Index(0, None),
            count: 1_000,
            reader: Reader { base: BASE, client: None },
        };
        let mut tx = self.database.begin().await.unwrap();
        let page = listing.read(&mut tx, table).await.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(usize::try_from(page.total).unwrap(), page.ids.len());
        page.ids.into_iter().collect()
    }

    /// Generates filters and compares both results.
    async fn agree(&mut self, table: Table, types: &ResourceType) {
        let resources = if table == Table::Users { self.users.clone() } else { self.groups.clone() };
        let ids = self.users.iter().chain(&self.groups).step_by(11).map(|(id, _)| id.to_string()).collect();
        let filters = filter(types, ids);
        let (mut asked, mut selective) = (0, 0);
        while asked < FILTERS {
            let text = self.draw(&filters);
            let parsed: Filter =
                parse(&text, Profile::Default).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            let Ok(bound) = bind(&parsed, types, Profile::Default) else { continue };
            let expected: BTreeSet<Uuid> = resources
                .iter()
                .filter(|(_, resource)| eval::matches(&bound, resource))
                .map(|(id, _)| *id)
                .collect();

            let found = self.found(table, &bound).await;

            let differing: Vec<_> = found.symmetric_difference(&expected).take(1).collect();
            let shown = resources.iter().find(|(id, _)| differing.contains(&id)).map(|(_, it)| it);
            assert!(
                differing.is_empty(),
                "{text}: database {}, memory {}: {}",
                found.len(),
                expected.len(),
                json!(shown)
            );
            asked += 1;
            selective += usize::from(!expected.is_empty() && expected.len() < resources.len());
        }
        assert!(selective > FILTERS / 12, "only {selective} filters distinguished resources");
    }
}

fn shown(found: Group) -> Object {
    let id = found.id.to_string();
    let (version, created, updated) =
        (found.version, found.created_at.to_string(), found.updated_at.to_string());
    let envelope = usher_scim::user::Envelope {
        id: &id,
        version,
        created: &created,
        last_modified: &updated,
        location: &format!("{BASE}/Groups/{id}"),
    };
    group::render(found.into_resource(), &envelope)
}

fn context(clock: &Clock, workspace: WorkspaceId) -> CallContext {
    let key = SigningKey::generate().unwrap();
    let claims = Claims {
        iss: ISSUER.into(),
        sub: "service:test".into(),
        aud: vec![Audience::Identity],
        tid: Some(workspace),
        scp: [Permission::UsersRead].into(),
        pol: None,
        iat: clock.now().as_second(),
        nbf: 0,
        exp: clock.now().as_second() + 600,
        jti: "1".into(),
        key: None,
    };
    let token = key.sign(&claims).unwrap();
    let credential =
        KeySet::new([key.public()]).unwrap().verify(&token, Audience::Identity, clock.now()).unwrap();
    CallContext::request(clock.clone(), credential, None, "test".into(), TraceContext::start(), None)
}

#[tokio::test]
async fn the_database_and_the_evaluator_agree_on_every_filter() {
    let mut world = World::new().await;
    let types = user_types();

    world.agree(Table::Users, &types).await;
    world.agree(Table::Groups, schema::group()).await;
}

fn sorted<'a>(order: Option<Order<'a>>, window: Window<'a>, count: i64) -> Listing<'a> {
    Listing { filter: None, order, window, count, reader: Reader { base: BASE, client: None } }
}

#[tokio::test]
async fn every_order_is_total_and_cursors_visit_everybody_once_in_both_directions() {
    let world = World::new().await;
    let (places, _) = paths(&world.types);
    for (path, _) in places {
        let place = schema::AttrPath::parse(&path)
            .resolve(&world.types)
            .map(usher_scim::filter::Place::from)
            .unwrap();
        let unordered = matches!(place.attribute.name.as_ref(), "groups" | "schemas");
        if unordered || place.leaf().kind == Kind::Complex {
            continue;
        }
        for descending in [false, true] {
            let order = Some(Order { place, descending });
            let mut tx = world.database.begin().await.unwrap();
            let all =
                sorted(order, Window::Index(0, None), 1_000).read(&mut tx, Table::Users).await.unwrap().ids;
            let mut walked = Vec::new();
            let mut first = Vec::new();
            let mut page = sorted(order, Window::Cursor(None), 50).read(&mut tx, Table::Users).await.unwrap();
            loop {
                walked.extend(page.ids.clone());
                let Some(next) = page.next else { break };
                page =
                    sorted(order, Window::Cursor(Some(&next)), 50).read(&mut tx, Table::Users).await.unwrap();
            }
            while let Some(previous) = page.previous {
                page = sorted(order, Window::Cursor(Some(&previous)), 50)
                    .read(&mut tx, Table::Users)
                    .await
                    .unwrap();
                first.clone_from(&page.ids);
            }

            assert_eq!(all.len(), USERS, "{path}");
            assert_eq!(walked, all, "{path}, descending: {descending}");
            assert_eq!(first[..], all[..first.len()], "{path}, descending: {descending}");
        }
    }
    assert!(world.types.extensions.iter().any(|schema| schema.id == CUSTOM_USER));
}
