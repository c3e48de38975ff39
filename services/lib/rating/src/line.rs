//! Statement lines: one per kind and class, each an exact amount that is rounded once.

use num_rational::BigRational;
use num_traits::Zero as _;
use usher_seats::{CountingMode, LineKind};

use crate::amount::{round, whole};
use crate::calendar::Calendar;
use crate::class::SeatClass;
use crate::count::DailyCount;
use crate::error::RatingError;
use crate::price::{PriceList, PriceVersion};
use crate::step::Step;
use crate::tally::Tally;

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The kind of the line.
    pub kind: LineKind,
    /// Index of the class.
    pub class: usize,
    /// How its seats were counted.
    pub mode: CountingMode,
    /// The counted seat-days: the priced units in the daily modes, the dates with any seat in the others.
    pub seat_days: i64,
    /// The exact amount, in minor units.
    pub exact: BigRational,
    /// The amount in minor units, rounded once, half away from zero.
    pub amount_minor: i64,
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Seats in use.
    Seats,
    /// Committed seats that were not in use.
    Floor,
}

impl Part {
    const fn kind(self) -> LineKind {
        match self {
            Self::Seats => LineKind::Seat,
            Self::Floor => LineKind::Floor,
        }
    }
}

/// A class in a period: its counts and its prices, date by date.
pub(crate) struct Rated<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) mode: CountingMode,
    versions: Vec<Option<&'a PriceVersion>>,
    counts: &'a [DailyCount],
    steps: Vec<Step>,
    distinct: i64,
}

/// Rates every class: seat lines and floor lines, the highest class first. Lines without seats and without an amount
/// are omitted.
///
/// # Errors
/// See [`RatingError`].
pub fn rate(tally: &Tally, prices: &[PriceList]) -> Result<Vec<Line>, RatingError> {
    let (counts, classes) = (tally.counts(), tally.classes());
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|class| std::cmp::Reverse(classes[*class].rank));
    let mut lines = Vec::new();
    for class in order {
        let rated = Rated::new(tally, class, &prices[class], &counts[class])?;
        for part in [Part::Seats, Part::Floor] {
            let (exact, seat_days) = rated.amount(part);
            if exact.is_zero() && (seat_days == 0 || part == Part::Floor) {
                continue;
            }
            let amount_minor =
                round(&exact).ok_or_else(|| RatingError::TooLarge(classes[class].name.clone()))?;
            lines.push(Line { kind: part.kind(), class, mode: rated.mode, seat_days, exact, amount_minor });
        }
    }
    Ok(lines)
}

/// The cost of each date for a class; empty if the mode prices the period as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DailyCharges {
    /// The cost of seats, by date.
    pub seats: Vec<BigRational>,
    /// The cost of floors, by date.
    pub floors: Vec<BigRational>,
}

/// Computes the cost of each date, by class.
///
/// # Errors
/// See [`RatingError`].
pub fn daily_charges(tally: &Tally, prices: &[PriceList]) -> Result<Vec<DailyCharges>, RatingError> {
    let counts = tally.counts();
    let charges = |class: usize| {
        let rated = Rated::new(tally, class, &prices[class], &counts[class])?;
        Ok(DailyCharges { seats: rated.charges(Part::Seats), floors: rated.charges(Part::Floor) })
    };
    (0..tally.classes().len()).map(charges).collect()
}

impl<'a> Rated<'a> {
    pub(crate) fn new(
        tally: &'a Tally,
        class: usize,
        prices: &'a PriceList,
        counts: &'a [DailyCount],
    ) -> Result<Self, RatingError> {
        let calendar = tally.calendar();
        let SeatClass { name, priced, .. } = &tally.classes()[class];
        let versions: Vec<Option<&PriceVersion>> =
            calendar.dates().iter().map(|date| prices.on(*date).filter(|_| *priced)).collect();
        let unpriced = versions.iter().zip(counts).position(|(version, count)| {
            *priced && version.is_none() && (count.seat_days, count.peak) != (0, 0)
        });
        if let Some(index) = unpriced {
            return Err(RatingError::PriceMissing { class: name.clone(), date: calendar.dates()[index] });
        }
        let mode =
            versions.iter().flatten().next().map_or_else(CountingMode::default, |version| version.mode);
        let other = versions.iter().position(|version| version.is_some_and(|version| version.mode != mode));
        if let Some(index) = other {
            return Err(RatingError::ModeChange { class: name.clone(), date: calendar.dates()[index] });
        }
        Ok(Self {
            calendar,
            mode,
            versions,
            counts,
            steps: tally.steps(class),
            distinct: tally.distinct(class),
        })
    }

    /// Returns the exact amount of a kind, and its seat-days.
    fn amount(&self, part: Part) -> (BigRational, i64) {
        let charges = self.charges(part);
        let touched = || match part {
            Part::Seats => self.counts.iter().map(|count| count.seat_days).sum(),
            Part::Floor => 0,
        };
        match self.daily_units(part) {
            Some(units) => (charges.into_iter().sum(), units.iter().sum()),
            None if self.mode == CountingMode::Second => (charges.into_iter().sum(), touched()),
            None => (self.period_amount(part), touched()),
        }
    }

    /// Returns the cost of each date, in the modes that price dates; empty in those that price the period.
    pub(crate) fn charges(&self, part: Part) -> Vec<BigRational> {
        let dates = whole(self.calendar.len());
        if let Some(units) = self.daily_units(part) {
            return units
                .iter()
                .enumerate()
                .map(|(i, units)| self.price(i) * whole(*units) / &dates)
                .collect();
        }
        if self.mode != CountingMode::Second {
            return Vec::new();
        }
        let period = whole(self.calendar.close() - self.calendar.open());
        (0..self.calendar.len())
            .map(|index| self.price(index) * whole(self.seat_microseconds(part, index)) / &period)
            .collect()
    }

    fn daily_units(&self, part: Part) -> Option<Vec<i64>> {
        let count: fn(&DailyCount) -> i64 = match self.mode {
            CountingMode::DailyTouch => |count| count.seat_days,
            CountingMode::DailyClose => |count| count.closing,
            CountingMode::DailyPeak => |count| count.peak,
            _ => return None,
        };
        Some(self.counts.iter().enumerate().map(|(i, day)| self.billable(part, i, count(day))).collect())
    }

    /// Returns seats times microseconds within a date.
    fn seat_microseconds(&self, part: Part, index: usize) -> i128 {
        let (start, end) = (self.calendar.start(index), self.calendar.start(index + 1));
        let from = self.steps.partition_point(|step| step.at <= start).saturating_sub(1);
        let mut sum = 0;
        for (position, step) in self.steps.iter().enumerate().skip(from) {
            if step.at >= end {
                break;
            }
            let next = self.steps.get(position + 1).map_or(end, |next| next.at.min(end));
            let length = i128::from(next - step.at.max(start));
            sum += length * i128::from(self.billable(part, index, step.open));
        }
        sum
    }

    fn period_amount(&self, part: Part) -> BigRational {
        let count = match self.mode {
            CountingMode::PeriodClose => self.steps.last().map_or(0, |step| step.open),
            CountingMode::PeriodPeak => self.steps.iter().map(|step| step.open).max().unwrap_or(0),
            CountingMode::Distinct => self.distinct,
            _ => return self.increments_amount(part),
        };
        self.price(0) * whole(self.billable(part, 0, count))
    }

    /// Computes the amount of increments. A floor adds the difference to the same count with every number raised to
    /// at least the floor.
    fn increments_amount(&self, part: Part) -> BigRational {
        let (included, floor) = self.terms(0);
        match part {
            Part::Seats => self.increments(|open| (open - included).max(0)),
            Part::Floor => self.increments(|open| open.max(floor)) - self.increments(|open| open),
        }
    }

    fn increments(&self, count: impl Fn(i64) -> i64) -> BigRational {
        let dates = self.calendar.len();
        let mut highest = self.steps.first().map_or(0, |step| count(step.open));
        let mut amount = self.price(0) * whole(highest);
        for step in self.steps.iter().skip(1) {
            let rise = count(step.open) - highest;
            if rise > 0 {
                let index = self.calendar.locate(step.at);
                amount += self.price(index) * whole(rise) * whole(dates - index) / whole(dates);
                highest += rise;
            }
        }
        amount
    }

    /// Returns the units of a count that a kind of line charges.
    fn billable(&self, part: Part, index: usize, count: i64) -> i64 {
        let (included, floor) = self.terms(index);
        match part {
            Part::Seats => (count - included).max(0),
            Part::Floor => (floor - count).max(0),
        }
    }

    fn terms(&self, index: usize) -> (i64, i64) {
        self.versions[index].map_or((0, 0), |version| (version.included, version.floor))
    }

    fn price(&self, index: usize) -> BigRational {
        self.versions[index].map_or_else(BigRational::zero, |version| version.unit_price.clone())
    }
}
