//! Periods and invoices.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;

use crate::allocations::Share;
use crate::class::SeatClass;
use crate::credit_notes::CreditNote;
use crate::error::BillingError;
use crate::event::hex;
use crate::forecast::Forecast;
use crate::invoice::InvoiceLine;
use crate::invoices::{ClosedPeriod, Invoice};
use crate::period::Period;
use crate::rating::{Calendar, Mode, amount};
use crate::reports::{About, Order, Written};
use crate::store::closes::Close;
use crate::zone;

fn exponent(exponent: u32) -> i32 {
    i32::try_from(exponent).unwrap_or_default()
}

fn instant(micros: i64) -> Option<prost_types::Timestamp> {
    Timestamp::from_microsecond(micros).ok().map(to_wire)
}

fn period(period: &Period, calendar: &Calendar, state: &str) -> pb::Period {
    pb::Period {
        ordinal: period.ordinal,
        start_date: period.first.to_string(),
        end_date: period.end.to_string(),
        open_time: instant(calendar.open()),
        close_time: instant(calendar.close()),
        time_zone: period.account.zone_name.clone(),
        state: state.to_owned(),
    }
}

fn closed_period(close: &Close) -> pb::Period {
    pb::Period {
        ordinal: close.ordinal,
        start_date: close.first.to_string(),
        end_date: close.end.to_string(),
        open_time: instant(close.calendar.open()),
        close_time: instant(close.calendar.close()),
        time_zone: close.time_zone.clone(),
        state: "CLOSED".to_owned(),
    }
}

impl From<ClosedPeriod> for pb::PeriodSummary {
    fn from(ClosedPeriod { close, credited_minor }: ClosedPeriod) -> Self {
        Self {
            period: Some(closed_period(&close)),
            currency: close.currency,
            exponent: exponent(close.exponent),
            total_minor: close.total_minor,
            credit_minor: close.credit_minor,
            snapshot_hash: hex(&close.hash),
            credited_minor,
        }
    }
}

impl TryFrom<Period> for pb::PeriodSummary {
    type Error = BillingError;

    fn try_from(open: Period) -> Result<Self, BillingError> {
        let calendar = open.calendar()?;
        Ok(Self {
            period: Some(period(&open, &calendar, "OPEN")),
            currency: open.account.currency.clone(),
            exponent: exponent(open.account.exponent),
            ..Default::default()
        })
    }
}

fn lines(lines: Vec<InvoiceLine>, origins: &HashMap<i64, Date>) -> Vec<pb::InvoiceLine> {
    (1..)
        .zip(lines)
        .map(|(line_no, line)| pb::InvoiceLine {
            line_no,
            kind: line.kind.as_str().to_owned(),
            class: line.class.map_or("", SeatClass::as_str).to_owned(),
            origin_period: origins.get(&line.origin).map(ToString::to_string).unwrap_or_default(),
            mode: line.mode.map_or("", Mode::as_str).to_owned(),
            price_versions: line.price_versions,
            unit_prices: line.unit_prices,
            seat_days: line.seat_days,
            exact: amount::fraction(&line.exact),
            amount_minor: line.amount_minor,
        })
        .collect()
}

impl From<Invoice> for pb::Invoice {
    fn from(invoice: Invoice) -> Self {
        let origins = invoice.origins;
        let credited_minor = invoice.notes.iter().map(CreditNote::amount_minor).sum();
        let credit_notes: Vec<_> = invoice.notes.into_iter().map(pb::CreditNote::from).collect();
        match invoice.state {
            crate::invoices::State::Closed(close, closed_lines) => Self {
                period: Some(closed_period(&close)),
                currency: close.currency,
                exponent: exponent(close.exponent),
                lines: lines(closed_lines, &origins),
                total_minor: close.total_minor,
                credit_minor: close.credit_minor,
                sequence: close.sequence,
                provisional: false,
                incomplete_reasons: Vec::new(),
                time_zone_database: close.time_zone_database,
                head_hash: hex(&close.head_hash),
                snapshot_hash: hex(&close.hash),
                credit_notes,
                credited_minor,
            },
            crate::invoices::State::Provisional(draft, reasons) => {
                let state = if reasons.is_empty() { "COMPLETE" } else { "OPEN" };
                Self {
                    period: Some(period(&draft.period, &draft.calendar, state)),
                    currency: draft.period.account.currency,
                    exponent: exponent(draft.period.account.exponent),
                    lines: lines(draft.lines, &origins),
                    total_minor: draft.settlement.total_minor,
                    credit_minor: draft.settlement.credit_minor,
                    sequence: draft.sequence,
                    provisional: true,
                    incomplete_reasons: reasons,
                    time_zone_database: zone::version().to_owned(),
                    head_hash: String::new(),
                    snapshot_hash: String::new(),
                    credit_notes,
                    credited_minor,
                }
            }
        }
    }
}

impl From<&Share> for pb::Allocation {
    fn from(share: &Share) -> Self {
        let (first, last) = share.dates.map(|(a, b)| (a.to_string(), b.to_string())).unwrap_or_default();
        Self {
            person_key: share.person.to_string(),
            class: share.class.to_string(),
            days: share.days,
            first_date: first,
            last_date: last,
            amount_minor: share.amount_minor,
        }
    }
}

impl From<Forecast> for pb::GetForecastResponse {
    fn from(forecast: Forecast) -> Self {
        Self {
            currency: forecast.account.currency,
            exponent: exponent(forecast.account.exponent),
            accrued_minor: forecast.accrued_minor,
            expected_minor: forecast.expected_minor,
            floor_minor: forecast.floor_minor,
            basis: forecast.basis,
        }
    }
}

pub(in crate::grpc) fn manifest(
    order: Order,
    about: &About,
    written: Written,
    known_at: Timestamp,
) -> pb::Manifest {
    let (start, end) = about.dates.map(|(a, b)| (a.to_string(), b.to_string())).unwrap_or_default();
    pb::Manifest {
        report: order.report.as_str().to_owned(),
        format: order.format.as_str().to_owned(),
        rows: written.rows,
        bytes: written.bytes,
        sha256: written.sha256,
        start_date: start,
        end_date: end,
        known_time: Some(to_wire(known_at)),
        sequence: about.sequence,
        head_hash: about.head_hash.clone(),
        modes: about.modes.clone(),
        price_versions: about.price_versions.clone(),
    }
}
