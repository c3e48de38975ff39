//! As many requests as possible.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::ensure;
use futures::future::try_join_all;
use hdrhistogram::Histogram;
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::connection::{Connection, request};
use super::{Options, Place, Row, seed};
use crate::scim::encode;
use crate::stack::Processes;
use crate::usage;

/// The body of a PATCH in Entra's default dialect. `#` is replaced by a different number each time.
pub(super) const SIX_ATTRIBUTES: &str = r##"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
{"op":"Replace","path":"displayName","value":"Person #"},
{"op":"Replace","path":"title","value":"Engineer #"},
{"op":"Replace","path":"name.familyName","value":"Family #"},
{"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"+41 44 #"},
{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Department #"},
{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber","value":"#"}]}"##;
/// The number of ids that reads and patches choose from.
const SAMPLE: u64 = 2_000;

/// A workspace and its seeded people.
pub(super) struct People<'a> {
    pub(super) place: &'a Place,
    pub(super) count: u64,
}

pub(super) struct Load<'a> {
    pub(super) processes: &'a Processes,
    pub(super) options: Options,
}

/// A created user: the index of the workspace, and the id.
pub(super) type Created = (usize, String);

/// A request, and the expected status.
struct Shot {
    request: Vec<u8>,
    status: u16,
}

impl Load<'_> {
    pub(super) async fn look_up(&self, name: &str, people: &People<'_>) -> anyhow::Result<Row> {
        let shoot = |rng: &mut StdRng, _| {
            let number = rng.random_range(1..=people.count);
            let filter = encode(&format!("userName eq \"P{number}@bench.example\""));
            let path = format!("/Users?filter={filter}");
            Some(Shot { request: request(people.place, "GET", &path, None), status: 200 })
        };
        self.run(name, Some(6_500.0), &people.place.host, shoot, |_, _| Ok(())).await
    }

    pub(super) async fn read(&self, name: &str, people: &People<'_>) -> anyhow::Result<Row> {
        let ids = self.sample(people).await?;
        let shoot = |rng: &mut StdRng, _| {
            let path = format!("/Users/{}", ids[rng.random_range(0..ids.len())]);
            Some(Shot { request: request(people.place, "GET", &path, None), status: 200 })
        };
        self.run(name, Some(6_500.0), &people.place.host, shoot, |_, _| Ok(())).await
    }

    pub(super) async fn patch(&self, name: &str, people: &People<'_>) -> anyhow::Result<Row> {
        let ids = self.sample(people).await?;
        let shoot = |rng: &mut StdRng, number: u64| {
            let path = format!("/Users/{}", ids[rng.random_range(0..ids.len())]);
            let body = SIX_ATTRIBUTES.replace('#', &number.to_string());
            Some(Shot { request: request(people.place, "PATCH", &path, Some(&body)), status: 200 })
        };
        self.run(name, Some(1_600.0), &people.place.host, shoot, |_, _| Ok(())).await
    }

    pub(super) async fn create_in_one(&self, name: &str, people: &People<'_>) -> anyhow::Result<Row> {
        let shoot = |_: &mut StdRng, number| Some(creation(people.place, number));
        self.run(name, Some(1_300.0), &people.place.host, shoot, |_, _| Ok(())).await
    }

    /// Creates users in all workspaces in turn; returns them too.
    pub(super) async fn create_over_many(
        &self,
        name: &str,
        places: &[Place],
    ) -> anyhow::Result<(Row, Vec<Created>)> {
        self.warm(places).await?;
        let at = |number: u64| usize::try_from(number).unwrap_or_default() % places.len();
        let created = Mutex::new(Vec::new());
        let shoot = |_: &mut StdRng, number| Some(creation(&places[at(number)], number));
        let note = |number, body: &[u8]| {
            let document: Value = serde_json::from_slice(body)?;
            let id = document["id"].as_str().unwrap_or_default().to_owned();
            created.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at(number), id));
            Ok(())
        };
        let row = self.run(name, Some(2_700.0), &places[0].host, shoot, note).await?;
        Ok((row, created.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)))
    }

    /// Deactivates each user once, until the time or the users are used up.
    pub(super) async fn deactivate(
        &self,
        name: &str,
        places: &[Place],
        people: Vec<Created>,
    ) -> anyhow::Result<Row> {
        let body =
            json!({ "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] }).to_string();
        let shoot = |_: &mut StdRng, number: u64| {
            let (place, id) = people.get(usize::try_from(number).unwrap_or(usize::MAX))?;
            let path = format!("/Users/{id}");
            Some(Shot { request: request(&places[*place], "PATCH", &path, Some(&body)), status: 200 })
        };
        self.run(name, Some(3_000.0), &places[0].host, shoot, |_, _| Ok(())).await
    }

    /// Makes the gateway cache every token, so that hashing is not measured.
    async fn warm(&self, places: &[Place]) -> anyhow::Result<()> {
        for place in places {
            let mut connection = Connection::open(&place.host).await?;
            let answer = connection.send(&request(place, "GET", "/Users?count=0", None)).await?;
            ensure!(answer.status == 200, "{}: {}", place.base, answer.status);
        }
        Ok(())
    }

    async fn sample(&self, people: &People<'_>) -> anyhow::Result<Vec<String>> {
        let mut connection = Connection::open(&people.place.host).await?;
        let mut ids = Vec::new();
        let step = (people.count / SAMPLE).max(1);
        for number in (1..=people.count).step_by(usize::try_from(step)?) {
            ids.push(seed::id(&mut connection, people.place, number).await?);
        }
        Ok(ids)
    }

    /// Sends the requests that `make` makes over all connections, each with one request at a time, and measures their
    /// times.
    async fn run(
        &self,
        name: &str,
        target: Option<f64>,
        host: &str,
        make: impl Fn(&mut StdRng, u64) -> Option<Shot>,
        note: impl Fn(u64, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Row> {
        eprintln!("{name}");
        let next = AtomicU64::new(0);
        let before = usage::cpu(self.processes)?;
        let begun = Instant::now();
        let until = begun + self.options.time;
        let connections = (0..self.options.connections).map(async |number| {
            let mut rng = StdRng::seed_from_u64(u64::try_from(number)?);
            let mut connection = Connection::open(host).await?;
            let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
            while Instant::now() < until {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(shot) = make(&mut rng, number) else { break };
                let sent = Instant::now();
                let answer = connection.send(&shot.request).await?;
                times.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
                let text = || String::from_utf8_lossy(answer.body);
                ensure!(answer.status == shot.status, "{name}: {} {}", answer.status, text());
                note(number, answer.body)?;
            }
            anyhow::Ok(times)
        });
        let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        for part in try_join_all(connections).await? {
            times.add(part)?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let after = usage::cpu(self.processes)?;
        Ok(Row::new(name, target, &times, seconds, &before, &after))
    }
}

fn creation(place: &Place, number: u64) -> Shot {
    // Two runs in one workspace must not use the same names.
    let name = format!("n{}-{number}@bench.example", rand::rng().random::<u32>());
    let document = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": format!("e{number}"),
        "userName": name,
        "displayName": format!("New {number}"),
        "name": { "givenName": "New", "familyName": number.to_string() },
        "title": "Engineer",
        "active": true,
        "emails": [{ "type": "work", "primary": true, "value": name }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Engineering" },
    });
    Shot { request: request(place, "POST", "/Users", Some(&document.to_string())), status: 201 }
}
