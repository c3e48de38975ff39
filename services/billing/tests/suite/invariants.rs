//! Invariants that hold whatever happened: each test is named after its invariant, and examines a workspace
//! with many kinds of events.

mod ledger;
mod rating;

use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::id::{PersonKey, UserId};

use crate::harness::Billing;
use crate::workspace::Workspace;

const CLASSES: [&str; 3] = ["Regular", "External", "Collaborator"];
const ZONE: &str = "America/Sao_Paulo";

/// Draws pseudo-random numbers, the same in each run.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Three months of a workspace in another time zone. Persons with one or two users come, leave and change
/// their class, often several times per day; the price changes in the middle of June and of July. It is
/// October.
async fn eventful(billing: &Billing) -> (Workspace<'_>, Vec<PersonKey>) {
    let mut acme = billing.workspace();
    acme.account("EUR", 2, ZONE).await.unwrap();
    for (class, price, from) in [
        ("regular", "12.00", "2026-01-01"),
        ("external", "7.77", "2026-01-01"),
        ("regular", "13.37", "2026-06-17"),
        ("external", "8.01", "2026-07-09"),
    ] {
        acme.price(class, price, from).await.unwrap();
    }
    let mut draw = Draw(42);
    let persons: Vec<PersonKey> = (0..9).map(|_| acme.person()).collect();
    let users: Vec<(PersonKey, UserId)> = persons
        .iter()
        .enumerate()
        .flat_map(|(n, person)| {
            let second = (n % 3 == 0).then(|| UserId::new(&billing.clock));
            [Some(UserId::from_uuid(person.as_uuid())), second]
                .into_iter()
                .flatten()
                .map(|user| (*person, user))
        })
        .collect();
    let mut at: Timestamp = "2026-06-01T03:00:00Z".parse().unwrap();
    let mut events = Vec::new();
    while at < "2026-08-30T00:00:00Z".parse().unwrap() {
        let (person, user) = users[usize::try_from(draw.below(users.len() as u64)).unwrap()];
        let class = match draw.below(5) {
            0 | 1 => None,
            n => Some(CLASSES[usize::try_from(n - 2).unwrap()]),
        };
        events.push(acme.user_event(&at.to_string(), person, user, class));
        let hours = if draw.below(3) == 0 { 1 } else { 1 + draw.below(20) };
        let step = i64::try_from(hours * 3_600_000_000 + draw.below(3_600_000_000)).unwrap();
        at += SignedDuration::from_micros(step);
    }
    for part in events.chunks(37) {
        acme.apply(part.to_vec()).await;
    }
    acme.prove("2026-10-01T12:00:00Z").await;
    (acme, persons)
}

async fn october() -> Billing {
    Billing::at("2026-10-02T00:00:00Z").await
}

async fn owner(billing: &Billing) -> PgConnection {
    PgConnection::connect(&billing.database.owner_url()).await.unwrap()
}

async fn count(billing: &Billing, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut owner(billing).await).await.unwrap()
}
