//! `usher billing`: what seats cost.

mod simulate;

use clap::Subcommand;

/// `usher billing`
#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Price a file of events without a database, by the functions that the service runs.
    Simulate(simulate::SimulateArgs),
}

/// Runs a command and prints its result.
///
/// # Errors
/// What is wrong with its input.
pub fn run(command: &BillingCommand) -> anyhow::Result<()> {
    match command {
        BillingCommand::Simulate(args) => args.run(),
    }
}
