//! Runs a simulated Entra ID tenant against a running Usher: `entra-sim --demo .usher/demo.json`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};
use serde::Deserialize;
use usher_base::id::WorkspaceId;
use usher_net::tls::ClientTls;
use usher_tests::entra::{Dialect, Directory, EntraClient, Job, JobOptions, Population, Report};
use usher_tests::operator::{Addresses, Operator, Seats};
use usher_tests::scim::ScimClient;
use usher_tests::words::class_name;

/// Provisions a generated directory into a workspace like Microsoft Entra ID, cycle after cycle, and checks every
/// answer. Exits with 1 if a check failed.
#[derive(Debug, Parser)]
#[command(name = "entra-sim", max_term_width = 100)]
struct Arguments {
    /// demo.json of a running `usher dev`.
    #[arg(long, required_unless_present = "scim_url")]
    demo: Option<PathBuf>,
    /// The demo workspace to provision into.
    #[arg(long, default_value = "acme")]
    workspace: String,
    /// SCIM URL, instead of a demo workspace.
    #[arg(long, requires = "token_file", conflicts_with = "demo")]
    scim_url: Option<String>,
    /// File with the token, instead of a demo workspace.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Approved domains, instead of a demo workspace. The last one is that of guests.
    #[arg(long, value_delimiter = ',')]
    domains: Vec<String>,
    /// Number of people in the directory at the start.
    #[arg(long, default_value_t = 2_000)]
    people: usize,
    /// Number of incremental cycles after the initial one.
    #[arg(long, default_value_t = 3)]
    cycles: u32,
    /// Seed of the random directory and its changes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Entra's PATCH dialect: its default, that of the flag aadOptscim062020, or each in turn.
    #[arg(long, value_enum, default_value_t = Dialects::Both)]
    dialect: Dialects,
    /// Number of concurrent requests.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// Number of days between two cycles. Deleted people are purged after 30 days.
    #[arg(long, default_value_t = 15)]
    days_a_cycle: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dialects {
    Legacy,
    Fixed,
    Both,
}

impl Dialects {
    fn list(self) -> Vec<Dialect> {
        match self {
            Self::Legacy => vec![Dialect::Legacy],
            Self::Fixed => vec![Dialect::Fixed],
            Self::Both => vec![Dialect::Legacy, Dialect::Fixed],
        }
    }
}

/// The part of demo.json that is used here.
#[derive(Debug, Deserialize)]
struct Demo {
    grpc: Addresses,
    service_credential: String,
    workspaces: Vec<DemoWorkspace>,
}

#[derive(Debug, Deserialize)]
struct DemoWorkspace {
    name: String,
    id: WorkspaceId,
    scim_url: String,
    token: String,
    domains: Vec<String>,
}

/// The workspace, and the operator who knows the correct seats.
struct Site {
    scim: ScimClient,
    domains: Vec<String>,
    /// Whether people of other domains are refused.
    enforced: bool,
    operator: Option<(Operator, WorkspaceId)>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("entra-sim: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    if arguments.people == 0 || arguments.concurrency == 0 {
        bail!("--people and --concurrency must be at least 1");
    }
    let site = site(&arguments)?;
    let outside = site.enforced.then(|| "unapproved.example".to_owned());
    let report = Arc::new(Report::default());
    let client = EntraClient::new(site.scim.clone(), Arc::clone(&report));
    let options = JobOptions {
        concurrency: arguments.concurrency,
        dialects: arguments.dialect.list(),
        outside: outside.clone(),
    };
    let mut job = Job::new(client, options);
    if !job.test_connection().await {
        bail!("the connection test failed:\n  {}", report.failures().join("\n  "));
    }
    let others: BTreeSet<String> = job.everybody().await.unwrap_or_default().into_keys().collect();
    let mut directory = Directory::generate(Population {
        people: arguments.people,
        seed: arguments.seed,
        domains: site.domains.clone(),
        outside,
        suffix: format!(".s{}", arguments.seed),
        days_a_cycle: arguments.days_a_cycle,
    });
    println!(
        "{} people, of whom the workspace has {} others already",
        directory.people().len(),
        others.len()
    );
    for cycle in 0..=arguments.cycles {
        if cycle > 0 {
            report.lived(&directory.live());
        }
        job.cycle(&directory).await;
        let name = if cycle == 0 { "initial cycle".to_owned() } else { format!("cycle {cycle}") };
        println!("{name}: {} people provisioned, {} checks failed", job.linked(), report.failed());
    }
    let census = job.verify(&others).await;
    println!("\n{report}");
    let counted = match (&census, &site.operator) {
        (Some(census), Some((operator, workspace))) => {
            let census = Seats::from_counts(
                census.iter().map(|(class, count)| (class.as_str(), i64::try_from(*count).unwrap_or(0))),
            );
            compare_seats(operator, *workspace, census).await?
        }
        _ => true,
    };
    Ok(report.failed() == 0 && census.is_some() && counted)
}

/// Checks that active people, identity's counters and the open intervals in billing are equal.
async fn compare_seats(operator: &Operator, workspace: WorkspaceId, census: Seats) -> anyhow::Result<bool> {
    operator.settle(workspace).await?;
    let counters = operator.seats(workspace).await?;
    let intervals = operator.open_intervals(workspace).await?;
    let ledger = Seats::from_counts(intervals.iter().map(|interval| (class_name(interval.class), 1)));
    let same = census == counters && counters == ledger;
    println!("{:<28} {:>8} {:>8} {:>12}", "seats", "regular", "external", "collaborator");
    for (name, seats) in
        [("active people", census), ("identity's counters", counters), ("billing's open intervals", ledger)]
    {
        println!("{name:<28} {:>8} {:>8} {:>12}", seats.regular, seats.external, seats.collaborator);
    }
    println!("{}", if same { "equal, as required" } else { "FAILED: they differ" });
    Ok(same)
}

fn site(arguments: &Arguments) -> anyhow::Result<Site> {
    if let (Some(url), Some(file)) = (&arguments.scim_url, &arguments.token_file) {
        let token =
            std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        if arguments.domains.is_empty() {
            bail!("--domains is missing: it lists the approved domains");
        }
        return Ok(Site {
            scim: ScimClient::new(url.trim_end_matches('/'), token.trim()),
            domains: arguments.domains.clone(),
            enforced: false,
            operator: None,
        });
    }
    let path = arguments.demo.as_deref().context("--demo is missing")?;
    let text = std::fs::read(path)
        .with_context(|| format!("{} can't be read; is `make run` running?", path.display()))?;
    let demo: Demo = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
    let names: Vec<_> = demo.workspaces.iter().map(|workspace| workspace.name.clone()).collect();
    let workspace =
        demo.workspaces.into_iter().find(|workspace| workspace.name == arguments.workspace).with_context(
            || format!("there is no workspace {:?}; there are {}", arguments.workspace, names.join(", ")),
        )?;
    let enforced = !workspace.domains.is_empty();
    let domains = if enforced { workspace.domains } else { vec!["anybody.example".to_owned()] };
    Ok(Site {
        scim: ScimClient::new(workspace.scim_url, workspace.token),
        domains,
        enforced,
        operator: Some((
            Operator::new(&demo.grpc, demo.service_credential, &ClientTls::default())?,
            workspace.id,
        )),
    })
}
