//! Patterns of presence in a class, and the weight that each has in a line.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::Zero as _;
use usher_seats::CountingMode;

use crate::calendar::Calendar;
use crate::class::SeatClass;
use crate::line::{Part, Rated};
use crate::presence::{Member, highest};

/// The first and the last of some dates.
type Dates = (usize, usize);

/// How a person was present in a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Dated {
    /// The dates on which the class was the person's highest.
    pub(crate) touched: Vec<Dates>,
    /// The dates on which the mode counts the person.
    counted: Vec<Dates>,
    /// By date, if the mode counts time: microseconds.
    times: Vec<(usize, i64)>,
    /// Whether the class is the person's highest in the period.
    highest: bool,
}

/// A pattern, and the number of persons who have it.
pub(crate) struct Pattern {
    pub(crate) dated: Dated,
    pub(crate) persons: usize,
}

impl Dated {
    /// Returns the pattern of a person in a class. Returns `None` if a line does not count the person.
    pub(crate) fn of<P>(
        member: &Member<P>,
        class: usize,
        rated: &Rated<'_>,
        classes: &[SeatClass],
    ) -> Option<Self> {
        let calendar = rated.calendar;
        let touched = touched(member, class);
        let counted = match rated.mode {
            CountingMode::DailyTouch | CountingMode::Distinct => touched.clone(),
            CountingMode::DailyClose | CountingMode::PeriodClose => closed(member, class, calendar),
            _ => visited(member, class, calendar),
        };
        if touched.is_empty() && counted.is_empty() {
            return None;
        }
        let times = match rated.mode {
            CountingMode::Second => {
                let dates = counted.iter().flat_map(|(first, last)| *first..=*last);
                dates.map(|index| (index, time_within(member, class, calendar, index))).collect()
            }
            _ => Vec::new(),
        };
        let highest = rated.mode == CountingMode::Distinct && highest(&member.runs, classes) == Some(class);
        Some(Self { touched, counted, times, highest })
    }
}

/// Returns the weight of a person of each pattern.
pub(crate) fn weigh(rated: &Rated<'_>, patterns: &[Pattern]) -> Vec<BigInt> {
    match rated.mode {
        CountingMode::DailyTouch | CountingMode::DailyClose | CountingMode::DailyPeak => {
            by_date(rated, patterns)
        }
        CountingMode::Second => by_time(rated, patterns),
        CountingMode::PeriodPeak | CountingMode::OpeningPlusIncrements => {
            let days =
                |dates: &[Dates]| -> usize { dates.iter().map(|(first, last)| last - first + 1).sum() };
            patterns.iter().map(|pattern| days(&pattern.dated.counted).into()).collect()
        }
        CountingMode::PeriodClose => {
            let last = rated.calendar.len() - 1;
            let there = |pattern: &Pattern| pattern.dated.counted.iter().any(|dates| dates.1 == last);
            patterns.iter().map(|pattern| u8::from(there(pattern)).into()).collect()
        }
        CountingMode::Distinct => {
            patterns.iter().map(|pattern| u8::from(pattern.dated.highest).into()).collect()
        }
    }
}

/// Shares each date's charge equally among the persons it counts.
fn by_date(rated: &Rated<'_>, patterns: &[Pattern]) -> Vec<BigInt> {
    let charges = rated.charges(Part::Seats);
    let mut persons = vec![0_usize; charges.len()];
    for Pattern { dated, persons: more } in patterns {
        for date in dated.counted.iter().flat_map(|(first, last)| *first..=*last) {
            persons[date] += more;
        }
    }
    let per_person: Vec<BigRational> = charges
        .into_iter()
        .zip(persons)
        .map(
            |(charge, persons)| {
                if persons == 0 { BigRational::zero() } else { charge / BigInt::from(persons) }
            },
        )
        .collect();
    let sums = running_sums(&scaled(&per_person));
    let weight = |dates: &[Dates]| dates.iter().map(|(first, last)| &sums[*last + 1] - &sums[*first]).sum();
    patterns.iter().map(|pattern| weight(&pattern.dated.counted)).collect()
}

/// Shares each date's charge by the time that each person was present.
fn by_time(rated: &Rated<'_>, patterns: &[Pattern]) -> Vec<BigInt> {
    let mut totals = vec![BigInt::zero(); rated.calendar.len()];
    for Pattern { dated, persons } in patterns {
        for (index, time) in &dated.times {
            totals[*index] += BigInt::from(*time) * persons;
        }
    }
    let per_microsecond: Vec<BigRational> = rated
        .charges(Part::Seats)
        .into_iter()
        .zip(totals)
        .map(|(charge, total)| if total.is_zero() { BigRational::zero() } else { charge / total })
        .collect();
    let scaled = scaled(&per_microsecond);
    let weight = |times: &[(usize, i64)]| times.iter().map(|(index, time)| &scaled[*index] * time).sum();
    patterns.iter().map(|pattern| weight(&pattern.dated.times)).collect()
}

fn time_within<P>(member: &Member<P>, class: usize, calendar: &Calendar, index: usize) -> i64 {
    let (open, close) = (calendar.start(index), calendar.start(index + 1));
    let stays = member.stays.iter().filter(|stay| stay.class == class);
    stays.map(|stay| (stay.end.unwrap_or(close).min(close) - stay.start.max(open)).max(0)).sum()
}

/// Returns the dates on which the class was the person's highest.
fn touched<P>(member: &Member<P>, class: usize) -> Vec<Dates> {
    member.runs.iter().filter(|run| run.class == class).map(|run| (run.first, run.last)).collect()
}

/// Returns the dates on which the person was in the class at any instant.
fn visited<P>(member: &Member<P>, class: usize, calendar: &Calendar) -> Vec<Dates> {
    merged(
        member.stays.iter().filter(|stay| stay.class == class).map(|stay| {
            (calendar.locate(stay.start), calendar.locate(stay.end.unwrap_or(calendar.close()) - 1))
        }),
    )
}

/// Returns the dates at whose last microsecond the person was in the class.
fn closed<P>(member: &Member<P>, class: usize, calendar: &Calendar) -> Vec<Dates> {
    merged(member.stays.iter().filter(|stay| stay.class == class).filter_map(|stay| {
        let end = stay.end.unwrap_or(calendar.close());
        let first = calendar.locate(stay.start);
        let last = calendar.locate(end - 1);
        let last = if calendar.start(last + 1) <= end { last } else { last.checked_sub(1)? };
        (first <= last).then_some((first, last))
    }))
}

fn merged(ranges: impl Iterator<Item = Dates>) -> Vec<Dates> {
    let mut merged: Vec<Dates> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Converts weights to whole numbers in the same proportions, because fractions are slow for very many persons.
fn scaled(fractions: &[BigRational]) -> Vec<BigInt> {
    let common = fractions.iter().fold(BigInt::from(1), |common, fraction| common.lcm(fraction.denom()));
    fractions.iter().map(|fraction| fraction.numer() * (&common / fraction.denom())).collect()
}

fn running_sums(numbers: &[BigInt]) -> Vec<BigInt> {
    let mut sums = vec![BigInt::zero()];
    for number in numbers {
        let next = &sums[sums.len() - 1] + number;
        sums.push(next);
    }
    sums
}
