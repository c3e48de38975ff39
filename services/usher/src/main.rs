//! The `usher` program. See `usher --help`.

use std::process::ExitCode;

use clap::Parser;
use usher::cli::Cli;
use usher_base::printable;

/// Gives the large buffers of password hashing back to the system, where the system's allocator keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What a service says may name what others have chosen.
            eprintln!("usher: {}", printable::escaped_lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
