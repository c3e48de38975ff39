//! Requests for reports.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_seats::{CountingMode, ReportFormat, ReportName};

/// A request for a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) report: ReportName,
    pub(crate) format: ReportFormat,
    /// For one workspace the first date of its period; for all workspaces, any date within their periods.
    pub(crate) date: Date,
    pub(crate) known_at: Option<Timestamp>,
    pub(crate) all_workspaces: bool,
}

/// The subject of a report, for its manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) dates: Option<(Date, Date)>,
    pub(crate) sequence: i64,
    /// The hash of the ledger's head; empty if there is no ledger.
    pub(crate) head_hash: Vec<u8>,
    pub(crate) modes: Vec<CountingMode>,
    pub(crate) price_versions: Vec<String>,
}
