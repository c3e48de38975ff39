//! Reports as they are asked for.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_seats::{CountingMode, ReportFormat, ReportName};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) report: ReportName,
    pub(crate) format: ReportFormat,
    /// Of one workspace the first date of its period, of all workspaces a date within.
    pub(crate) date: Date,
    pub(crate) known_at: Option<Timestamp>,
    pub(crate) all_workspaces: bool,
}

/// What a report is about, for its manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) dates: Option<(Date, Date)>,
    pub(crate) sequence: i64,
    /// Of the ledger; empty where there is none.
    pub(crate) head_hash: Vec<u8>,
    pub(crate) modes: Vec<CountingMode>,
    pub(crate) price_versions: Vec<String>,
}
