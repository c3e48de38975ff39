//! Who a line is for: the rounded amount shared among its persons, to the last minor unit.

use std::collections::HashMap;

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{ToPrimitive as _, Zero as _};

use super::calendar::Calendar;
use super::count::DailyCount;
use super::line::{Line, LineKind, Rated, highest};
use super::mode::Mode;
use super::presence::Member;
use super::price::PriceList;
use super::tally::Tally;
use super::{RatingError, SeatClass};

/// A person's share of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation<P> {
    /// The person.
    pub person: P,
    /// Index of the class.
    pub class: usize,
    /// Dates on which this class was the highest that the person touched.
    pub days: i64,
    /// Indices of the first and the last of them; none where there are none.
    pub dates: Option<(usize, usize)>,
    /// In minor units.
    pub amount_minor: i64,
}

/// Shares every seat line among the persons it counts, by largest remainder, ties by person: the shares of
/// a line always sum to it. Floor lines are for seats that nobody had.
///
/// Persons are added one after the other. What is kept of them grows with how differently they were there:
/// whoever was there on the same dates as another gets the same.
pub struct Allocator<'a, P> {
    classes: &'a [SeatClass],
    lines: Vec<Shared<'a, P>>,
}

/// A line that is shared.
struct Shared<'a, P> {
    line: &'a Line,
    rated: Rated<'a>,
    patterns: Vec<Pattern>,
    places: HashMap<Dated, usize>,
    /// Whom it counts, and the place of their pattern.
    persons: Vec<(P, usize)>,
}

/// First and last of some dates.
type Dates = (usize, usize);

/// How somebody was there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Dated {
    /// Where the class was the highest that was touched.
    touched: Vec<Dates>,
    /// Where the mode counts the person.
    counted: Vec<Dates>,
    /// By date, where the mode counts time: microseconds.
    times: Vec<(usize, i64)>,
    /// Whether the class is the highest of the period.
    highest: bool,
}

/// How some persons were there, and how many.
struct Pattern {
    dated: Dated,
    persons: usize,
}

impl<'a, P: Ord + Copy> Allocator<'a, P> {
    /// For a period's lines and what they were rated by.
    ///
    /// # Errors
    /// As [`rate`](super::rate).
    pub fn new(
        lines: &'a [Line],
        tally: &'a Tally,
        counts: &'a [Vec<DailyCount>],
        prices: &'a [PriceList],
    ) -> Result<Self, RatingError> {
        let shared = |line: &'a Line| {
            let rated = Rated::new(tally, line.class, &prices[line.class], &counts[line.class])?;
            let (patterns, places, persons) = (Vec::new(), HashMap::new(), Vec::new());
            Ok(Shared { line, rated, patterns, places, persons })
        };
        let seats = lines.iter().filter(|line| line.kind == LineKind::Seat);
        Ok(Self { classes: tally.classes(), lines: seats.map(shared).collect::<Result<_, _>>()? })
    }

    /// Adds the next person.
    pub fn add(&mut self, member: &Member<P>) {
        for shared in &mut self.lines {
            shared.add(member, self.classes);
        }
    }

    /// The shares, line by line, in the order in which persons were added.
    pub fn finish(self) -> impl Iterator<Item = Allocation<P>> + use<P> {
        let shares = self.lines.into_iter().map(Shared::finish).collect::<Vec<_>>();
        shares.into_iter().flatten()
    }
}

impl<P: Ord + Copy> Shared<'_, P> {
    fn add(&mut self, member: &Member<P>, classes: &[SeatClass]) {
        let Some(dated) = dated(member, self.line.class, &self.rated, classes) else { return };
        let place = *self.places.entry(dated).or_insert_with_key(|dated| {
            self.patterns.push(Pattern { dated: dated.clone(), persons: 0 });
            self.patterns.len() - 1
        });
        self.patterns[place].persons += 1;
        self.persons.push((member.person, place));
    }

    fn finish(self) -> impl Iterator<Item = Allocation<P>> + use<P> {
        let Self { line, rated, patterns, persons, .. } = self;
        let weights = weigh(&rated, &patterns);
        let weighed: Vec<(BigInt, usize)> =
            weights.into_iter().zip(&patterns).map(|(weight, pattern)| (weight, pattern.persons)).collect();
        let mut shares = Shares::new(line.amount_minor, &weighed);
        let class = line.class;
        persons.into_iter().map(move |(person, place)| {
            let touched = &patterns[place].dated.touched;
            let days = touched.iter().map(|(first, last)| last - first + 1).sum::<usize>();
            Allocation {
                person,
                class,
                days: i64::try_from(days).unwrap_or(i64::MAX),
                dates: touched.first().zip(touched.last()).map(|(first, last)| (first.0, last.1)),
                amount_minor: shares.next(place),
            }
        })
    }
}

/// What somebody gets of an amount, by weight: the shares by largest remainder.
struct Shares {
    sign: i64,
    /// By weight: what each person of it gets, and whether a unit more.
    of: Vec<(i64, Extra)>,
    /// How many of those who may get a unit more still do: the first ones.
    left: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    None,
    Everybody,
    /// There are fewer units than persons with this remainder.
    TheFirst,
}

impl Shares {
    /// Of weights, each with how many persons have it. Where all are zero, nobody gets anything, and the
    /// amount must be zero.
    fn new(amount: i64, weights: &[(BigInt, usize)]) -> Self {
        let total: BigInt = weights.iter().map(|(weight, persons)| weight * persons).sum();
        let sign = amount.signum();
        if total.is_zero() {
            return Self { sign, of: vec![(0, Extra::None); weights.len()], left: 0 };
        }
        let magnitude = BigInt::from(amount.unsigned_abs());
        let mut left = magnitude.to_i128().unwrap_or_default();
        let (mut of, mut remainders) = (Vec::with_capacity(weights.len()), Vec::new());
        for (place, (weight, persons)) in weights.iter().enumerate() {
            let (share, remainder) = (&magnitude * weight).div_rem(&total);
            let share = share.to_i64().unwrap_or(i64::MAX);
            left -= i128::from(share) * i128::try_from(*persons).unwrap_or(i128::MAX);
            of.push((share, Extra::None));
            remainders.push((remainder, place));
        }
        let mut left = usize::try_from(left).unwrap_or_default();
        remainders.sort_by(|one, other| other.0.cmp(&one.0));
        for same in remainders.chunk_by(|one, other| one.0 == other.0) {
            let persons: usize = same.iter().map(|(_, place)| weights[*place].1).sum();
            let extra = if persons <= left { Extra::Everybody } else { Extra::TheFirst };
            for (_, place) in same {
                of[*place].1 = extra;
            }
            if extra == Extra::TheFirst {
                break;
            }
            left -= persons;
        }
        Self { sign, of, left }
    }

    /// What the next person gets, whose weight is at a place.
    fn next(&mut self, place: usize) -> i64 {
        let (share, extra) = self.of[place];
        let unit = match extra {
            Extra::Everybody => 1,
            Extra::TheFirst if self.left > 0 => {
                self.left -= 1;
                1
            }
            Extra::TheFirst | Extra::None => 0,
        };
        self.sign * (share + unit)
    }
}

/// How a person was there in a class; none where a line does not count the person at all.
fn dated<P: Ord + Copy>(
    member: &Member<P>,
    class: usize,
    rated: &Rated<'_>,
    classes: &[SeatClass],
) -> Option<Dated> {
    let calendar = rated.calendar;
    let touched = touched(member, class);
    let counted = match rated.mode {
        Mode::DailyTouch | Mode::Distinct => touched.clone(),
        Mode::DailyClose | Mode::PeriodClose => closed(member, class, calendar),
        _ => visited(member, class, calendar),
    };
    if touched.is_empty() && counted.is_empty() {
        return None;
    }
    let times = match rated.mode {
        Mode::Second => {
            let dates = counted.iter().flat_map(|(first, last)| *first..=*last);
            dates.map(|index| (index, time_within(member, class, calendar, index))).collect()
        }
        _ => Vec::new(),
    };
    let highest = rated.mode == Mode::Distinct && highest(&member.runs, classes) == Some(class);
    Some(Dated { touched, counted, times, highest })
}

/// The weight of a person of each pattern.
fn weigh(rated: &Rated<'_>, patterns: &[Pattern]) -> Vec<BigInt> {
    match rated.mode {
        Mode::DailyTouch | Mode::DailyClose | Mode::DailyPeak => by_date(rated, patterns),
        Mode::Second => by_time(rated, patterns),
        Mode::PeriodPeak | Mode::OpeningPlusIncrements => {
            let days =
                |dates: &[Dates]| -> usize { dates.iter().map(|(first, last)| last - first + 1).sum() };
            patterns.iter().map(|pattern| days(&pattern.dated.counted).into()).collect()
        }
        Mode::PeriodClose => {
            let last = rated.calendar.len() - 1;
            let there = |pattern: &Pattern| pattern.dated.counted.iter().any(|dates| dates.1 == last);
            patterns.iter().map(|pattern| u8::from(there(pattern)).into()).collect()
        }
        Mode::Distinct => patterns.iter().map(|pattern| u8::from(pattern.dated.highest).into()).collect(),
    }
}

/// Each date's charge is shared equally among the persons it counts.
fn by_date(rated: &Rated<'_>, patterns: &[Pattern]) -> Vec<BigInt> {
    let charges = rated.charges(LineKind::Seat);
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

/// Each date's charge is shared by the time that each person was there.
fn by_time(rated: &Rated<'_>, patterns: &[Pattern]) -> Vec<BigInt> {
    let mut totals = vec![BigInt::zero(); rated.calendar.len()];
    for Pattern { dated, persons } in patterns {
        for (index, time) in &dated.times {
            totals[*index] += BigInt::from(*time) * persons;
        }
    }
    let per_microsecond: Vec<BigRational> = rated
        .charges(LineKind::Seat)
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

/// Dates on which the class was the highest touched.
fn touched<P>(member: &Member<P>, class: usize) -> Vec<Dates> {
    member.runs.iter().filter(|run| run.class == class).map(|run| (run.first, run.last)).collect()
}

/// Dates on which the person was in the class at any instant.
fn visited<P>(member: &Member<P>, class: usize, calendar: &Calendar) -> Vec<Dates> {
    merged(
        member.stays.iter().filter(|stay| stay.class == class).map(|stay| {
            (calendar.locate(stay.start), calendar.locate(stay.end.unwrap_or(calendar.close()) - 1))
        }),
    )
}

/// Dates at whose last microsecond the person was in the class.
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

/// The same proportions as whole numbers, so that sharing among very many needs no fractions.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shares an amount among persons with some weights; persons of the same one share a pattern.
    fn share(amount: i64, of: &[u32]) -> Vec<i64> {
        let mut distinct = of.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let persons = |weight: &u32| of.iter().filter(|other| *other == weight).count();
        let weights: Vec<(BigInt, usize)> =
            distinct.iter().map(|weight| (BigInt::from(*weight), persons(weight))).collect();
        let mut shares = Shares::new(amount, &weights);
        of.iter().map(|weight| shares.next(distinct.binary_search(weight).unwrap())).collect()
    }

    /// Person by person, as the rule says it: what is left goes to the largest remainders, then to the first.
    fn shared_one_by_one(amount: i64, of: &[u32]) -> Vec<i64> {
        let total: i128 = of.iter().map(|weight| i128::from(*weight)).sum();
        let magnitude = i128::from(amount.unsigned_abs());
        let mut shares: Vec<i128> = of.iter().map(|weight| magnitude * i128::from(*weight) / total).collect();
        let mut order: Vec<usize> = (0..of.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(magnitude * i128::from(of[*index]) % total));
        let left = usize::try_from(magnitude - shares.iter().sum::<i128>()).unwrap();
        order.into_iter().take(left).for_each(|index| shares[index] += 1);
        shares.into_iter().map(|share| amount.signum() * i64::try_from(share).unwrap()).collect()
    }

    #[test]
    fn e24_what_does_not_divide_goes_to_the_first() {
        assert_eq!(share(97, &[1, 1, 1]), [33, 32, 32]);
        assert_eq!(share(-97, &[1, 1, 1]), [-33, -32, -32]);
        // Two weights with the same remainder: the first persons, whichever weight they have.
        assert_eq!(share(10, &[3, 1, 3, 1]), [4, 1, 4, 1]);
        assert_eq!(share(2, &[1, 3]), [1, 1]);
        assert_eq!(share(2, &[3, 1]), [2, 0]);
    }

    proptest! {
        #[test]
        fn shares_are_those_of_the_rule_and_sum_to_the_amount(
            amount in -1_000_000_000_i64..1_000_000_000,
            weights in proptest::collection::vec(prop_oneof![0_u32..4, 0_u32..1_000_000], 1..50),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let shares = share(amount, &weights);

            prop_assert_eq!(shares.iter().sum::<i64>(), amount);
            prop_assert_eq!(shares, shared_one_by_one(amount, &weights));
        }
    }
}
