//! `make bench`: what the hot paths cost and how fast they are, with the targets beside.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use usher_tests::bench::{self, Options};

/// Starts a private PostgreSQL with fsync and the four roles, a process each, and measures them.
#[derive(Debug, Parser)]
#[command(name = "bench", max_term_width = 100)]
struct Arguments {
    /// How long each figure is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// People in the large workspace.
    #[arg(long, default_value_t = 1_000_000)]
    users: u64,
    /// Workspaces of 10,000 people each, over which there is a report; 1,000 take ten minutes to make.
    #[arg(long, default_value_t = 0)]
    medium: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        time: Duration::from_secs(arguments.seconds.max(1)),
        connections: arguments.connections.max(1),
        users: arguments.users.max(1_000),
        medium: arguments.medium,
    };
    match bench::run(options).await {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
