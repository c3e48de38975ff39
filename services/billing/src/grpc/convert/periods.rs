use jiff::Timestamp;
use usher_proto::billing::v1 as pb;
use usher_rating::Calendar;
use usher_rpc::WireEnum as _;
use usher_rpc::convert::to_wire;
use usher_seats::PeriodState;

use crate::error::BillingError;
use crate::invoicing::invoices::ClosedPeriod;
use crate::invoicing::model::close::Close;
use crate::terms::model::period::Period;

fn instant(micros: i64) -> Option<prost_types::Timestamp> {
    Timestamp::from_microsecond(micros).ok().map(to_wire)
}

pub(super) fn period(period: &Period, calendar: &Calendar, state: PeriodState) -> pb::Period {
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

pub(super) fn closed_period(close: &Close) -> pb::Period {
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
            snapshot_hash: close.hash.to_vec(),
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
