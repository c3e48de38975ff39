//! The `usher` program. See `usher --help`.

use std::process::ExitCode;

use clap::Parser;
use usher::cli::Cli;
use usher_base::printable;

/// Returns the large buffers of password hashing to the system; the system's allocator would keep them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An error of a service may contain text that others have chosen.
            eprintln!("usher: {}", printable::escaped_lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
