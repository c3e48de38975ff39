//! Exact amounts. Nothing here or above knows a floating-point type.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, ToPrimitive as _};

/// Rounds half away from zero; `None` beyond what 64 bits hold.
pub fn round(exact: &BigRational) -> Option<i64> {
    let two = BigInt::from(2);
    // floor(|n/d| + 1/2) is floor((2|n| + d) / 2d).
    let magnitude = (exact.numer().abs() * &two + exact.denom()) / (exact.denom() * two);
    let rounded = if exact.is_negative() { -magnitude } else { magnitude };
    rounded.to_i64()
}

/// A fraction in lowest terms, as "n/d".
pub fn fraction(exact: &BigRational) -> String {
    let reduced = exact.reduced();
    format!("{}/{}", reduced.numer(), reduced.denom())
}

/// A price in millionths of the major unit, in minor units of a currency with `exponent` decimals.
pub fn minor_units(micros: i64, exponent: u32) -> BigRational {
    BigRational::new(BigInt::from(micros) * BigInt::from(10_u32.pow(exponent)), BigInt::from(1_000_000))
}

/// The fraction 1 / `days`; `days` is not 0.
pub fn per(days: usize) -> BigRational {
    BigRational::new(BigInt::one(), BigInt::from(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(n: i64, d: i64) -> BigRational {
        BigRational::new(n.into(), d.into())
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (exact, rounded) in
            [((5, 2), 3), ((-5, 2), -3), ((7, 3), 2), ((-7, 3), -2), ((1, 2), 1), ((-1, 2), -1), ((0, 1), 0)]
        {
            assert_eq!(round(&ratio(exact.0, exact.1)), Some(rounded));
        }
        assert_eq!(round(&(ratio(i64::MAX, 1) + ratio(1, 2))), None);
    }

    #[test]
    fn a_fraction_is_in_lowest_terms() {
        assert_eq!(fraction(&ratio(-80, 60)), "-4/3");
        assert_eq!(fraction(&ratio(1_200, 1)), "1200/1");
    }
}
