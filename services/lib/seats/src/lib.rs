//! The vocabulary of seats for the services and the command line: one type per noun, its text, and what is computed
//! from it alone. No I/O.

mod at_limit;
mod cap;
mod class;
mod counting_mode;
mod digest;
mod invoice;
mod ledger;
mod limit;
mod named;
mod pool;
mod report;
mod user_type;

pub use at_limit::AtLimit;
pub use cap::{Cap, InvalidCap};
pub use class::SeatClass;
pub use counting_mode::CountingMode;
pub use digest::ActiveUsers;
pub use invoice::{LineKind, PeriodState};
pub use ledger::{ComparisonOutcome, EventKind};
pub use limit::LimitSource;
pub use named::{Named, UnknownName};
pub use pool::Pool;
pub use report::{Granularity, ReportFormat, ReportName, ScheduledChangeKind};
pub use user_type::UserType;
