//! `make bench`: the cost and the speed of the hot paths, with their targets.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use usher_tests::bench::{self, Options};

/// Starts a private PostgreSQL with fsync and the four roles as separate processes, and measures them.
#[derive(Debug, Parser)]
#[command(name = "bench", max_term_width = 100)]
struct Arguments {
    /// Duration of each measurement in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Number of connections, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Number of people in the large workspace.
    #[arg(long, default_value_t = 1_000_000)]
    users: u64,
    /// Number of workspaces with 10,000 people each for the reports. Creating 1,000 takes ten minutes.
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
