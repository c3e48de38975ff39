//! Assumptions of a preview: other prices or counts.

use jiff::civil::Date;
use usher_base::id::{PersonKey, PriceId};
use usher_rating::{Calendar, Member, Tally};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_seats::{CountingMode, SeatClass};
use uuid::Uuid;

use crate::terms::model::price_version::{PriceVersion, UnitPrice};

/// The assumptions; none by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhatIf {
    pub(crate) prices: Vec<PriceIf>,
    pub(crate) seats: Vec<SeatsIf>,
}

/// Another price of a class; fields that are `None` keep their values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PriceIf {
    pub(crate) class: SeatClass,
    pub(crate) unit_price: Option<UnitPrice>,
    pub(crate) mode: Option<CountingMode>,
    pub(crate) included: Option<i64>,
    pub(crate) floor: Option<i64>,
}

/// A number of seats of a class for the whole period, instead of the recorded ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeatsIf {
    pub(crate) class: SeatClass,
    pub(crate) count: i64,
}

impl WhatIf {
    /// Applies the assumptions to price versions. An assumed version has the nil id.
    pub(crate) fn prices(
        &self,
        mut versions: Vec<PriceVersion>,
    ) -> Result<Vec<PriceVersion>, InvalidArgument> {
        for other in &self.prices {
            let priced = versions.iter().any(|version| version.class == other.class);
            match other.unit_price {
                None if !priced => {
                    let class = other.class;
                    return Err(invalid("prices", format_args!("class {class} has no price; give one")));
                }
                // One price for the whole period, with the other fields of the last version.
                Some(unit_price) => {
                    let last = versions.iter().rfind(|version| version.class == other.class);
                    let made_up = PriceVersion {
                        id: PriceId::from_uuid(Uuid::nil()),
                        class: other.class,
                        unit_price,
                        valid_from: Date::MIN,
                        mode: last.map_or_else(CountingMode::default, |last| last.mode),
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

    /// Adds a person, except in the classes with assumed counts.
    pub(crate) fn tally(
        &self,
        member: &Member<PersonKey>,
        classes: &[usher_rating::SeatClass],
        calendar: &Calendar,
        tally: &mut Tally,
    ) {
        if self.seats.is_empty() {
            tally.add(member);
            return;
        }
        let made_up = |class: usize| self.seats.iter().any(|other| other.class.index() == class);
        let stays = member.stays.iter().copied().filter(|stay| !made_up(stay.class));
        if let Some(rest) = Member::new(stays, classes, calendar) {
            tally.add(&rest);
        }
    }

    /// Adds the assumed seats.
    pub(crate) fn tally_seats(&self, tally: &mut Tally) {
        for other in &self.seats {
            tally.add_seats(other.class.index(), other.count);
        }
    }
}
