//! Reports, and what they are of.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ReportName {
    /// The lines of the period's invoice.
    Statement,
    /// Seat-days by person, with each person's share of the amount.
    SeatDays,
    /// Each date's opening, movements and closing, with what has accrued until then.
    SeatsByDay,
    /// Every fact that the period booked, in the ledger's order; a late one is in the period that booked it.
    ChangeLog,
    /// From the period's opening to its closing, by cause.
    RollForward,
    /// What was booked in the period about periods that were closed before.
    Adjustments,
    /// What is committed, used and trued up, date by date.
    Commitment,
    /// What was allowed and used, and how often a seat was refused.
    Limits,
    /// What comparisons of the states of identity and billing found.
    Reconciliation,
    /// Paid seats that are open at the period's end, or now, the longest first, with what they have cost.
    IdleSeats,
    /// Date by date what was until now, and what is expected if nobody comes or goes.
    Forecast,
    /// One row a workspace: where its billing is.
    Portfolio,
}

named!(ReportName, "report");

impl ReportName {
    /// Whether it has the column `display`, for the names of people.
    pub const fn has_display(self) -> bool {
        matches!(self, Self::SeatDays | Self::IdleSeats)
    }
}

/// How a report's rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ReportFormat {
    /// RFC 4180 in UTF-8 with a header row, amounts in major units.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

named!(ReportFormat, "format");

/// Over how many dates usage is summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Granularity {
    /// Each local date.
    #[default]
    Day,
    /// Each month of the calendar.
    Month,
    /// All dates.
    Total,
}

named!(Granularity, "granularity");

/// What is set to change on a later date of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ScheduledChangeKind {
    /// A price version begins.
    Price,
    /// A commitment's term begins.
    Commitment,
    /// A commitment's term has ended.
    CommitmentEnd,
    /// A quarter of a commitment ends.
    TrueUp,
}

named!(ScheduledChangeKind, "kind of scheduled change");
