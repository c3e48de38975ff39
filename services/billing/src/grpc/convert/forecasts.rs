use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum as _;

use crate::invoicing::forecast::Forecast;
use crate::invoicing::scheduled_changes::{About, ScheduledChange};

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
