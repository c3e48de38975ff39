//! A credit note.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::id::EventId;
use usher_seats::{LineKind, SeatClass};

use crate::invoicing::model::charge::Charge;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::posting::{Account, Posting};
use crate::terms::model::currency::Currency;

/// A credit note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreditNote {
    pub(crate) id: EventId,
    /// The number of the period that is credited, and of the one in which that is booked.
    pub(crate) ordinal: i64,
    pub(crate) booked_ordinal: i64,
    /// The first date of the latter.
    pub(crate) booked: Date,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) request_id: String,
    pub(crate) issued_at: Timestamp,
    /// Of all lines.
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<CreditLine>,
}

impl CreditNote {
    /// What it gives back in all.
    pub(crate) fn amount_minor(&self) -> i64 {
        self.lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.amount_minor))
    }

    /// Its lines on the invoice of the period in which it is booked.
    pub(crate) fn invoice_lines(&self) -> impl Iterator<Item = InvoiceLine> + '_ {
        self.lines
            .iter()
            .map(|line| InvoiceLine::new(Charge::CreditNote(line.class), line.origin, -line.amount_minor))
    }

    /// What revenue loses is owed to the workspace until an invoice takes it up.
    pub(crate) fn postings(&self) -> Vec<Posting> {
        let of_line = |line: &CreditLine| {
            [
                (Account::revenue(line.kind, line.class, line.origin), line.amount_minor),
                (Account::Credit(self.currency.clone()), -line.amount_minor),
            ]
        };
        self.lines.iter().flat_map(of_line).collect()
    }
}

/// A line of a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CreditLine {
    /// The number of the line that is credited.
    pub(crate) line_no: i32,
    /// What that line is earned as.
    pub(crate) kind: LineKind,
    /// As on that line.
    pub(crate) class: Option<SeatClass>,
    pub(crate) origin: i64,
    /// More than zero.
    pub(crate) amount_minor: i64,
}
