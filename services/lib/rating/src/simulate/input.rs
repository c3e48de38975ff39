//! The input of a simulation, as JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use usher_seats::CountingMode;

use crate::calendar::Calendar;
use crate::class::SeatClass;
use crate::presence::Stay;
use crate::price::{PriceList, PriceVersion};
use crate::{amount, minor_units, zone};

/// A case to price.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// ISO 4217 code.
    pub currency: String,
    /// Decimal places of the currency, by ISO 4217; may be omitted.
    #[serde(default)]
    pub exponent: Option<u32>,
    /// IANA name of the zone in which days are counted.
    pub timezone: String,
    /// The dates to rate.
    pub period: CasePeriod,
    /// Price versions.
    pub prices: Vec<CasePrice>,
    /// Seat classes.
    pub classes: Vec<CaseClass>,
    /// States of persons. Each applies until the person's next one; states before the period count too.
    pub events: Vec<CaseEvent>,
}

/// The first date, and the date after the last date.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasePeriod {
    /// The first local date.
    pub start: Date,
    /// The local date after the last date.
    pub end: Date,
}

/// A price version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasePrice {
    /// The class.
    pub class: String,
    /// In major units for a whole period, such as `12.00`.
    pub unit_price: String,
    /// The counting mode; the default is `DAILY_TOUCH`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Number of seats that cost nothing.
    #[serde(default)]
    pub included: Option<u32>,
    /// Number of seats that are always charged.
    #[serde(default)]
    pub floor: Option<u32>,
    /// First local date on which it applies; if omitted, from the beginning.
    #[serde(default)]
    pub valid_from: Option<Date>,
}

/// A seat class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseClass {
    /// Its name.
    pub class: String,
    /// Its rank: the highest class counts if a person had several on one date.
    pub rank: u16,
    /// Whether it costs anything.
    pub priced: bool,
}

/// A person's state from an instant on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseEvent {
    /// The instant, RFC 3339; precision is one microsecond.
    pub at: Timestamp,
    /// The person.
    pub person: String,
    /// Whether the person is active from then on.
    pub active: bool,
    /// The person's class from then on; required if the person is active.
    #[serde(default)]
    pub class: Option<String>,
}

/// The faults of a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the case has {} fault(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct InvalidCase(Vec<String>);

impl Case {
    /// Validates the case, and returns all faults at once.
    pub(crate) fn read(&self) -> Result<Plan<'_>, InvalidCase> {
        let mut faults = Vec::new();
        let exponent = self.exponent(&mut faults);
        let zone = zone::get(&self.timezone).unwrap_or_else(|_| {
            faults.push(format!(
                "timezone {:?} is unknown; write an IANA name such as Europe/Berlin",
                self.timezone
            ));
            TimeZone::UTC
        });
        let calendar = Calendar::new(self.period.start, self.period.end, &zone);
        if let Err(error) = &calendar {
            faults.push(format!("period: {error}"));
        }
        let classes = self.classes(&mut faults);
        let prices = self.prices(&classes, exponent, &mut faults);
        let mut persons: Vec<&str> = self.events.iter().map(|event| event.person.as_str()).collect();
        persons.sort_unstable();
        persons.dedup();
        let stays = self.stays(&classes, &persons, &mut faults);
        match calendar {
            Ok(calendar) if faults.is_empty() => {
                Ok(Plan { exponent, calendar, classes, prices, stays, persons })
            }
            _ => Err(InvalidCase(faults)),
        }
    }

    fn exponent(&self, faults: &mut Vec<String>) -> u32 {
        let code: String = self.currency.chars().take(40).collect();
        let Some(exponent) = minor_units::exponent(&self.currency) else {
            faults.push(format!("currency {code:?} is not an ISO 4217 code; write it as EUR"));
            return 0;
        };
        if self.exponent.is_some_and(|given| given != exponent) {
            faults.push(format!("exponent: {code} has {exponent} decimal places by ISO 4217"));
        }
        exponent
    }

    fn classes(&self, faults: &mut Vec<String>) -> Vec<SeatClass> {
        for (index, class) in self.classes.iter().enumerate() {
            let others = &self.classes[..index];
            if others.iter().any(|other| other.class == class.class) {
                faults.push(format!("classes[{index}]: there are two classes {:?}", class.class));
            }
            if others.iter().any(|other| other.rank == class.rank) {
                faults.push(format!("classes[{index}]: there are two classes of rank {}", class.rank));
            }
        }
        let read = |class: &CaseClass| SeatClass {
            name: class.class.clone(),
            rank: class.rank,
            priced: class.priced,
        };
        self.classes.iter().map(read).collect()
    }

    fn prices(&self, classes: &[SeatClass], exponent: u32, faults: &mut Vec<String>) -> Vec<PriceList> {
        let mut versions: Vec<Vec<PriceVersion>> = vec![Vec::new(); classes.len()];
        for (index, price) in self.prices.iter().enumerate() {
            let mut fault = |text: String| faults.push(format!("prices[{index}]: {text}"));
            let Some(class) = position(classes, &price.class) else {
                fault(format!("there is no class {:?}", price.class));
                continue;
            };
            let mode = price.mode.as_deref().map_or(Ok(CountingMode::default()), str::parse);
            match (amount::parse_price(&price.unit_price, exponent), mode) {
                (Ok(unit_price), Ok(mode)) => versions[class].push(PriceVersion {
                    valid_from: price.valid_from,
                    unit_price,
                    mode,
                    included: price.included.unwrap_or_default().into(),
                    floor: price.floor.unwrap_or_default().into(),
                }),
                (Err(error), _) => fault(format!("unit_price {error}")),
                (_, Err(error)) => fault(format!("mode {error}")),
            }
        }
        let list = |(class, versions): (&SeatClass, Vec<PriceVersion>)| {
            PriceList::new(versions).unwrap_or_else(|error| {
                faults.push(format!("prices of {}: {error}", class.name));
                PriceList::default()
            })
        };
        classes.iter().zip(versions).map(list).collect()
    }

    /// Projects states to intervals. If a person has several states at one instant, the last one counts.
    fn stays(&self, classes: &[SeatClass], persons: &[&str], faults: &mut Vec<String>) -> Vec<Stay<usize>> {
        let mut states: BTreeMap<(usize, i64), Option<usize>> = BTreeMap::new();
        for (index, event) in self.events.iter().enumerate() {
            let class = match &event.class {
                Some(name) => position(classes, name).or_else(|| {
                    faults.push(format!("events[{index}]: there is no class {name:?}"));
                    None
                }),
                None if event.active => {
                    faults.push(format!("events[{index}]: an active person needs a class"));
                    None
                }
                None => None,
            };
            let person = persons.binary_search(&event.person.as_str()).unwrap_or_default();
            states.insert((person, event.at.as_microsecond()), class.filter(|_| event.active));
        }
        let mut stays: Vec<Stay<usize>> = Vec::new();
        let mut open: Option<Stay<usize>> = None;
        for ((person, at), state) in states {
            if let Some(stay) = open.filter(|stay| stay.person == person && Some(stay.class) == state) {
                // Nothing changes, so the interval continues.
                open = Some(stay);
                continue;
            }
            if let Some(stay) = open.take() {
                stays.push(Stay { end: (stay.person == person).then_some(at), ..stay });
            }
            open = state.map(|class| Stay { person, class, start: at, end: None });
        }
        stays.extend(open);
        stays
    }
}

fn position(classes: &[SeatClass], name: &str) -> Option<usize> {
    classes.iter().position(|class| class.name == name)
}

/// A validated case: everything that rating needs.
pub(crate) struct Plan<'c> {
    pub(crate) exponent: u32,
    pub(crate) calendar: Calendar,
    pub(crate) classes: Vec<SeatClass>,
    pub(crate) prices: Vec<PriceList>,
    /// A person is represented by the position in `persons`, which is sorted.
    pub(crate) stays: Vec<Stay<usize>>,
    pub(crate) persons: Vec<&'c str>,
}
