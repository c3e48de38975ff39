//! What a period would cost by other prices or counts.

use jiff::civil::Date;
use usher_base::id::{PersonKey, PriceId};
use usher_rpc::convert::{InvalidArgument, invalid};
use uuid::Uuid;

use crate::class::SeatClass;
use crate::price::{PriceVersion, UnitPrice};
use crate::rating::{Calendar, Mode, Stay};

/// What is otherwise; by default nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhatIf {
    pub(crate) prices: Vec<PriceIf>,
    pub(crate) seats: Vec<SeatsIf>,
}

/// Another price of a class; what is none is as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PriceIf {
    pub(crate) class: SeatClass,
    pub(crate) unit_price: Option<UnitPrice>,
    pub(crate) mode: Option<Mode>,
    pub(crate) included: Option<i64>,
    pub(crate) floor: Option<i64>,
}

/// So many seats of a class for the whole period, instead of the ledger's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeatsIf {
    pub(crate) class: SeatClass,
    pub(crate) count: u32,
}

impl WhatIf {
    /// The price versions with what is otherwise. One that is made up has the nil id.
    pub(crate) fn prices(
        &self,
        mut versions: Vec<PriceVersion>,
    ) -> Result<Vec<PriceVersion>, InvalidArgument> {
        for other in &self.prices {
            let priced = versions.iter().any(|version| version.class == other.class);
            match other.unit_price {
                None if !priced => {
                    let class = other.class;
                    return Err(invalid("prices", format_args!("class {class} has no price; name one")));
                }
                // One price for all of the period, with the other terms of the last.
                Some(unit_price) => {
                    let last = versions.iter().rfind(|version| version.class == other.class);
                    let made_up = PriceVersion {
                        id: PriceId::from_uuid(Uuid::nil()),
                        class: other.class,
                        unit_price,
                        valid_from: Date::MIN,
                        mode: last.map_or_else(Mode::default, |last| last.mode),
                        included: last.map_or(0, |last| last.included),
                        floor: last.map_or(0, |last| last.floor),
                    };
                    versions.retain(|version| version.class != other.class);
                    versions.push(made_up);
                }
                None => {}
            }
            for version in versions.iter_mut().filter(|version| version.class == other.class) {
                version.id = PriceId::from_uuid(Uuid::nil());
                version.mode = other.mode.unwrap_or(version.mode);
                version.included = other.included.unwrap_or(version.included);
                version.floor = other.floor.unwrap_or(version.floor);
            }
        }
        Ok(versions)
    }

    /// Who is there, with what is otherwise: persons who are made up have small numbers as keys.
    pub(crate) fn stays(&self, mut stays: Vec<Stay<PersonKey>>, calendar: &Calendar) -> Vec<Stay<PersonKey>> {
        let mut made_up = 0_u128;
        for other in &self.seats {
            let class = other.class.index();
            stays.retain(|stay| stay.class != class);
            stays.extend((0..other.count).map(|_| {
                made_up += 1;
                let person = PersonKey::from_uuid(Uuid::from_u128(made_up));
                Stay { person, class, start: calendar.open(), end: None }
            }));
        }
        stays
    }
}
