use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::id::EventId;
use usher_seats::{LineKind, SeatClass};

use crate::invoicing::model::charge::Charge;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::posting::{Account, Posting};
use crate::terms::model::currency::Currency;

/// A credit note: an amount credited for a closed period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreditNote {
    pub(crate) id: EventId,
    /// The number of the credited period, and of the period that books the credit.
    pub(crate) ordinal: i64,
    pub(crate) booked_ordinal: i64,
    /// The first date of the period that books the credit.
    pub(crate) booked: Date,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) request_id: String,
    pub(crate) issued_at: Timestamp,
    /// The currency of all its lines.
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<CreditLine>,
}

impl CreditNote {
    /// Returns the total amount.
    pub(crate) fn amount_minor(&self) -> i64 {
        self.lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.amount_minor))
    }

    /// Returns the lines on the invoice of the period that books the note.
    pub(crate) fn invoice_lines(&self) -> impl Iterator<Item = InvoiceLine> + '_ {
        self.lines
            .iter()
            .map(|line| InvoiceLine::new(Charge::CreditNote(line.class), line.origin, -line.amount_minor))
    }

    /// Returns the postings: lost revenue is owed to the workspace until an invoice settles it.
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
    /// The number of the credited line.
    pub(crate) line_no: i32,
    /// The kind under which the credited line is earned.
    pub(crate) kind: LineKind,
    /// The class of the credited line.
    pub(crate) class: Option<SeatClass>,
    pub(crate) origin: i64,
    /// The amount; greater than zero.
    pub(crate) amount_minor: i64,
}
