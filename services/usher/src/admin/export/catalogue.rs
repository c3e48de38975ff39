//! The reports there are, and how they are written.

use clap::ValueEnum;

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportName {
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

impl ReportName {
    /// Whether it has the column `display`, for the names of people.
    pub(super) const fn has_display(self) -> bool {
        matches!(self, Self::SeatDays | Self::IdleSeats)
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    /// RFC 4180 in UTF-8 with a header row, amounts in major units.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// A value as it is written on the command line, which is also how billing calls it.
pub(super) fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
