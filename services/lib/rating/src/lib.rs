//! Rating: pure functions from intervals and prices to statement lines, with exact arithmetic.
//!
//! The service and `usher billing simulate` run these same functions. No floating-point numbers are used; an amount
//! is a fraction until its line is rounded once, half away from zero.

pub mod allocation;
pub mod amount;
pub mod calendar;
mod class;
pub mod count;
mod error;
pub mod interval;
pub mod line;
pub mod minor_units;
pub mod movement;
pub mod overlay;
mod pattern;
pub mod presence;
pub mod price;
mod shares;
pub mod simulate;
mod step;
pub mod tally;
pub mod zone;

pub use allocation::{Allocation, Allocator};
pub use calendar::Calendar;
pub use class::{SeatClass, classes};
pub use count::DailyCount;
pub use error::RatingError;
pub use line::{DailyCharges, Line, daily_charges, rate};
pub use presence::{Member, Presence, Stay};
pub use price::{PriceList, PriceVersion};
pub use step::Step;
pub use tally::Tally;
