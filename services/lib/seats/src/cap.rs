//! Limits that grow with the number of paid licences.

/// A percentage of the paid licences, rounded up, with a lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The lower bound.
    pub at_least: i64,
    /// Seats per hundred licences.
    pub percent: i64,
}

/// The numbers are not a valid cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCap {
    /// The lower bound is negative.
    #[error("at_least must not be negative")]
    AtLeast,
    /// The percentage is out of range.
    #[error("percent must be 0 to {}", Cap::MAX_PERCENT)]
    Percent,
}

impl Cap {
    /// The maximum of `percent`.
    pub const MAX_PERCENT: i64 = 1_000;

    /// Creates a cap.
    ///
    /// # Errors
    /// A number is out of range.
    pub fn new(at_least: i64, percent: i64) -> Result<Self, InvalidCap> {
        if at_least < 0 {
            return Err(InvalidCap::AtLeast);
        }
        if !(0..=Self::MAX_PERCENT).contains(&percent) {
            return Err(InvalidCap::Percent);
        }
        Ok(Self { at_least, percent })
    }

    /// Creates a cap from two columns, which are both set or both NULL.
    pub fn of_columns(at_least: Option<i64>, percent: Option<i64>) -> Option<Self> {
        at_least.zip(percent).map(|(at_least, percent)| Self { at_least, percent })
    }

    /// Returns the maximum number of seats: `max(at_least, ceil(percent * licences / 100))`.
    pub fn seats(self, licences: i64) -> i64 {
        let seats = (i128::from(self.percent) * i128::from(licences) + 99) / 100;
        self.at_least.max(i64::try_from(seats).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Cap = Cap { at_least: 20, percent: 15 };

    #[test]
    fn e31_the_collaborator_cap_for_20_133_134_and_200_paid_licences() {
        assert_eq!([20, 133, 134, 200].map(|licences| CAP.seats(licences)), [20, 20, 21, 30]);
    }

    #[test]
    fn a_cap_of_no_licences_is_its_minimum_and_one_beyond_64_bits_the_largest_number() {
        assert_eq!(CAP.seats(0), 20);
        assert_eq!(Cap { at_least: 0, percent: 1_000 }.seats(i64::MAX), i64::MAX);
    }

    #[test]
    fn a_cap_has_a_percentage_of_0_to_1000_and_no_negative_minimum() {
        assert_eq!(Cap::new(20, 15), Ok(CAP));
        assert_eq!(Cap::new(-1, 15), Err(InvalidCap::AtLeast));
        assert_eq!(
            [-1, 0, 1_000, 1_001].map(|percent| Cap::new(0, percent).is_ok()),
            [false, true, true, false]
        );
    }
}
