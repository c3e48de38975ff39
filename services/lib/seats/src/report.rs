//! Reports, their formats, and the kinds of scheduled changes.

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
    /// Each date's opening, movements and closing, with the amount accrued by then.
    SeatsByDay,
    /// Every fact that the period booked, in the ledger's order; a late one is in the period that booked it.
    ChangeLog,
    /// From the period's opening to its closing, by cause.
    RollForward,
    /// Amounts that the period booked about periods that were closed before.
    Adjustments,
    /// Seats that are committed, used and trued up, date by date.
    Commitment,
    /// Allowed and used seats, and the number of refusals.
    Limits,
    /// Results of comparisons between the states of identity and billing.
    Reconciliation,
    /// Paid seats that are open at the period's end, or now, the longest first, with their cost.
    IdleSeats,
    /// Date by date, the cost so far and the expected cost if nobody is added or removed.
    Forecast,
    /// One row per workspace, with the state of its billing.
    Portfolio,
}

named!(ReportName, "report");

impl ReportName {
    /// Returns whether the report has the column `display`, for the names of people.
    pub const fn has_display(self) -> bool {
        matches!(self, Self::SeatDays | Self::IdleSeats)
    }
}

/// The format of a report's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ReportFormat {
    /// RFC 4180 in UTF-8 with a header row, amounts in major units.
    #[default]
    Csv,
    /// One JSON object per line.
    Jsonl,
}

named!(ReportFormat, "format");

/// The granularity of usage: the dates that are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Granularity {
    /// Each local date.
    #[default]
    Day,
    /// Each calendar month.
    Month,
    /// All dates.
    Total,
}

named!(Granularity, "granularity");

/// The kind of a scheduled change on a later date of a period.
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
