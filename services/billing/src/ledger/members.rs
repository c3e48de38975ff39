//! Everybody's part in a period, one person after the other: in memory is no more than one of them, and
//! those whom links and corrections concern.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

use usher_base::id::PersonKey;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::ledger::store::{facts, intervals};
use crate::rating;
use crate::rating::{Calendar, Member, Presence, Stay};

/// Visits everybody who was billable in a period, by person, after links and corrections.
pub(crate) async fn each(
    tx: &mut TenantTx,
    sequence: i64,
    calendar: &Calendar,
    visit: impl FnMut(&Member<PersonKey>),
) -> Result<(), BillingError> {
    let overlay = facts::overlay(tx, sequence).await?;
    let concerned = overlay.concerned();
    let classes = rating::classes();
    let stays = intervals::stays_of(tx, sequence, calendar, &concerned).await?;
    let changed = Presence::new(overlay.apply(stays), &classes, calendar).members;
    let mut walk = Walk {
        classes: &classes,
        calendar,
        concerned,
        changed: changed.into_iter().peekable(),
        stays: Vec::new(),
        visit,
    };
    intervals::each_stay(tx, sequence, calendar, |stay| walk.take(stay)).await?;
    walk.finish();
    Ok(())
}

struct Walk<'a, F> {
    classes: &'a [rating::SeatClass],
    calendar: &'a Calendar,
    concerned: BTreeSet<PersonKey>,
    /// Those whom links and corrections concern, by person.
    changed: Peekable<IntoIter<Member<PersonKey>>>,
    /// Of the person who is read.
    stays: Vec<Stay<PersonKey>>,
    visit: F,
}

impl<F: FnMut(&Member<PersonKey>)> Walk<'_, F> {
    /// Takes the next stay, by person.
    fn take(&mut self, stay: Stay<PersonKey>) {
        if self.stays.first().is_some_and(|before| before.person != stay.person) {
            self.person();
        }
        if !self.concerned.contains(&stay.person) {
            self.stays.push(stay);
        }
    }

    /// Visits the person who was read, after those who come before.
    fn person(&mut self) {
        if let Some(member) = Member::new(self.stays.drain(..), self.classes, self.calendar) {
            while let Some(before) = self.changed.next_if(|changed| changed.person < member.person) {
                (self.visit)(&before);
            }
            (self.visit)(&member);
        }
    }

    fn finish(mut self) {
        self.person();
        self.changed.by_ref().for_each(|member| (self.visit)(&member));
    }
}
