//! Groups of the directory that are assigned to the application.

use std::collections::BTreeSet;

use rand::RngExt as _;
use rand::rngs::StdRng;
use uuid::Uuid;

const NAMES: [&str; 6] =
    ["Crew", "Sales & Marketing", "R&D \"Skunk Works\"", "Vertrieb Süd", "人事部", "Ops, 24×7"];
/// The maximum number of members of a group at the start.
const MEMBERS: usize = 40;

#[derive(Clone, Debug)]
pub struct Team {
    /// `objectId`
    pub object_id: Uuid,
    /// `displayName`
    pub name: String,
    /// Indexes of people in the directory.
    pub members: BTreeSet<usize>,
    /// Whether it was deleted.
    pub gone: bool,
}

impl Team {
    /// Generates a group; `label` distinguishes it from all others.
    pub(super) fn draw(rng: &mut StdRng, people: usize, label: &str) -> Self {
        let count = rng.random_range(0..=MEMBERS.min(people));
        let members = (0..count).map(|_| rng.random_range(0..people)).collect();
        let name = format!("{} {label}", NAMES[rng.random_range(0..NAMES.len())]);
        Self { object_id: Uuid::from_u128(rng.random()), name, members, gone: false }
    }

    /// Changes the group between two cycles, or not.
    pub(super) fn live(&mut self, rng: &mut StdRng, people: usize) -> Option<&'static str> {
        if self.gone {
            return None;
        }
        match rng.random_range(0..10) {
            0..3 => {
                self.members.extend((0..3).map(|_| rng.random_range(0..people)));
                Some("group grew")
            }
            3..6 => {
                self.members.retain(|_| rng.random_range(0..4) > 0);
                Some("group shrank")
            }
            6 => {
                self.name.push('+');
                Some("group was renamed")
            }
            7 if rng.random_range(0..3) == 0 => {
                self.gone = true;
                Some("group was deleted")
            }
            _ => None,
        }
    }
}
