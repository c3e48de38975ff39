//! Who a line is for: the rounded amount shared among its persons, to the last minor unit.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{ToPrimitive as _, Zero as _};

use super::calendar::Calendar;
use super::line::{Line, LineKind, Rated, highest};
use super::mode::Mode;
use super::presence::{Member, Presence};
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
    /// In minor units.
    pub amount_minor: i64,
}

/// Shares every seat line among the persons it counts, by largest remainder, ties by person: the
/// shares of a line always sum to it. Floor lines are for seats that nobody had.
///
/// # Errors
/// As [`rate`](super::rate).
pub fn allocate<P: Ord + Copy>(
    lines: &[Line],
    presence: &Presence<P>,
    classes: &[SeatClass],
    prices: &[PriceList],
    calendar: &Calendar,
) -> Result<Vec<Allocation<P>>, RatingError> {
    let tally = Tally::of(presence, classes, calendar);
    let counts = tally.counts();
    let mut allocations = Vec::new();
    for line in lines.iter().filter(|line| line.kind == LineKind::Seat) {
        let class = line.class;
        let rated = Rated::new(&tally, class, &prices[class], &counts[class])?;
        let weighed = weigh(&rated, presence, classes, class);
        let weights: Vec<BigInt> = weighed.iter().map(|(_, weight)| weight.clone()).collect();
        for ((member, _), amount_minor) in weighed.iter().zip(share(line.amount_minor, &weights)) {
            let days = member.runs.iter().filter(|run| run.class == class);
            let days = days.map(|run| i64::try_from(run.last - run.first + 1).unwrap_or(i64::MAX)).sum();
            allocations.push(Allocation { person: member.person, class, days, amount_minor });
        }
    }
    Ok(allocations)
}

/// Shares an amount in proportion to weights by largest remainder; ties go to the earlier one.
/// Where all weights are zero, nobody gets anything, and the amount must be zero.
pub fn share(amount: i64, weights: &[BigInt]) -> Vec<i64> {
    let total: BigInt = weights.iter().sum();
    if total.is_zero() {
        return vec![0; weights.len()];
    }
    let magnitude = BigInt::from(amount.unsigned_abs());
    let (mut shares, mut remainders) = (Vec::with_capacity(weights.len()), Vec::with_capacity(weights.len()));
    for (index, weight) in weights.iter().enumerate() {
        let (share, remainder) = (&magnitude * weight).div_rem(&total);
        shares.push(share.to_i64().unwrap_or(i64::MAX));
        remainders.push((remainder, index));
    }
    let left =
        magnitude.to_i128().unwrap_or_default() - shares.iter().map(|share| i128::from(*share)).sum::<i128>();
    remainders.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    for (_, index) in remainders.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        shares[index] += 1;
    }
    if amount < 0 {
        for share in &mut shares {
            *share = -*share;
        }
    }
    shares
}

/// First and last of some dates.
type Dates = (usize, usize);

/// A person whom a line counts, and on which dates.
struct Counted<'m, P> {
    member: &'m Member<P>,
    dates: Vec<Dates>,
}

/// The persons of a line with their weights, by person.
fn weigh<'m, P: Ord + Copy>(
    rated: &Rated<'_>,
    presence: &'m Presence<P>,
    classes: &[SeatClass],
    class: usize,
) -> Vec<(&'m Member<P>, BigInt)> {
    let calendar = rated.calendar;
    let dates_of = |member: &Member<P>| -> Vec<Dates> {
        match rated.mode {
            Mode::DailyTouch | Mode::Distinct => touched(member, class),
            Mode::DailyClose | Mode::PeriodClose => closed(member, class, calendar),
            _ => visited(member, class, calendar),
        }
    };
    let counted: Vec<Counted<'_, P>> = presence
        .members
        .iter()
        .map(|member| Counted { member, dates: dates_of(member) })
        .filter(|person| !person.dates.is_empty() || !touched(person.member, class).is_empty())
        .collect();
    let weights: Vec<BigInt> = match rated.mode {
        Mode::DailyTouch | Mode::DailyClose | Mode::DailyPeak => by_date(rated, &counted),
        Mode::Second => by_time(rated, &counted, class),
        Mode::PeriodPeak | Mode::OpeningPlusIncrements => {
            let days =
                |dates: &[Dates]| -> usize { dates.iter().map(|(first, last)| last - first + 1).sum() };
            counted.iter().map(|person| days(&person.dates).into()).collect()
        }
        Mode::PeriodClose => {
            let last = calendar.len() - 1;
            counted
                .iter()
                .map(|person| u8::from(person.dates.iter().any(|dates| dates.1 == last)).into())
                .collect()
        }
        Mode::Distinct => counted
            .iter()
            .map(|person| u8::from(highest(&person.member.runs, classes) == Some(class)).into())
            .collect(),
    };
    counted.into_iter().map(|person| person.member).zip(weights).collect()
}

/// Each date's charge is shared equally among the persons it counts.
fn by_date<P>(rated: &Rated<'_>, counted: &[Counted<'_, P>]) -> Vec<BigInt> {
    let charges = rated.charges(LineKind::Seat);
    let mut differences = vec![0_i64; charges.len() + 1];
    for (first, last) in counted.iter().flat_map(|person| &person.dates) {
        differences[*first] += 1;
        differences[*last + 1] -= 1;
    }
    let mut persons = 0;
    let per_person: Vec<BigRational> = charges
        .into_iter()
        .zip(differences)
        .map(|(charge, difference)| {
            persons += difference;
            if persons == 0 { BigRational::zero() } else { charge / BigInt::from(persons) }
        })
        .collect();
    let sums = running_sums(&scaled(&per_person));
    let weight = |dates: &[Dates]| dates.iter().map(|(first, last)| &sums[*last + 1] - &sums[*first]).sum();
    counted.iter().map(|person| weight(&person.dates)).collect()
}

/// Each date's charge is shared by the time that each person was there.
fn by_time<P>(rated: &Rated<'_>, counted: &[Counted<'_, P>], class: usize) -> Vec<BigInt> {
    let calendar = rated.calendar;
    let times: Vec<Vec<(usize, i64)>> = counted
        .iter()
        .map(|person| {
            let indices = person.dates.iter().flat_map(|(first, last)| *first..=*last);
            indices.map(|index| (index, time_within(person.member, class, calendar, index))).collect()
        })
        .collect();
    let mut totals = vec![0_i128; calendar.len()];
    for (index, time) in times.iter().flatten() {
        totals[*index] += i128::from(*time);
    }
    let per_microsecond: Vec<BigRational> = rated
        .charges(LineKind::Seat)
        .into_iter()
        .zip(totals)
        .map(|(charge, total)| if total == 0 { BigRational::zero() } else { charge / BigInt::from(total) })
        .collect();
    let scaled = scaled(&per_microsecond);
    times.iter().map(|dates| dates.iter().map(|(index, time)| &scaled[*index] * time).sum()).collect()
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

    #[test]
    fn e24_what_does_not_divide_goes_to_the_first() {
        assert_eq!(share(97, &[1, 1, 1].map(BigInt::from)), [33, 32, 32]);
        assert_eq!(share(-97, &[1, 1, 1].map(BigInt::from)), [-33, -32, -32]);
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_amount_and_are_off_by_less_than_a_unit(
            amount in -1_000_000_000_i64..1_000_000_000,
            weights in proptest::collection::vec(0_u32..1_000_000, 1..50),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            let shares = share(amount, &weights.iter().map(|weight| BigInt::from(*weight)).collect::<Vec<_>>());

            prop_assert_eq!(shares.iter().sum::<i64>(), amount);
            for (share, weight) in shares.iter().zip(weights) {
                let exact = i128::from(amount) * i128::from(weight);
                let distance = (i128::from(*share) * i128::from(total) - exact).abs();
                prop_assert!(distance < i128::from(total));
            }
        }
    }
}
