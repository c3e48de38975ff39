use std::fmt;
use std::num::TryFromIntError;

use usher_rating::minor_units::exponent;
use usher_rpc::convert::{InvalidArgument, invalid};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Currency {
    /// ISO 4217 code.
    pub(crate) code: String,
    /// Number of decimal places of the major unit.
    pub(crate) exponent: u32,
}

impl Currency {
    /// Returns the currency with a code, with the minor unit that ISO 4217 defines.
    pub(crate) fn of(code: &str) -> Result<Self, InvalidArgument> {
        let exponent = exponent(code)
            .ok_or_else(|| invalid("currency", "write the ISO 4217 code of a currency, such as EUR"))?;
        Ok(Self { code: code.to_owned(), exponent })
    }

    /// Reads the currency from a row. An account that was set before decimal places followed ISO 4217 keeps its own.
    pub(crate) fn stored(code: String, exponent: i16) -> Result<Self, TryFromIntError> {
        Ok(Self { code, exponent: exponent.try_into()? })
    }

    /// Returns the exponent as messages have it.
    pub(crate) fn places(&self) -> i32 {
        i32::try_from(self.exponent).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_has_the_minor_unit_of_iso_4217_and_no_other_code_is_one() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("BHD", 3), ("CLP", 0)] {
            assert_eq!(Currency::of(code).unwrap().exponent, exponent, "{code}");
        }
        for code in ["", "eur", "EURO", "QQQ", "XXX", "XAU", "CLF", "E\u{dc}R"] {
            assert!(Currency::of(code).is_err(), "{code}");
        }
    }
}
