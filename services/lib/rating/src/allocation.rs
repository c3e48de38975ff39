//! Allocation: the rounded amount of a line is shared among its persons, to the last minor unit.

use std::collections::HashMap;

use num_bigint::BigInt;
use usher_seats::LineKind;

use crate::class::SeatClass;
use crate::count::DailyCount;
use crate::error::RatingError;
use crate::line::{Line, Rated};
use crate::pattern::{Dated, Pattern, weigh};
use crate::presence::Member;
use crate::price::PriceList;
use crate::shares::Shares;
use crate::tally::Tally;

/// A person's share of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation<P> {
    /// The person.
    pub person: P,
    /// Index of the class.
    pub class: usize,
    /// Number of dates on which this class was the highest that the person had.
    pub days: i64,
    /// Indices of the first and the last of these dates; `None` if there are none.
    pub dates: Option<(usize, usize)>,
    /// The amount, in minor units.
    pub amount_minor: i64,
}

/// Shares every seat line among the persons it counts, by largest remainder, with ties ordered by person. The shares
/// of a line always sum to its amount. Floor lines charge unused seats, so they have no shares.
///
/// Persons are added one after the other. Only the name and the index of the pattern are kept for each. The
/// arithmetic grows with the number of different patterns, because persons who were present on the same dates have
/// the same weight.
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
    /// The counted persons, each with the index of their pattern.
    persons: Vec<(P, usize)>,
}

impl<'a, P: Copy> Allocator<'a, P> {
    /// Creates the allocation of a period's lines, from the input that they were rated from.
    ///
    /// # Errors
    /// Same as [`rate`](super::rate).
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

    /// Returns the shares, line by line, in the order in which persons were added.
    pub fn finish(self) -> impl Iterator<Item = Allocation<P>> + use<P> {
        let shares = self.lines.into_iter().map(Shared::finish).collect::<Vec<_>>();
        shares.into_iter().flatten()
    }
}

impl<P: Copy> Shared<'_, P> {
    fn add(&mut self, member: &Member<P>, classes: &[SeatClass]) {
        let Some(dated) = Dated::of(member, self.line.class, &self.rated, classes) else { return };
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
