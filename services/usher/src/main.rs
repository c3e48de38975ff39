//! The `usher` program. See `usher --help`.

use std::process::ExitCode;

use clap::Parser;
use usher::cli::Cli;

/// Gives the large buffers of password hashing back to the system, where the system's allocator keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("usher: {error:#}");
            ExitCode::FAILURE
        }
    }
}
