//! Measures the hot paths of the real program: statements, round trips, calls and CPU per request, and requests per
//! second.

mod connection;
mod cost;
mod ledger;
mod load;
mod report;
mod seed;
mod wire;

use std::time::Duration;

use anyhow::Context as _;
use usher_base::id::WorkspaceId;
use usher_store::Durability;

use crate::stack::{Processes, Workspace};
use crate::usage;

pub use report::{Figures, Row};

/// The options of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The duration of each measurement.
    pub time: Duration,
    /// The number of connections, each with one request at a time.
    pub connections: usize,
    /// The number of people in the large workspace, whose size should not matter.
    pub users: u64,
    /// The number of workspaces with 10,000 people each for the reports. Creating them takes a while.
    pub medium: u64,
}

/// The number of people in the small workspace.
const FEW: u64 = 1_000;
/// The number of workspaces in which users are created at the same time.
const WORKSPACES: usize = 64;

/// A workspace for measurements.
pub(crate) struct Place {
    pub(crate) id: WorkspaceId,
    pub(crate) host: String,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Place {
    fn new(workspace: &Workspace, gateway: &str) -> anyhow::Result<Self> {
        let host = gateway.strip_prefix("http://").context("the gateway's address")?.to_owned();
        let base = format!("/scim/v2/{}", workspace.slug());
        Ok(Self { id: workspace.id(), host, base, token: workspace.scim().token().to_owned() })
    }
}

/// Runs all measurements.
///
/// # Errors
/// PostgreSQL or a role fails, or an answer is not as expected.
pub async fn run(options: Options) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    eprintln!("starting PostgreSQL, with fsync, and the four roles");
    let mut processes = Processes::start(Durability::Full).await;
    figures.idle = usage::memory(&processes)?;
    let small = place(&processes, "small").await?;
    let large = place(&processes, "large").await?;
    seed::people(&processes, small.id, FEW).await?;
    eprintln!("seeding {} people", options.users);
    seed::people(&processes, large.id, options.users).await?;
    let mut many = Vec::with_capacity(WORKSPACES);
    for number in 0..WORKSPACES {
        many.push(place(&processes, &format!("w{number}")).await?);
    }
    eprintln!("counting what a request costs");
    figures.costs = cost::count(&mut processes, &small).await?;

    figures.billing = ledger::measure(&processes, options.users, options.medium).await?;

    let load = load::Load { processes: &processes, options };
    for (name, place, people) in [("1,000", &small, FEW), ("large", &large, options.users)] {
        let people = load::People { place, count: people };
        figures.push(load.look_up(&format!("look-up by userName, {name}"), &people).await?);
        figures.push(load.read(&format!("read by id, {name}"), &people).await?);
        figures.push(load.patch(&format!("PATCH of six attributes, {name}"), &people).await?);
        figures.push(load.create_in_one(&format!("create in one workspace, {name}"), &people).await?);
    }
    let (row, created) = load.create_over_many("create over 64 workspaces", &many).await?;
    figures.push(row);
    figures.push(load.deactivate("deactivate", &many, created).await?);
    figures.loaded = usage::memory(&processes)?;
    figures.users = options.users;
    Ok(figures)
}

async fn place(processes: &Processes, slug: &str) -> anyhow::Result<Place> {
    Place::new(&processes.workspace(slug).domains(&["bench.example"]).create().await, &processes.gateway())
}
