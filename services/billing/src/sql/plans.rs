//! Tests that every statement of a hot path is an index probe from the first row on. They count what is read by a
//! connection whose plans were made while the tables were empty, by one that starts with statistics, and by one
//! without.

#[cfg(test)]
mod world;

use futures::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};
use usher_base::{Clock, Permission};
use usher_seats::{Pool, SeatClass};
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::audit::store::log as entries;
use crate::jobs::model::Job;
use crate::jobs::store::turns;
use crate::ledger::model::batch::Batch;
use crate::ledger::model::event::SeatEvent;
use crate::ledger::model::fact_range::FactRange;
use crate::ledger::model::head::Watermark;
use crate::ledger::model::interval_filter::IntervalFilter;
use crate::ledger::model::state::Run;
use crate::ledger::store::{corrections, events, facts, intervals, ledgers, reconciliations};
use crate::limits::model::refusal::Refusals;
use crate::limits::store::feed::Place;
use crate::limits::store::{feed, limits};
use crate::limits::{limit_versions, refusals};
use crate::reports::store::workspaces;
use crate::sql::plans::world::World;
use crate::verification::model::verdict::Verification;
use crate::verification::store::verifications;
use crate::{audit, ingest};

/// More runs than the five after which PostgreSQL keeps a plan for all values.
const TIMES: usize = 7;
const PAGE: u32 = 50;
/// Number of people in the full workspace. Each has a state, and a third have left.
const PEOPLE: i64 = 30_000;

/// The maximum that one run of a case may read: rows, and pages of the database.
type Bound = (i64, i64);
type Case = (&'static str, Bound, for<'w> fn(&'w mut World) -> LocalBoxFuture<'w, ()>);

impl World {
    /// Runs each case often enough for plans to settle, and returns what the last run of each read.
    async fn measure(&mut self) -> Vec<(&'static str, Bound, Bound)> {
        let mut measured = Vec::new();
        for (name, most, case) in CASES {
            for _ in 1..TIMES {
                case(self).await;
            }
            let before = self.read().await;
            case(self).await;
            let after = self.read().await;
            measured.push((name, most, (after.0 - before.0, after.1 - before.1)));
        }
        measured
    }

    /// Collects the cases that read more than they may.
    async fn probe(&mut self, when: &str, beyond: &mut Vec<String>) {
        let measured = self.measure().await;
        let over = measured.iter().filter(|(_, most, read)| read.0 > most.0 || read.1 > most.1);
        beyond.extend(over.map(|(name, most, read)| {
            format!("{when}, {name}: {read:?} rows and pages were read, at most {most:?} may be")
        }));
    }

    /// Appends new states of persons, by their numbers.
    async fn append(&mut self, persons: &[(Uuid, bool)]) {
        let ledger = ledgers::get(&self.scoped).await.unwrap();
        let (first, last) = ledger.map_or((1, Timestamp::UNIX_EPOCH), |ledger| {
            (ledger.acknowledged_sequence + 1, ledger.last_effective_at)
        });
        let at = last.max(self.ctx.now() - SignedDuration::from_hours(1));
        let events = (first..).zip(persons).map(|(sequence, (person, active))| SeatEvent {
            sequence,
            event_id: EventId::new(self.ctx.clock()),
            person: PersonKey::from_uuid(*person),
            user: UserId::from_uuid(*person),
            active: *active,
            class: SeatClass::Regular,
            effective_at: at + SignedDuration::from_micros(sequence - first + 1),
            cause: "scim.create".to_owned(),
            actor: "scim:test".to_owned(),
            request_id: String::new(),
        });
        self.send(events.collect()).await;
    }

    async fn send(&self, events: Vec<SeatEvent>) {
        let last = events.last().unwrap().sequence;
        let batch = Batch { workspace: self.workspace(), epoch: 1, events };
        let appended = ingest::append(&self.scoped, self.ctx.now(), &batch).await.unwrap();
        assert_eq!((appended.acknowledged, appended.refused), (last, None));
    }

    async fn watermark(&mut self, at: Timestamp) {
        let sequence =
            ledgers::get(&self.scoped).await.unwrap().map_or(0, |found| found.acknowledged_sequence);
        ingest::advance(&self.scoped, self.ctx.now(), 1, Watermark { at, sequence }, "").await.unwrap();
    }
}

fn id(kind: u16, number: u64) -> Uuid {
    Uuid::from_u128((u128::from(kind) << 64) | u128::from(number))
}

/// Returns the key of a person in the full workspace.
fn person(number: u64) -> Uuid {
    id(3, number)
}

/// The hot paths of billing, each with the maximum that one run may read. An event reads the ledger's row, the
/// person's states and interval, and the limits in force.
const CASES: [Case; 24] = [
    ("somebody new", (60, 400), |w| {
        Box::pin(async move {
            w.append(&[(Uuid::new_v4(), true)]).await;
        })
    }),
    ("somebody comes and goes", (250, 800), |w| {
        Box::pin(async move {
            w.append(&[(person(1), false)]).await;
            w.append(&[(person(1), true)]).await;
        })
    }),
    ("a batch of fifty", (1_400, 8_000), |w| {
        Box::pin(async move {
            let persons: Vec<(Uuid, bool)> =
                (100..150).map(|number| (person(number), w.made % 2 == 0)).collect();
            w.made += 1;
            w.append(&persons).await;
        })
    }),
    ("an event that is there", (40, 150), |w| {
        Box::pin(async move {
            let Some(ledger) = ledgers::get(&w.scoped).await.unwrap() else { return };
            let mut tx = w.begin().await;
            let last = ledger.acknowledged_sequence;
            assert_eq!(events::applied(&mut tx, 1, last, last).await.unwrap().len(), 1);
        })
    }),
    ("a cursor", (2, 12), |w| {
        Box::pin(async move {
            ledgers::get(&w.scoped).await.unwrap();
        })
    }),
    ("a watermark", (36, 80), |w| {
        Box::pin(async move {
            let now = w.ctx.now();
            w.watermark(now).await;
        })
    }),
    ("a watermark after a pause", (60, 150), |w| {
        Box::pin(async move {
            w.made += 1;
            let old = SignedDuration::from_mins(2);
            w.run(
                "UPDATE ledgers SET span_until = span_until - interval '2 minutes' WHERE tenant_id = $tenant",
            )
            .await;
            let at = w.ctx.now() - old + SignedDuration::from_millis(i64::try_from(w.made).unwrap());
            w.run("UPDATE ledgers SET watermark_at = watermark_at - interval '1 hour' WHERE tenant_id = $tenant").await;
            w.watermark(at).await;
        })
    }),
    ("refused seats", (20, 150), |w| {
        Box::pin(async move {
            w.made += 1;
            let total = i64::try_from(100_000 + w.made).unwrap();
            let sent = [Refusals { pool: Pool::Paid, total }];
            refusals::take(&w.scoped, w.ctx.now(), w.ctx.now(), &sent).await.unwrap();
        })
    }),
    ("a plan that is known", (60, 150), |w| {
        Box::pin(async move { limit_versions::take_plan(&w.scoped, w.ctx.now(), &[]).await.unwrap() })
    }),
    ("limits that hold", (60, 120), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            limits::count(&mut tx).await.unwrap();
            limits::last(&mut tx).await.unwrap();
        })
    }),
    ("limits of all workspaces since a time", (24, 120), |w| {
        Box::pin(async move {
            feed::page(&w.database, &Place::from(w.ctx.now()), 1_000).await.unwrap();
        })
    }),
    ("somebody's seat", (45, 150), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            let overlay = facts::overlay(&mut tx, i64::MAX).await.unwrap();
            let persons = overlay.companions(PersonKey::from_uuid(person(7)));
            intervals::of_persons(&mut tx, i64::MAX, &persons).await.unwrap();
        })
    }),
    ("a page of facts", (60, 200), |w| {
        Box::pin(async move {
            let range = FactRange { after_sequence: 2_000, ..FactRange::default() };
            let mut tx = w.begin().await;
            facts::list(&mut tx, &range, PAGE).await.unwrap();
        })
    }),
    ("a page of intervals", (60, 200), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            let after = (PersonKey::from_uuid(person(500)), 0);
            intervals::page(&mut tx, i64::MAX, &IntervalFilter::default(), after, PAGE).await.unwrap();
        })
    }),
    ("intervals of a person", (10, 60), |w| {
        Box::pin(async move {
            let filter =
                IntervalFilter { person: Some(PersonKey::from_uuid(person(9))), ..IntervalFilter::default() };
            let mut tx = w.begin().await;
            let after = (PersonKey::from_uuid(Uuid::nil()), 0);
            intervals::page(&mut tx, i64::MAX, &filter, after, PAGE).await.unwrap();
        })
    }),
    ("where a ledger begins and ends", (60, 120), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            facts::first_instant(&mut tx).await.unwrap();
            facts::beyond(&mut tx, 1_000_000).await.unwrap();
            facts::earliest_late(&mut tx, 100, i64::MAX).await.unwrap();
        })
    }),
    ("the last event before an instant", (20, 40), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            events::last_before(&mut tx, 1, w.ctx.now().as_microsecond(), i64::MAX).await.unwrap();
        })
    }),
    ("an entry of the audit log", (12, 80), |w| {
        Box::pin(async move {
            let scope = w.ctx.scope(Permission::BillingAdmin).unwrap();
            let mut tx = w.begin().await;
            audit::note(&mut tx, &scope, "test", serde_json::json!({})).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("a page of the audit log", (100, 160), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            entries::page(&mut tx, EventId::from_uuid(Uuid::nil()), PAGE).await.unwrap();
        })
    }),
    ("corrections that wait", (300, 400), |w| {
        Box::pin(async move {
            let mut tx = w.begin().await;
            corrections::waiting(&mut tx, PAGE).await.unwrap();
        })
    }),
    ("a verification", (45, 150), |w| {
        Box::pin(async move {
            let verification = Verification {
                id: EventId::new(w.ctx.clock()),
                at: w.ctx.now(),
                actor: String::new(),
                facts: 1,
                faults: Vec::new(),
            };
            let mut tx = w.begin().await;
            verifications::insert(&mut tx, &verification).await.unwrap();
            verifications::last(&mut tx, 30).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("a comparison", (12, 80), |w| {
        Box::pin(async move {
            let run = Run {
                id: EventId::new(w.ctx.clock()),
                epoch: 1,
                source_sequence: 1,
                class: SeatClass::Regular,
                identity_count: 1,
                billing_count: 1,
                equal: true,
                persons: None,
                at: w.ctx.now(),
            };
            let mut tx = w.begin().await;
            reconciliations::insert(&mut tx, &[run]).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("a turn of a job", (12, 160), |w| {
        Box::pin(async move {
            let now = w.ctx.now();
            turns::due(&w.database, Job::Close, now, 1).await.unwrap();
            let mut tx = w.begin().await;
            turns::claim(&mut tx, Job::Close, Timestamp::UNIX_EPOCH, now).await.unwrap();
            turns::finish(&mut tx, Job::Close, now, Timestamp::UNIX_EPOCH, None).await.unwrap();
            tx.commit().await.unwrap();
        })
    }),
    ("a page of workspaces", (60, 120), |w| {
        Box::pin(async move {
            workspaces::page(&w.database, WorkspaceId::from_uuid(Uuid::nil()), 50).await.unwrap();
        })
    }),
];

const FULL: &str = include_str!("plans/people.sql");

/// SQL that creates many workspaces, each with ten people.
const OTHERS: &str = include_str!("plans/others.sql");

async fn empty_database() -> (TestDatabase, WorkspaceId, Vec<String>) {
    let database = TestDatabase::create("billing", &crate::MIGRATOR).await;
    let mut owner = PgConnection::connect(&database.owner_url()).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
           AND relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    for table in &tables {
        let statement = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut owner).await.unwrap();
    }
    owner.close().await.unwrap();
    (database, WorkspaceId::new(&Clock::system()), tables)
}

#[tokio::test]
async fn plans_made_in_an_empty_database_are_the_right_probes_when_it_is_full() {
    let (database, workspace, _) = empty_database().await;
    let mut beyond = Vec::new();
    let mut early = World::connect(&database, workspace).await;
    early.probe("in a new database", &mut beyond).await;

    early.run(&FULL.replace("$people", &PEOPLE.to_string())).await;
    early.probe("with many people and plans from before", &mut beyond).await;
    let mut late = World::connect(&database, workspace).await;
    late.probe("with many people and no statistics", &mut beyond).await;

    early.run(OTHERS).await;
    early.probe("with 5,000 more workspaces and plans from before", &mut beyond).await;
    let mut late = World::connect(&database, workspace).await;
    late.probe("with 5,000 more workspaces and no statistics", &mut beyond).await;

    late.run("ANALYZE").await;
    let mut large = World::connect(&database, workspace).await;
    large.probe("with statistics", &mut beyond).await;
    let mut small = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    small.probe("in a new workspace among many", &mut beyond).await;
    assert!(beyond.is_empty(), "{beyond:#?}");
}

#[tokio::test]
async fn plans_made_after_a_vacuum_of_empty_tables_are_the_right_probes_too() {
    let (database, workspace, tables) = empty_database().await;
    let mut beyond = Vec::new();
    let mut early = World::connect(&database, workspace).await;
    for table in tables {
        early.run(&format!("VACUUM ANALYZE {table}")).await;
    }
    early.probe("in a vacuumed database", &mut beyond).await;

    early.run(&FULL.replace("$people", &PEOPLE.to_string())).await;

    early.probe("with many people and plans from before", &mut beyond).await;
    assert!(beyond.is_empty(), "{beyond:#?}");
}
