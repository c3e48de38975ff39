//! Accounts, prices, corrections, the audit log.

use jiff::Timestamp;
use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, from_wire, invalid, missing, parse, to_wire};

use crate::accounts::{Account, AccountChange};
use crate::audit::AuditEntry;
use crate::class::SeatClass;
use crate::corrections::{CorrectionRequest, NewCorrection};
use crate::period::{CALENDAR, Terms};
use crate::price::PriceVersion;
use crate::prices::NewPrice;
use crate::rating::Mode;
use crate::reconciliation::Run;
use crate::verification::Verification;

/// A time that need not be there.
pub(in crate::grpc) fn optional_time(
    field: &'static str,
    time: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, InvalidArgument> {
    time.map(|time| from_wire(field, time)).transpose()
}

/// A text that need not be there.
pub(in crate::grpc) fn optional<T>(field: &'static str, text: &str) -> Result<Option<T>, InvalidArgument>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    if text.is_empty() { Ok(None) } else { parse(field, text).map(Some) }
}

impl TryFrom<pb::Account> for AccountChange {
    type Error = InvalidArgument;

    fn try_from(message: pb::Account) -> Result<Self, InvalidArgument> {
        Ok(Self {
            account: Account::new(&message.currency, message.exponent, &message.time_zone)?,
            anchor: optional("anchor_date", &message.anchor_date)?,
            effective: optional("effective_date", &message.effective_date)?,
        })
    }
}

impl From<Terms> for pb::Account {
    fn from(terms: Terms) -> Self {
        let account = terms.account;
        let unless_calendar =
            |date: jiff::civil::Date| if date == CALENDAR { String::new() } else { date.to_string() };
        Self {
            exponent: account.currency.places(),
            currency: account.currency.code,
            time_zone: account.zone_name,
            anchor_date: unless_calendar(terms.anchor),
            effective_date: unless_calendar(terms.valid_from),
        }
    }
}

impl TryFrom<pb::PriceVersion> for NewPrice {
    type Error = InvalidArgument;

    fn try_from(message: pb::PriceVersion) -> Result<Self, InvalidArgument> {
        let seats = |field, number: i64| {
            if number < 0 { Err(invalid(field, "it is negative")) } else { Ok(number) }
        };
        Ok(Self {
            class: parse("class", &message.class)?,
            unit_price: parse("unit_price", &message.unit_price)?,
            valid_from: parse("valid_from", &message.valid_from)?,
            mode: optional("mode", &message.mode)?.unwrap_or_default(),
            included: seats("included", message.included)?,
            floor: seats("floor", message.floor)?,
        })
    }
}

impl From<PriceVersion> for pb::PriceVersion {
    fn from(version: PriceVersion) -> Self {
        Self {
            id: version.id.to_string(),
            class: version.class.to_string(),
            unit_price: version.unit_price.to_string(),
            valid_from: version.valid_from.to_string(),
            mode: Mode::as_str(version.mode).to_owned(),
            included: version.included,
            floor: version.floor,
        }
    }
}

impl TryFrom<pb::Correction> for NewCorrection {
    type Error = InvalidArgument;

    fn try_from(message: pb::Correction) -> Result<Self, InvalidArgument> {
        let time = |field, time: Option<prost_types::Timestamp>| {
            from_wire(field, time.ok_or_else(|| missing(field))?)
        };
        Ok(Self {
            id: optional::<EventId>("id", &message.id)?,
            person: parse("person_key", &message.person_key)?,
            from: time("from_time", message.from_time)?,
            until: time("until_time", message.until_time)?,
            class: optional::<SeatClass>("class", &message.class)?,
            reason: message.reason,
        })
    }
}

impl From<CorrectionRequest> for pb::Correction {
    fn from(request: CorrectionRequest) -> Self {
        Self {
            id: request.id.to_string(),
            person_key: request.person.to_string(),
            from_time: Some(to_wire(request.from)),
            until_time: Some(to_wire(request.until)),
            class: request.class.map_or("", SeatClass::as_str).to_owned(),
            reason: request.reason,
            author: request.author,
            request_time: Some(to_wire(request.requested_at)),
        }
    }
}

impl From<AuditEntry> for pb::AuditEntry {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            time: Some(to_wire(entry.at)),
            actor: entry.actor,
            action: entry.action,
            detail_json: entry.detail.to_string(),
            request_id: entry.request_id,
        }
    }
}

impl From<Run> for pb::Reconciliation {
    fn from(run: Run) -> Self {
        Self {
            run_id: run.id.to_string(),
            time: Some(to_wire(run.at)),
            epoch: run.epoch,
            source_sequence: run.source_sequence,
            class: run.class.to_string(),
            identity_count: run.identity_count,
            billing_count: run.billing_count,
            equal: run.equal,
            person_keys: run.persons.unwrap_or_default().iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Verification> for pb::Verification {
    fn from(verification: Verification) -> Self {
        Self {
            time: Some(to_wire(verification.at)),
            actor: verification.actor,
            facts: verification.facts,
            faults: verification.faults,
        }
    }
}
