//! The cost of one request: identity's statements and round trips to PostgreSQL, and calls between the services.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::json;
use usher_rpc::Tasks;
use usher_store::{cluster, service_role};
use usher_testing::temporary_directory;

use super::connection::{Connection, request};
use super::load::SIX_ATTRIBUTES;
use super::wire::{self, Traffic};
use super::{Place, seed};
use crate::stack::Processes;

/// The number of requests for an average.
const REQUESTS: u64 = 200;

/// The average per request.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The operation.
    pub operation: &'static str,
    /// The number of statements that identity executed.
    pub statements: f64,
    /// How often identity waited for PostgreSQL.
    pub round_trips: f64,
    /// The number of calls that all services answered.
    pub calls: f64,
}

struct Counter<'a> {
    processes: &'a Processes,
    traffic: &'a Traffic,
    connection: Connection,
    place: &'a Place,
}

/// Puts a counting socket between identity and PostgreSQL, and measures.
pub(super) async fn count(processes: &mut Processes, place: &Place) -> anyhow::Result<Vec<Cost>> {
    let folder = temporary_directory();
    let tasks = Tasks::new();
    let traffic = wire::listen(folder.path(), &processes.postgres_directory(), &tasks)?;
    let direct = processes.database_url("identity", &service_role("identity"));
    reconnect(processes, &counted_url(folder.path())).await;
    // The relay's work does not belong to a request.
    processes.kill("billing").await;

    let connection = Connection::open(&place.host).await?;
    let mut counter = Counter { processes, traffic: &traffic, connection, place };
    let costs = counter.all().await;

    tasks.soft_stop();
    processes.restart("billing").await;
    reconnect(processes, &direct).await;
    costs
}

fn counted_url(folder: &Path) -> String {
    cluster::url(folder, "usher_identity", &service_role("identity"))
}

async fn reconnect(processes: &mut Processes, url: &str) {
    processes.kill("identity").await;
    processes.set("identity", "USHER_IDENTITY__DATABASE_URL", url);
    processes.restart("identity").await;
}

impl Counter<'_> {
    async fn all(&mut self) -> anyhow::Result<Vec<Cost>> {
        let id = loop {
            // The gateway finds the restarted identity when it sends a request.
            match seed::id(&mut self.connection, self.place, 1).await {
                Ok(id) => break id,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            }
        };
        let path = format!("/Users/{id}");
        let look_up = "/Users?filter=userName+eq+%22p7%40bench.example%22";
        let switch = |n: u64, active: bool| {
            json!({ "Operations": [{ "op": "replace", "path": "active", "value": active }], "n": n })
                .to_string()
        };
        Ok(vec![
            self.cost("lookup by userName", 200, |_| ("GET", look_up.to_owned(), None)).await?,
            self.cost("read by id", 200, |_| ("GET", path.clone(), None)).await?,
            self.cost("create", 201, |n| {
                let document = json!({ "userName": format!("cost{n}@bench.example") });
                ("POST", "/Users".to_owned(), Some(document.to_string()))
            })
            .await?,
            self.cost("PATCH of six attributes", 200, |n| {
                ("PATCH", path.clone(), Some(SIX_ATTRIBUTES.replace('#', &n.to_string())))
            })
            .await?,
            self.cost("deactivate, reactivate", 200, |n| {
                ("PATCH", path.clone(), Some(switch(n, n % 2 == 1)))
            })
            .await?,
        ])
    }

    async fn cost(
        &mut self,
        operation: &'static str,
        status: u16,
        make: impl Fn(u64) -> (&'static str, String, Option<String>),
    ) -> anyhow::Result<Cost> {
        // With a warm cache: statements prepared, policy and credential cached.
        self.send(status, make(u64::MAX)).await?;
        self.send(status, make(u64::MAX - 1)).await?;
        let before = (self.traffic.statements(), self.traffic.round_trips(), self.calls().await?);
        for number in 0..REQUESTS {
            self.send(status, make(number)).await?;
        }
        let after = (self.traffic.statements(), self.traffic.round_trips(), self.calls().await?);
        Ok(Cost {
            operation,
            statements: average(after.0 - before.0),
            round_trips: average(after.1 - before.1),
            calls: average(after.2 - before.2),
        })
    }

    async fn send(
        &mut self,
        status: u16,
        (method, path, body): (&'static str, String, Option<String>),
    ) -> anyhow::Result<()> {
        let request = request(self.place, method, &path, body.as_deref());
        let answer = self.connection.send(&request).await?;
        let text = String::from_utf8_lossy(answer.body);
        ensure!(answer.status == status, "{method} {path}: {} {text}", answer.status);
        Ok(())
    }

    /// The number of calls that tenant and identity have answered, without health checks and streams.
    async fn calls(&self) -> anyhow::Result<u64> {
        let mut calls = 0;
        for role in ["tenant", "identity"] {
            let text = reqwest::get(self.processes.metrics_url(role)).await?.text().await?;
            for line in text.lines().filter(|line| line.starts_with("usher_rpc_requests_total")) {
                if !line.contains("grpc.health") {
                    let value = line.rsplit_once(' ').context("a metric without its value")?.1;
                    calls += value.parse::<u64>()?;
                }
            }
        }
        Ok(calls)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people to read")]
fn average(sum: u64) -> f64 {
    sum as f64 / REQUESTS as f64
}
