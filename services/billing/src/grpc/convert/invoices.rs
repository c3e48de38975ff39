//! Invoices, and the other prices and counts of a preview.

use std::collections::BTreeSet;

use usher_proto::billing::v1 as pb;
use usher_rating::{amount, zone};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_rpc::{WireEnum as _, optional_enum, optional_to_wire, required_enum};
use usher_seats::{PeriodState, SeatClass};

use crate::grpc::convert::periods::{closed_period, period};
use crate::grpc::convert::prices::seats;
use crate::invoicing::allocations::Share;
use crate::invoicing::invoices::{Invoice, State};
use crate::invoicing::model::credit_note::CreditNote;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::settlement::Settlement;
use crate::terms::model::price_version::UnitPrice;
use crate::terms::model::what_if::{PriceIf, SeatsIf, WhatIf};
use crate::terms::prices;

fn lines(invoice: &Invoice) -> Vec<pb::InvoiceLine> {
    let line = |(line_no, line): (i32, &InvoiceLine)| pb::InvoiceLine {
        line_no,
        kind: line.charge.kind().to_wire(),
        class: optional_to_wire(line.charge.class()),
        origin_period: invoice.origin(line),
        mode: optional_to_wire(line.charge.mode()),
        price_versions: line.charge.price_versions(),
        unit_prices: line.charge.unit_prices(),
        seat_days: line.charge.seat_days(),
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
                head_hash: close.head_hash.to_vec(),
                snapshot_hash: close.hash.to_vec(),
                ..head
            },
            State::Provisional(draft, obstacles) => {
                let state = if obstacles.is_empty() { PeriodState::Complete } else { PeriodState::Open };
                Self {
                    period: Some(period(&draft.period, &draft.calendar, state)),
                    total_minor: draft.settlements.own.total_minor,
                    credit_minor: draft.settlements.own.credit_minor,
                    sequence: draft.sequence,
                    provisional: true,
                    incomplete_reasons: obstacles.0.iter().map(ToString::to_string).collect(),
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

impl TryFrom<(Vec<pb::PriceIf>, Vec<pb::SeatsIf>)> for WhatIf {
    type Error = InvalidArgument;

    fn try_from((prices, seats): (Vec<pb::PriceIf>, Vec<pb::SeatsIf>)) -> Result<Self, InvalidArgument> {
        let prices: Vec<PriceIf> = prices.into_iter().map(PriceIf::try_from).collect::<Result<_, _>>()?;
        let seats: Vec<SeatsIf> = seats.into_iter().map(SeatsIf::try_from).collect::<Result<_, _>>()?;
        once("prices", prices.iter().map(|price| price.class))?;
        once("seats", seats.iter().map(|seats| seats.class))?;
        Ok(Self { prices, seats })
    }
}

fn once(field: &'static str, classes: impl Iterator<Item = SeatClass>) -> Result<(), InvalidArgument> {
    let mut seen = BTreeSet::new();
    for class in classes {
        if !seen.insert(class) {
            return Err(invalid(field, format_args!("class {class} occurs twice")));
        }
    }
    Ok(())
}

impl TryFrom<pb::PriceIf> for PriceIf {
    type Error = InvalidArgument;

    fn try_from(message: pb::PriceIf) -> Result<Self, InvalidArgument> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let unit_price = text(&message.unit_price).map(|price| price.parse::<UnitPrice>());
        let class = required_enum("class", message.class)?;
        let unit_price = unit_price.transpose().map_err(|error| invalid("unit_price", error))?;
        if let Some(unit_price) = unit_price {
            prices::check(class, unit_price)?;
        }
        Ok(Self {
            class,
            unit_price,
            mode: optional_enum("mode", message.mode)?,
            included: message.included.map(|included| seats("prices", included)).transpose()?,
            floor: message.floor.map(|floor| seats("prices", floor)).transpose()?,
        })
    }
}

impl TryFrom<pb::SeatsIf> for SeatsIf {
    type Error = InvalidArgument;

    fn try_from(message: pb::SeatsIf) -> Result<Self, InvalidArgument> {
        Ok(Self { class: required_enum("class", message.class)?, count: seats("count", message.count)? })
    }
}
