//! Runs a command with a private PostgreSQL server for its tests, and exits with the command's exit code:
//! `with-cluster cargo nextest run`.

use std::env;
use std::process::ExitCode;

use tokio::process::Command;
use usher_store::{Cluster, Durability};
use usher_testing::{CLUSTER_VARIABLE, temporary_directory};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-cluster COMMAND [ARGUMENT …]");
        return ExitCode::from(2);
    };
    let folder = temporary_directory();
    let path = folder.path().join("pg");
    let cluster = match Cluster::start(&path, Durability::Relaxed).await {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("with-cluster: {error}");
            return ExitCode::FAILURE;
        }
    };
    let status = Command::new(program).args(arguments).env(CLUSTER_VARIABLE, &path).status().await;
    cluster.stop().await;
    match status {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("with-cluster: {error}");
            ExitCode::FAILURE
        }
    }
}
