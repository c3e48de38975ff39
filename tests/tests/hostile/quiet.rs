//! A workspace with a little of all kinds of requests, like an identity provider between its cycles.

use std::sync::Mutex;
use std::time::Duration;

use futures::future::join_all;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::time::{Instant, interval, sleep_until, timeout};
use usher_net::tls::ClientTls;
use usher_proto::tenant::v1 as tenant;
use usher_tests::operator::{Addresses, Operator};
use usher_tests::scim::{Answer, ScimClient, encode, user};
use usher_tests::stack::{Processes, Workspace};

/// Each kind of request is sent once in this time, so that there are about 25 per second in total, half of the usual
/// rate limit.
const EACH: Duration = Duration::from_millis(200);
/// The time after which a request counts as unanswered.
const PATIENCE: Duration = Duration::from_secs(10);
const PEOPLE: usize = 8;
/// Apps with ten tokens each that no gateway has cached. Checking such a token is more expensive.
const APPS: usize = 5;
const TOKENS: usize = 10;

pub(crate) struct Quiet {
    workspace: Workspace,
    operator: String,
    addresses: Addresses,
    people: Vec<(String, String)>,
    unseen: Mutex<Vec<String>>,
    created: Mutex<u64>,
}

/// The results of a measurement.
#[derive(Debug)]
pub(crate) struct Figures {
    times: Histogram<u64>,
    /// Requests with an unexpected answer.
    pub(crate) failures: Vec<String>,
}

impl Figures {
    fn new() -> Self {
        Self { times: Histogram::new_with_bounds(1, 60_000_000, 3).unwrap(), failures: Vec::new() }
    }

    /// The 99th percentile of the response times.
    pub(crate) fn p99(&self) -> Duration {
        Duration::from_micros(self.times.value_at_quantile(0.99))
    }

    /// Returns the number of requests.
    pub(crate) fn requests(&self) -> u64 {
        self.times.len()
    }

    fn note(&mut self, began: Instant, outcome: Result<(), String>) {
        self.times.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap());
        self.failures.extend(outcome.err());
    }
}

#[derive(Clone, Copy)]
enum Kind {
    LookUp,
    Read,
    Create,
    Patch,
    UnseenToken,
    Call,
}

impl Quiet {
    pub(crate) async fn new(processes: &Processes) -> Self {
        let workspace = processes.workspace("quiet").create().await;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let name = workspace.address(&format!("p{number}"));
            people.push((workspace.scim().created(&name).await, name));
        }
        let operator = processes.operator();
        // One after the other: tenant hashes only a few secrets per workspace at the same time, and refuses
        // more.
        let mut unseen = Vec::new();
        for number in 0..APPS {
            let app_id = operator.app(workspace.id(), &format!("app {number}")).await.unwrap();
            for _ in 0..TOKENS {
                let message = tenant::CreateTokenRequest { app_id: app_id.clone(), ..Default::default() };
                unseen.push(operator.token(workspace.id(), message).await.unwrap().secret);
            }
        }
        Self {
            workspace,
            operator: processes.operator().credential().to_owned(),
            addresses: processes.addresses(),
            people,
            unseen: Mutex::new(unseen),
            created: Mutex::new(0),
        }
    }

    /// Sends requests for some time, on a separate thread and over separate connections, so that the attacker's work
    /// in this process is not measured.
    pub(crate) fn measure(&self, time: Duration) -> Figures {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = ScimClient::new(self.workspace.scim().base(), self.workspace.scim().token());
            let operator =
                Operator::new(&self.addresses, self.operator.clone(), &ClientTls::default()).unwrap();
            let until = Instant::now() + time;
            let kinds = [Kind::LookUp, Kind::Read, Kind::Create, Kind::Patch, Kind::UnseenToken, Kind::Call];
            let parts = join_all(kinds.into_iter().enumerate().map(|(place, kind)| {
                // Evenly distributed over the time.
                let begin = Instant::now() + EACH / 6 * u32::try_from(place).unwrap();
                self.repeat(kind, begin, until, &client, &operator)
            }))
            .await;
            parts.into_iter().fold(Figures::new(), |mut all, part| {
                all.times.add(part.times).unwrap();
                all.failures.extend(part.failures);
                all
            })
        })
    }

    async fn repeat(
        &self,
        kind: Kind,
        begin: Instant,
        until: Instant,
        client: &ScimClient,
        operator: &Operator,
    ) -> Figures {
        let mut figures = Figures::new();
        sleep_until(begin).await;
        let mut turns = interval(EACH);
        let mut number = 0;
        while Instant::now() < until {
            turns.tick().await;
            let sent = Instant::now();
            let once = timeout(PATIENCE, self.once(kind, number, client, operator));
            figures.note(sent, once.await.unwrap_or_else(|_| Err("no answer in time".to_owned())));
            number += 1;
        }
        figures
    }

    async fn once(
        &self,
        kind: Kind,
        number: usize,
        client: &ScimClient,
        operator: &Operator,
    ) -> Result<(), String> {
        let (id, name) = &self.people[number % PEOPLE];
        let get = reqwest::Method::GET;
        let path = format!("/Users/{id}");
        let (request, expected) = match kind {
            Kind::LookUp => {
                let filter = encode(&format!("userName eq \"{name}\""));
                (client.request(get, &format!("/Users?filter={filter}")), 200)
            }
            Kind::Read => (client.request(get, &path), 200),
            Kind::Create => {
                let number = {
                    let mut created = self.created.lock().unwrap();
                    *created += 1;
                    *created
                };
                let document = user(&self.workspace.address(&format!("new{number}")));
                (client.with_body(reqwest::Method::POST, "/Users", &document), 201)
            }
            Kind::Patch => {
                let operations = json!([{ "op": "Replace", "path": "title", "value": number.to_string() }]);
                let body = json!({ "schemas": [usher_tests::scim::PATCH_SCHEMA], "Operations": operations });
                (client.with_body(reqwest::Method::PATCH, &path, &body), 200)
            }
            Kind::UnseenToken => {
                // When all tokens have been used, the usual one serves as well.
                let token = self.unseen.lock().unwrap().pop();
                let client = token.map_or_else(|| client.clone(), |token| client.with_token(&token));
                (client.request(get, &path), 200)
            }
            Kind::Call => {
                let seats = operator.seats(self.workspace.id()).await;
                return seats.map(drop).map_err(|error| format!("GetSeats: {error:?}"));
            }
        };
        match client.try_send(request).await {
            Ok(Answer { status, .. }) if status.as_u16() == expected => Ok(()),
            Ok(answer) => Err(format!("{}: {} {}", answer.request, answer.status, answer.text)),
            Err(error) => Err(format!("no answer: {error:?}")),
        }
    }
}
