//! Shares an amount by weight, to the last minor unit.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_traits::{ToPrimitive as _, Zero as _};

/// The shares of an amount by weight, with the rest distributed by largest remainder.
pub(crate) struct Shares {
    sign: i64,
    /// By weight: the whole units for each person with it, and whether they may get one more.
    of: Vec<(i64, Extra)>,
    /// Number of persons who still get one more unit: the first ones.
    left: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    None,
    Everybody,
    /// There are fewer units left than persons with this remainder.
    TheFirst,
}

impl Shares {
    /// Computes the shares from weights, each with the number of persons who have it. If all weights are zero, nobody
    /// gets anything, and the amount must be zero.
    pub(crate) fn new(amount: i64, weights: &[(BigInt, usize)]) -> Self {
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

    /// Returns the share of the next person, whose weight has the given index.
    pub(crate) fn next(&mut self, place: usize) -> i64 {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shares an amount among persons with given weights; persons with the same weight share a pattern.
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

    /// Applies the rule person by person: the rest goes to the largest remainders, then to the first persons.
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
        // If two weights have the same remainder, the first persons get the units, whichever weight they have.
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
