//! What is otherwise in a preview.

use std::collections::BTreeSet;

use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_rpc::{optional_enum, required_enum};
use usher_seats::SeatClass;

use super::account::seats;
use crate::price::UnitPrice;
use crate::prices;
use crate::what_if::{PriceIf, SeatsIf, WhatIf};

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
            return Err(invalid(field, format_args!("class {class} is named twice")));
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
