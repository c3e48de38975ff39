//! Simulation: prices a file of events without a database, with the functions that the service runs.

mod input;
mod output;

pub use input::{Case, InvalidCase};
pub use output::Outcome;

use crate::allocation::Allocator;
use crate::error::RatingError;
use crate::line::rate;
use crate::presence::Presence;
use crate::tally::Tally;

/// Why a case can't be priced.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The case is not well-formed.
    #[error(transparent)]
    Case(#[from] InvalidCase),
    /// The case can't be rated.
    #[error(transparent)]
    Rating(#[from] RatingError),
}

/// Prices a case.
///
/// # Errors
/// All faults of the case at once, or the reason why it can't be rated.
pub fn simulate(case: &Case) -> Result<Outcome, SimulateError> {
    let plan = case.read()?;
    let presence = Presence::new(plan.stays, &plan.classes, &plan.calendar);
    let tally = Tally::of(&presence, &plan.classes, &plan.calendar);
    let (lines, counts) = (rate(&tally, &plan.prices)?, tally.counts());
    let mut allocator = Allocator::new(&lines, &tally, &counts, &plan.prices)?;
    presence.members.iter().for_each(|member| allocator.add(member));
    let allocations: Vec<_> = allocator.finish().collect();
    let money = (case.currency.clone(), plan.exponent);
    Ok(Outcome::new(money, (&plan.classes, &plan.calendar), &lines, &counts, &allocations, &plan.persons))
}
