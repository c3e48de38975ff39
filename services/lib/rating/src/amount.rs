//! Exact amounts.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

/// Maximum number of decimal places of a price.
const MOST_PLACES: usize = 6;

/// The text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount; write it as 12.00, with at most 6 decimal places and no sign")]
pub struct InvalidAmount(String);

/// Parses a price in major units, such as `12.00`, as a fraction of minor units.
///
/// # Errors
/// The text has anything but digits, at most one point, and at most six decimal places.
pub fn parse_price(text: &str, exponent: u32) -> Result<BigRational, InvalidAmount> {
    let invalid = || InvalidAmount(text.chars().take(40).collect());
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(places) || places.len() > MOST_PLACES || whole.len() > 18 {
        return Err(invalid());
    }
    let scaled: BigInt = format!("{whole}{places}").parse().map_err(|_| invalid())?;
    let scale = power_of_ten(u32::try_from(places.len()).unwrap_or_default());
    Ok(BigRational::new(scaled * power_of_ten(exponent), scale))
}

/// Rounds to a whole number of minor units, half away from zero. Returns `None` beyond 64 bits.
pub fn round(exact: &BigRational) -> Option<i64> {
    // `Ratio::round` rounds halves away from zero.
    exact.round().to_integer().to_i64()
}

/// Formats a fraction in lowest terms: `1013/1`.
pub fn fraction(exact: &BigRational) -> String {
    format!("{}/{}", exact.numer(), exact.denom())
}

/// Creates an exact amount from a whole number.
pub fn whole(number: impl Into<BigInt>) -> BigRational {
    BigRational::from_integer(number.into())
}

/// Returns whether the amount is zero.
pub fn is_zero(exact: &BigRational) -> bool {
    exact.is_zero()
}

/// Returns whether the amount is a credit.
pub fn is_negative(exact: &BigRational) -> bool {
    exact.is_negative()
}

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_is_read_exactly_in_every_currency() {
        assert_eq!(fraction(&parse_price("12.00", 2).unwrap()), "1200/1");
        assert_eq!(fraction(&parse_price("1000", 0).unwrap()), "1000/1");
        assert_eq!(fraction(&parse_price("4.500", 3).unwrap()), "4500/1");
        assert_eq!(fraction(&parse_price("0.000001", 2).unwrap()), "1/10000");
        for text in ["", "12,00", "-1", "+1", "1.", ".5", "1.0000001", "1e3", "٣", "NaN"] {
            assert!(parse_price(text, 2).is_err(), "{text:?}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (numerator, rounded) in [(5, 3), (-5, -3), (4, 2), (3, 2), (-3, -2), (1, 1), (-1, -1)] {
            let half = BigRational::new(BigInt::from(numerator), BigInt::from(2));
            assert_eq!(round(&half), Some(rounded), "{numerator}/2");
        }
    }

    proptest! {
        #[test]
        fn rounding_moves_an_amount_by_half_a_unit_at_most(n in -1_000_000_i64..1_000_000, d in 1_i64..10_000) {
            let exact = BigRational::new(BigInt::from(n), BigInt::from(d));
            let distance = (whole(round(&exact).unwrap()) - &exact).abs();
            prop_assert!(distance <= BigRational::new(BigInt::from(1), BigInt::from(2)));
        }
    }
}
