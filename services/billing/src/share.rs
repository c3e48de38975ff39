//! Limits that grow with what is bought.

/// So many seats in a hundred paid licences, rounded up, and never fewer than the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The least.
    pub at_least: i64,
    /// Seats in a hundred licences.
    pub percent: i64,
}

impl Share {
    /// What it comes to: `max(at_least, ceil(percent * licences / 100))`. Identity's `share_of` says the
    /// same between a plan's change and billing's word.
    pub fn of(self, licences: i64) -> i64 {
        let share = (i128::from(self.percent) * i128::from(licences) + 99) / 100;
        self.at_least.max(i64::try_from(share).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Share = Share { at_least: 20, percent: 15 };

    #[test]
    fn e31_the_collaborator_cap_for_20_133_134_and_200_paid_licences() {
        assert_eq!([20, 133, 134, 200].map(|licences| CAP.of(licences)), [20, 20, 21, 30]);
    }

    #[test]
    fn a_share_of_nothing_is_the_least_and_one_beyond_64_bits_the_most_there_is() {
        assert_eq!(CAP.of(0), 20);
        assert_eq!(Share { at_least: 0, percent: 1_000 }.of(i64::MAX), i64::MAX);
    }
}
