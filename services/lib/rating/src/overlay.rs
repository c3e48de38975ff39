//! Applies corrections and links to the intervals that states give.

use std::collections::{BTreeMap, BTreeSet};

use usher_base::id::PersonKey;
use usher_seats::SeatClass;

use crate::presence::Stay;

/// Replaces a person's state over `[start, end)`, in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The ledger's number; if corrections overlap, the later one wins.
    pub sequence: i64,
    /// The person.
    pub person: PersonKey,
    /// The first instant.
    pub start: i64,
    /// The first instant after the corrected range.
    pub end: i64,
    /// The class to assume; `None` if not billable.
    pub class: Option<SeatClass>,
}

/// Corrections and links.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// Each linked key with the smallest key of its person, which represents all of them.
    canonical: BTreeMap<PersonKey, PersonKey>,
    corrections: Vec<Correction>,
}

impl Overlay {
    /// Creates the overlay from links, which join two keys as one person, and corrections.
    pub fn new(links: &[(PersonKey, PersonKey)], mut corrections: Vec<Correction>) -> Self {
        let mut canonical: BTreeMap<PersonKey, PersonKey> = BTreeMap::new();
        for (one, other) in links {
            let of = |key: &PersonKey| canonical.get(key).copied().unwrap_or(*key);
            let (one, other) = (of(one), of(other));
            let (stays, joins) = (one.min(other), one.max(other));
            for key in canonical.values_mut().filter(|key| **key == joins) {
                *key = stays;
            }
            canonical.insert(joins, stays);
            canonical.insert(stays, stays);
        }
        corrections.sort_by_key(|correction| correction.sequence);
        Self { canonical, corrections }
    }

    /// Returns the key that represents a person.
    pub fn person(&self, key: PersonKey) -> PersonKey {
        self.canonical.get(&key).copied().unwrap_or(key)
    }

    /// Returns each linked key with the key that represents its person, by key.
    pub fn linked(&self) -> impl Iterator<Item = (PersonKey, PersonKey)> {
        self.canonical.iter().map(|(key, stands_for)| (*key, *stands_for))
    }

    /// Returns all keys of the same person, including the given one.
    pub fn companions(&self, key: PersonKey) -> Vec<PersonKey> {
        let stands = self.person(key);
        let linked = self.canonical.iter().filter(|(_, canonical)| **canonical == stands);
        let mut all: Vec<PersonKey> = linked.map(|(linked, _)| *linked).collect();
        if all.is_empty() {
            all.push(key);
        }
        all
    }

    /// Returns the keys of all persons with corrections or links.
    pub fn concerned(&self) -> BTreeSet<PersonKey> {
        let corrected = self.corrections.iter().map(|correction| correction.person);
        self.canonical.keys().copied().chain(corrected).collect()
    }

    /// Returns whether there are no corrections and no links.
    pub fn is_empty(&self) -> bool {
        self.canonical.is_empty() && self.corrections.is_empty()
    }

    /// Returns the intervals after links and corrections: they never overlap, and adjacent ones of a class are
    /// merged.
    pub fn apply(&self, stays: Vec<Stay<PersonKey>>) -> Vec<Stay<PersonKey>> {
        if self.is_empty() {
            return stays;
        }
        let mut corrections: BTreeMap<PersonKey, Vec<&Correction>> = BTreeMap::new();
        for correction in &self.corrections {
            corrections.entry(self.person(correction.person)).or_default().push(correction);
        }
        let mut affected: BTreeMap<PersonKey, Vec<Stay<PersonKey>>> = BTreeMap::new();
        let mut effective = Vec::with_capacity(stays.len());
        for stay in stays {
            let person = self.person(stay.person);
            if corrections.contains_key(&person) || self.canonical.contains_key(&stay.person) {
                affected.entry(person).or_default().push(stay);
            } else {
                effective.push(stay);
            }
        }
        for person in corrections.keys() {
            affected.entry(*person).or_default();
        }
        for (person, stays) in affected {
            let corrections = corrections.get(&person).map_or(&[][..], Vec::as_slice);
            effective.extend(timeline(person, &stays, corrections));
        }
        effective
    }
}

/// Computes a person's intervals after corrections, from one instant of change to the next.
fn timeline(
    person: PersonKey,
    stays: &[Stay<PersonKey>],
    corrections: &[&Correction],
) -> Vec<Stay<PersonKey>> {
    let mut instants = BTreeSet::new();
    for stay in stays {
        instants.extend([stay.start, stay.end.unwrap_or(i64::MAX)]);
    }
    for correction in corrections {
        instants.extend([correction.start, correction.end]);
    }
    let instants: Vec<i64> = instants.into_iter().collect();
    let mut merged: Vec<Stay<PersonKey>> = Vec::new();
    for pair in instants.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let correction =
            corrections.iter().rfind(|correction| correction.start <= start && start < correction.end);
        let class = match correction {
            Some(correction) => correction.class.map(SeatClass::index),
            // Positions are ordered by rank.
            None => stays
                .iter()
                .filter(|stay| stay.start <= start && stay.end.is_none_or(|end| start < end))
                .map(|stay| stay.class)
                .max(),
        };
        let Some(class) = class else { continue };
        let end = (end < i64::MAX).then_some(end);
        match merged.last_mut() {
            Some(before) if before.end == Some(start) && before.class == class => before.end = end,
            _ => merged.push(Stay { person, class, start, end }),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn key(number: u128) -> PersonKey {
        PersonKey::from_uuid(Uuid::from_u128(number))
    }

    fn stay(person: u128, class: SeatClass, start: i64, end: Option<i64>) -> Stay<PersonKey> {
        Stay { person: key(person), class: class.index(), start, end }
    }

    fn correct(sequence: i64, person: u128, start: i64, end: i64, class: Option<SeatClass>) -> Correction {
        Correction { sequence, person: key(person), start, end, class }
    }

    #[test]
    fn a_correction_replaces_the_state_over_its_range_and_the_later_one_wins() {
        let overlay = Overlay::new(
            &[],
            vec![correct(2, 1, 25, 40, Some(SeatClass::Regular)), correct(1, 1, 20, 30, None)],
        );

        let effective = overlay.apply(vec![stay(1, SeatClass::Regular, 0, None)]);

        assert_eq!(
            effective,
            [stay(1, SeatClass::Regular, 0, Some(20)), stay(1, SeatClass::Regular, 25, None)]
        );
    }

    #[test]
    fn linked_keys_are_one_person_in_the_highest_class() {
        let overlay = Overlay::new(&[(key(3), key(2)), (key(1), key(3))], Vec::new());

        let effective = overlay.apply(vec![
            stay(1, SeatClass::External, 0, Some(10)),
            stay(2, SeatClass::Regular, 5, Some(8)),
            stay(3, SeatClass::External, 10, Some(12)),
            stay(4, SeatClass::Regular, 0, None),
        ]);

        assert_eq!(
            effective,
            [
                stay(4, SeatClass::Regular, 0, None),
                stay(1, SeatClass::External, 0, Some(5)),
                stay(1, SeatClass::Regular, 5, Some(8)),
                stay(1, SeatClass::External, 8, Some(12)),
            ]
        );
    }

    proptest! {
        #[test]
        fn every_instant_has_the_last_corrections_class_or_else_the_states(
            bounds in proptest::collection::btree_set(0_i64..40, 2..8),
            drawn in proptest::collection::vec((0_i64..40, 1_i64..20, 0_usize..4), 0..6),
        ) {
            let bounds: Vec<i64> = bounds.into_iter().collect();
            let stays: Vec<Stay<PersonKey>> = bounds
                .chunks_exact(2)
                .map(|pair| stay(1, SeatClass::External, pair[0], Some(pair[1])))
                .collect();
            let corrections: Vec<Correction> = (1..)
                .zip(&drawn)
                .map(|(sequence, (start, length, class))| {
                    let class = (*class < 3).then(|| SeatClass::at(*class));
                    correct(sequence, 1, *start, start + length, class)
                })
                .collect();

            let effective = Overlay::new(&[], corrections.clone()).apply(stays.clone());

            let holds = |stay: &Stay<PersonKey>, at: i64| stay.start <= at && stay.end.is_none_or(|end| at < end);
            for at in 0..70 {
                let corrected = corrections.iter().rev().find(|c| c.start <= at && at < c.end);
                let state = stays.iter().find(|stay| holds(stay, at)).map(|stay| stay.class);
                let wanted = corrected.map_or(state, |correction| correction.class.map(SeatClass::index));
                let found: Vec<usize> =
                    effective.iter().filter(|stay| holds(stay, at)).map(|stay| stay.class).collect();
                prop_assert_eq!(found, Vec::from_iter(wanted));
            }
        }
    }
}
