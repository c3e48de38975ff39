//! Measures the hot paths against the real program: what a request costs in statements, round
//! trips, calls and CPU, and how many there are in a second.

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

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long each figure is measured.
    pub time: Duration,
    /// Connections, each with one request under way.
    pub connections: usize,
    /// People in the workspace whose size must not matter.
    pub users: u64,
    /// Workspaces of 10,000 people each, over which there is a report; it takes a while to make them.
    pub medium: u64,
}

/// People in the small workspace.
const FEW: u64 = 1_000;
/// Workspaces that are created into at once.
const WORKSPACES: usize = 64;

/// A workspace to measure in.
pub(crate) struct Place {
    pub(crate) id: WorkspaceId,
    pub(crate) host: String,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Place {
    fn of(workspace: &Workspace, gateway: &str) -> anyhow::Result<Self> {
        let host = gateway.strip_prefix("http://").context("the gateway's address")?.to_owned();
        let base = format!("/scim/v2/{}", workspace.slug());
        Ok(Self { id: workspace.id(), host, base, token: workspace.scim().token().to_owned() })
    }
}

/// Measures everything.
///
/// # Errors
/// PostgreSQL or a role fails, or an answer is not as it must be.
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
    Place::of(&processes.workspace(slug).domains(&["bench.example"]).create().await, &processes.gateway())
}
