//! Accounts, prices, corrections, the audit log.

use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, parse, to_wire};
use usher_rpc::{WireEnum as _, optional_enum, optional_to_wire, required_enum};

use super::{date, optional, optional_date, reason, required_time};
use crate::account_change::AccountChange;
use crate::accounts::named_zone;
use crate::audit::AuditEntry;
use crate::corrections::{CorrectionRequest, NewCorrection};
use crate::currency::Currency;
use crate::minimum::Minimum;
use crate::period::{CALENDAR, Terms};
use crate::price::MOST_SEATS;
use crate::prices::{NewPrice, Priced};
use crate::reconciliation::Run;
use crate::verification::Verification;

impl TryFrom<pb::Account> for AccountChange {
    type Error = InvalidArgument;

    fn try_from(message: pb::Account) -> Result<Self, InvalidArgument> {
        let named = |text: String| Some(text).filter(|text| !text.is_empty());
        let currency = named(message.currency).map(|code| Currency::of(&code)).transpose()?;
        if let Some(currency) = &currency
            && message.exponent != 0
            && message.exponent != currency.places()
        {
            let fault = format_args!("{currency} has {} decimal places by ISO 4217", currency.places());
            return Err(invalid("exponent", fault));
        }
        Ok(Self {
            currency,
            zone: named(message.time_zone).map(|name| named_zone(&name)).transpose()?,
            anchor: optional_date("anchor_date", &message.anchor_date)?,
            effective: optional_date("effective_date", &message.effective_date)?,
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

/// A number of seats that a price names.
pub(super) fn seats(field: &'static str, number: i64) -> Result<i64, InvalidArgument> {
    if (0..=MOST_SEATS).contains(&number) {
        Ok(number)
    } else {
        Err(invalid(field, format_args!("it is 0 to {MOST_SEATS}")))
    }
}

impl TryFrom<pb::PriceVersion> for NewPrice {
    type Error = InvalidArgument;

    fn try_from(message: pb::PriceVersion) -> Result<Self, InvalidArgument> {
        Ok(Self {
            class: required_enum("class", message.class)?,
            unit_price: parse("unit_price", &message.unit_price)?,
            valid_from: date("valid_from", &message.valid_from)?,
            mode: optional_enum("mode", message.mode)?.unwrap_or_default(),
            included: seats("included", message.included)?,
            floor: seats("floor", message.floor)?,
        })
    }
}

impl From<Priced> for pb::PriceVersion {
    fn from(Priced { version, currency }: Priced) -> Self {
        Self {
            id: version.id.to_string(),
            class: version.class.to_wire(),
            unit_price: version.unit_price.spelled(currency.exponent),
            valid_from: version.valid_from.to_string(),
            mode: version.mode.to_wire(),
            included: version.included,
            floor: version.floor,
            currency: currency.code,
        }
    }
}

impl From<Minimum> for pb::MinimumSpend {
    fn from(minimum: Minimum) -> Self {
        Self {
            valid_from: minimum.valid_from.to_string(),
            amount_minor: minimum.amount_minor,
            exponent: minimum.currency.places(),
            currency: minimum.currency.code,
        }
    }
}

impl TryFrom<pb::Correction> for NewCorrection {
    type Error = InvalidArgument;

    fn try_from(message: pb::Correction) -> Result<Self, InvalidArgument> {
        Ok(Self {
            id: optional::<EventId>("id", &message.id)?,
            person: parse("person_key", &message.person_key)?,
            from: required_time("from_time", message.from_time)?,
            until: required_time("until_time", message.until_time)?,
            class: optional_enum("class", message.class)?,
            reason: reason(message.reason)?,
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
            class: optional_to_wire(request.class),
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

/// The most persons of one comparison that are listed; the report has all.
const MOST_PERSONS: usize = 1_000;

impl From<Run> for pb::Reconciliation {
    fn from(run: Run) -> Self {
        let persons = run.persons.unwrap_or_default();
        Self {
            run_id: run.id.to_string(),
            time: Some(to_wire(run.at)),
            epoch: run.epoch,
            source_sequence: run.source_sequence,
            class: run.class.to_wire(),
            identity_count: run.identity_count,
            billing_count: run.billing_count,
            equal: run.equal,
            person_keys: persons.iter().take(MOST_PERSONS).map(ToString::to_string).collect(),
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
