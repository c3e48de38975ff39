//! Visits the usage of each person in a period, one after the other. Only one person is in memory at a time, and
//! those with links or corrections.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

use usher_base::id::PersonKey;
use usher_rating::{Calendar, Member, Stay};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::store::{facts, intervals};

/// Visits each person who was billable in a period, by person, after links and corrections.
pub(crate) async fn each(
    tx: &mut TenantTx,
    sequence: i64,
    calendar: &Calendar,
    mut visit: impl FnMut(&Member<PersonKey>),
) -> Result<(), BillingError> {
    let classes = usher_rating::classes();
    each_person(tx, sequence, (calendar.open(), calendar.close()), |stays| {
        if let Some(member) = Member::new(stays.iter().copied(), &classes, calendar) {
            visit(&member);
        }
    })
    .await
}

/// Visits each person who may have been billable in a range of instants, by person, after links and corrections. The
/// intervals are not clipped to the range, and not ordered.
pub(crate) async fn each_person(
    tx: &mut TenantTx,
    sequence: i64,
    span: (i64, i64),
    visit: impl FnMut(&[Stay<PersonKey>]),
) -> Result<(), BillingError> {
    let overlay = facts::overlay(tx, sequence).await?;
    let concerned = overlay.concerned();
    let mut changed = overlay.apply(intervals::stays_of(tx, sequence, span, &concerned).await?);
    changed.sort_by_key(|stay| stay.person);
    let changed: Vec<Vec<Stay<PersonKey>>> =
        changed.chunk_by(|left, right| left.person == right.person).map(<[_]>::to_vec).collect();
    let mut walk = Walk { concerned, changed: changed.into_iter().peekable(), stays: Vec::new(), visit };
    intervals::each_stay(tx, sequence, span, |stay| walk.take(stay)).await?;
    walk.finish();
    Ok(())
}

struct Walk<F> {
    concerned: BTreeSet<PersonKey>,
    /// The intervals of persons with links or corrections, by person.
    changed: Peekable<IntoIter<Vec<Stay<PersonKey>>>>,
    /// The intervals of the person that is being read.
    stays: Vec<Stay<PersonKey>>,
    visit: F,
}

impl<F: FnMut(&[Stay<PersonKey>])> Walk<F> {
    /// Takes the next interval; intervals come ordered by person.
    fn take(&mut self, stay: Stay<PersonKey>) {
        if self.stays.first().is_some_and(|before| before.person != stay.person) {
            self.person();
        }
        if !self.concerned.contains(&stay.person) {
            self.stays.push(stay);
        }
    }

    /// Visits the person that was read, after the persons with corrections that come before.
    fn person(&mut self) {
        if let Some(Stay { person, .. }) = self.stays.first().copied() {
            while let Some(before) = self.changed.next_if(|changed| changed[0].person < person) {
                (self.visit)(&before);
            }
            (self.visit)(&self.stays);
            self.stays.clear();
        }
    }

    fn finish(mut self) {
        self.person();
        self.changed.by_ref().for_each(|stays| (self.visit)(&stays));
    }
}
