//! Counts seats by person for limits: linked keys are billed once, so they take one seat.

use std::collections::BTreeMap;

use usher_base::id::PersonKey;
use usher_rating::overlay::Overlay;
use usher_seats::{Pool, SeatClass};
use usher_store::TenantTx;

use crate::audit::model::hash::hex;
use crate::error::BillingError;
use crate::ledger::model::head::Ledger;
use crate::ledger::store::{facts, seats};

/// All links of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Links {
    /// The hash of the last link's fact, which also covers all facts before it; empty if there are no links.
    pub(crate) version: String,
    /// Each linked key with the key that represents its person, by key.
    pub(crate) keys: Vec<(PersonKey, PersonKey)>,
}

/// Returns the links, if the producer has another version of them.
pub(crate) async fn newer(tx: &mut TenantTx, known: &str) -> Result<Option<Links>, BillingError> {
    let version = facts::last_link(tx).await?.map(|hash| hex(&hash)).unwrap_or_default();
    if version == known {
        return Ok(None);
    }
    let overlay = Overlay::new(&facts::links(tx).await?, Vec::new());
    Ok(Some(Links { version, keys: overlay.linked().collect() }))
}

/// Seats in use, counted as they are billed.
pub(crate) struct SeatsInUse([i64; SeatClass::COUNT]);

impl SeatsInUse {
    /// Returns an upper bound: counts each key by itself, as the ledger does.
    pub(crate) const fn of_keys(ledger: &Ledger) -> Self {
        Self(ledger.open_seats)
    }

    /// Counts each person once. The ledger's own numbers count single keys.
    pub(crate) async fn read(tx: &mut TenantTx, ledger: &Ledger) -> Result<Self, BillingError> {
        let links = facts::links(tx).await?;
        if links.is_empty() {
            return Ok(Self(ledger.open_seats));
        }
        let overlay = Overlay::new(&links, Vec::new());
        let keys: Vec<PersonKey> = overlay.linked().map(|(key, _)| key).collect();
        let mut by_key: BTreeMap<PersonKey, SeatClass> = BTreeMap::new();
        for user in seats::active(tx, &keys).await? {
            let class = by_key.entry(user.person).or_insert(user.class);
            *class = user.class.max(*class);
        }
        Ok(Self::joined(ledger.open_seats, &by_key, &overlay))
    }

    /// Replaces the linked keys, each of which counts in `open`, by one seat per person in the highest class of their
    /// keys.
    fn joined(
        mut open: [i64; SeatClass::COUNT],
        by_key: &BTreeMap<PersonKey, SeatClass>,
        overlay: &Overlay,
    ) -> Self {
        let mut by_person: BTreeMap<PersonKey, SeatClass> = BTreeMap::new();
        for (key, class) in by_key {
            open[class.index()] -= 1;
            let highest = by_person.entry(overlay.person(*key)).or_insert(*class);
            *highest = (*class).max(*highest);
        }
        for class in by_person.values() {
            open[class.index()] += 1;
        }
        Self(open)
    }

    /// Returns the seats in use of a pool.
    pub(crate) fn of(&self, pool: Pool) -> i64 {
        let of_pool = SeatClass::BY_RANK.into_iter().filter(|class| Pool::of(*class) == pool);
        of_pool.map(|class| self.0[class.index()]).sum()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn linked_keys_take_one_seat_in_the_highest_class_of_theirs() {
        use SeatClass::{Collaborator, External, Regular};
        let key = |number| PersonKey::from_uuid(Uuid::from_u128(number));
        let overlay = Overlay::new(&[(key(1), key(2)), (key(3), key(2)), (key(7), key(8))], Vec::new());
        let mut open = [0; SeatClass::COUNT];
        (open[Regular.index()], open[External.index()], open[Collaborator.index()]) = (5, 2, 3);
        let by_key = [(1, Collaborator), (2, Regular), (3, External), (7, Collaborator), (8, Collaborator)];
        let by_key = by_key.map(|(number, class)| (key(number), class)).into();

        let joined = SeatsInUse::joined(open, &by_key, &overlay);

        assert_eq!((joined.of(Pool::Paid), joined.of(Pool::Collaborator)), (6, 1));
    }
}
