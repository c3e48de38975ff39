//! `usher billing`: local calculations.

mod simulate;

use clap::Subcommand;

/// `usher billing`
#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Price a file of events without a database, with the functions that the service uses.
    Simulate(simulate::SimulateArgs),
}

/// Runs a command and prints its result.
///
/// # Errors
/// The input is invalid.
pub fn run(command: &BillingCommand) -> anyhow::Result<()> {
    match command {
        BillingCommand::Simulate(args) => args.run(),
    }
}
