//! Periods and invoices.

use jiff::Timestamp;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_rpc::{WireEnum as _, optional_to_wire};
use usher_seats::PeriodState;

use crate::allocations::Share;
use crate::credit_notes::CreditNote;
use crate::error::BillingError;
use crate::event::hex;
use crate::forecast::Forecast;
use crate::invoice::InvoiceLine;
use crate::invoices::{ClosedPeriod, Invoice, State};
use crate::period::Period;
use crate::rating::{Calendar, amount};
use crate::reports::{self, Order, Written};
use crate::scheduled_changes::{About, ScheduledChange};
use crate::settlement::Settlement;
use crate::store::closes::Close;
use crate::zone;

fn instant(micros: i64) -> Option<prost_types::Timestamp> {
    Timestamp::from_microsecond(micros).ok().map(to_wire)
}

fn period(period: &Period, calendar: &Calendar, state: PeriodState) -> pb::Period {
    pb::Period {
        ordinal: period.ordinal,
        start_date: period.first.to_string(),
        end_date: period.end.to_string(),
        open_time: instant(calendar.open()),
        close_time: instant(calendar.close()),
        time_zone: period.account.zone_name.clone(),
        state: state.to_wire(),
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
        state: PeriodState::Closed.to_wire(),
    }
}

impl From<ClosedPeriod> for pb::PeriodSummary {
    fn from(ClosedPeriod { close, credited_minor }: ClosedPeriod) -> Self {
        Self {
            period: Some(closed_period(&close)),
            exponent: close.currency.places(),
            currency: close.currency.code,
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
            period: Some(period(&open, &calendar, PeriodState::Open)),
            currency: open.account.currency.code.clone(),
            exponent: open.account.currency.places(),
            ..Default::default()
        })
    }
}

fn lines(invoice: &Invoice) -> Vec<pb::InvoiceLine> {
    let line = |(line_no, line): (i32, &InvoiceLine)| pb::InvoiceLine {
        line_no,
        kind: line.kind.to_wire(),
        class: optional_to_wire(line.class),
        origin_period: invoice.origin(line),
        mode: optional_to_wire(line.mode),
        price_versions: line.price_versions.clone(),
        unit_prices: line.unit_prices.clone(),
        seat_days: line.seat_days,
        exact: amount::fraction(&line.exact),
        amount_minor: line.amount_minor,
        currency: invoice.currency(line).code.clone(),
        exponent: invoice.currency(line).places(),
    };
    (1..).zip(invoice.lines()).map(line).collect()
}

impl From<Settlement> for pb::Settlement {
    fn from(settlement: Settlement) -> Self {
        Self {
            exponent: settlement.currency.places(),
            currency: settlement.currency.code,
            total_minor: settlement.total_minor,
            credit_minor: settlement.credit_minor,
        }
    }
}

impl From<Invoice> for pb::Invoice {
    fn from(invoice: Invoice) -> Self {
        let lines = lines(&invoice);
        let of_period = |note: &&CreditNote| note.currency == *invoice.own_currency();
        let credited_minor = invoice.notes.iter().filter(of_period).map(CreditNote::amount_minor).sum();
        let head = Self {
            currency: invoice.own_currency().code.clone(),
            exponent: invoice.own_currency().places(),
            lines,
            other_currencies: invoice.others.into_iter().map(pb::Settlement::from).collect(),
            credit_notes: invoice.notes.into_iter().map(pb::CreditNote::from).collect(),
            credited_minor,
            ..Default::default()
        };
        match invoice.state {
            State::Closed(close, _) => Self {
                period: Some(closed_period(&close)),
                total_minor: close.total_minor,
                credit_minor: close.credit_minor,
                sequence: close.sequence,
                time_zone_database: close.time_zone_database,
                head_hash: hex(&close.head_hash),
                snapshot_hash: hex(&close.hash),
                ..head
            },
            State::Provisional(draft, reasons) => {
                let state = if reasons.is_empty() { PeriodState::Complete } else { PeriodState::Open };
                Self {
                    period: Some(period(&draft.period, &draft.calendar, state)),
                    total_minor: draft.settlements.own.total_minor,
                    credit_minor: draft.settlements.own.credit_minor,
                    sequence: draft.sequence,
                    provisional: true,
                    incomplete_reasons: reasons,
                    time_zone_database: zone::version().to_owned(),
                    ..head
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
            class: share.class.to_wire(),
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
            exponent: forecast.account.currency.places(),
            currency: forecast.account.currency.code,
            accrued_minor: forecast.accrued_minor,
            expected_minor: forecast.expected_minor,
            floor_minor: forecast.floor_minor,
            basis: forecast.basis,
            remainder_minor: forecast.remainder_minor,
            other_minor: forecast.other_minor,
            start_date: forecast.dates.0.to_string(),
            end_date: forecast.dates.1.to_string(),
            time_zone: forecast.account.zone_name,
            scheduled_changes: forecast.scheduled.into_iter().map(pb::ScheduledChange::from).collect(),
        }
    }
}

impl From<ScheduledChange> for pb::ScheduledChange {
    fn from(change: ScheduledChange) -> Self {
        let about = match change.about {
            About::Class(class) => pb::scheduled_change::About::Class(class.to_wire()),
            About::Pool(pool) => pb::scheduled_change::About::Pool(pool.to_wire()),
        };
        Self {
            date: change.date.to_string(),
            kind: change.kind.to_wire(),
            about: Some(about),
            detail: change.detail,
        }
    }
}

pub(in crate::grpc) fn manifest(
    order: Order,
    about: &reports::About,
    written: Written,
    known_at: Timestamp,
) -> pb::Manifest {
    let (start, end) = about.dates.map(|(a, b)| (a.to_string(), b.to_string())).unwrap_or_default();
    pb::Manifest {
        report: order.report.to_wire(),
        format: order.format.to_wire(),
        rows: written.rows,
        bytes: written.bytes,
        sha256: written.sha256,
        start_date: start,
        end_date: end,
        known_time: Some(to_wire(known_at)),
        sequence: about.sequence,
        head_hash: about.head_hash.clone(),
        modes: about.modes.iter().map(|mode| mode.to_wire()).collect(),
        price_versions: about.price_versions.clone(),
    }
}
