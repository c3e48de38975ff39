use std::str::FromStr;

use jiff::civil::Date;
use num_bigint::BigInt;
use num_rational::BigRational;
use usher_base::id::PriceId;
use usher_rating::PriceList;
use usher_rating::price::Ambiguous;
use usher_seats::{CountingMode, SeatClass};

/// Maximum number of seats in a price, a commitment or a preview. With [`UnitPrice::MOST`], it keeps every line
/// within 64 bits.
pub const MOST_SEATS: i64 = 10_000_000;

/// The price of a seat for a whole period, in millionths of the currency's major unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitPrice(i64);

/// The text is not a price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as a decimal of at most 6 places such as 12.00, from 0 to 100000000")]
pub struct InvalidPrice;

impl UnitPrice {
    /// The maximum price: 100,000,000 major units.
    pub const MOST: Self = Self(100_000_000_000_000);

    /// Creates a price from millionths.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the price in millionths.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Formats the price as a decimal number with at least the decimal places of a currency.
    pub fn spelled(self, exponent: u32) -> String {
        let places = format!("{:06}", self.0 % 1_000_000);
        let (always, rest) = places.split_at(usize::try_from(exponent.min(6)).unwrap_or_default());
        let places = format!("{always}{}", rest.trim_end_matches('0'));
        let whole = self.0 / 1_000_000;
        if places.is_empty() { whole.to_string() } else { format!("{whole}.{places}") }
    }

    /// Returns the price in minor units of a currency with `exponent` decimal places.
    pub fn minor_units(self, exponent: u32) -> BigRational {
        BigRational::new(BigInt::from(self.0) * BigInt::from(10_u32).pow(exponent), BigInt::from(1_000_000))
    }
}

impl FromStr for UnitPrice {
    type Err = InvalidPrice;

    fn from_str(text: &str) -> Result<Self, InvalidPrice> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) || places.len() > 6 {
            return Err(InvalidPrice);
        }
        let whole: i64 = whole.parse().map_err(|_| InvalidPrice)?;
        let places: i64 = format!("{places:0<6}").parse().map_err(|_| InvalidPrice)?;
        whole
            .checked_mul(1_000_000)
            .and_then(|micros| micros.checked_add(places))
            .map(Self)
            .filter(|price| *price <= Self::MOST)
            .ok_or(InvalidPrice)
    }
}

/// The price of a class from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceVersion {
    pub id: PriceId,
    pub class: SeatClass,
    /// The price of a seat for a whole period.
    pub unit_price: UnitPrice,
    /// The first local date on which it applies; it ends where the next version begins.
    pub valid_from: Date,
    /// How seats are counted.
    pub mode: CountingMode,
    /// Number of seats that cost nothing.
    pub included: i64,
    /// Number of seats that are always charged.
    pub floor: i64,
}

/// Converts versions to the input of rating, at each class's position.
///
/// # Errors
/// Two versions of a class begin on one date, which the database prevents.
pub fn lists(versions: &[PriceVersion], exponent: u32) -> Result<Vec<PriceList>, Ambiguous> {
    let list = |class: SeatClass| {
        let of_class = versions.iter().filter(|version| version.class == class);
        let rated = of_class.map(|version| usher_rating::PriceVersion {
            valid_from: Some(version.valid_from),
            unit_price: version.unit_price.minor_units(exponent),
            mode: version.mode,
            included: version.included,
            floor: version.floor,
        });
        PriceList::new(rated.collect())
    };
    (0..SeatClass::COUNT).map(|index| list(SeatClass::at(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_survives_parsing_and_printing_in_each_currency() {
        for (text, micros, exponent, printed) in [
            ("12.00", 12_000_000, 2, "12.00"),
            ("12", 12_000_000, 2, "12.00"),
            ("0.000001", 1, 2, "0.000001"),
            ("4.5", 4_500_000, 2, "4.50"),
            ("4.125", 4_125_000, 2, "4.125"),
            ("1000", 1_000_000_000, 0, "1000"),
            ("1000.50", 1_000_500_000, 0, "1000.5"),
            ("4.5", 4_500_000, 3, "4.500"),
            ("100000000", 100_000_000_000_000, 2, "100000000.00"),
        ] {
            let price: UnitPrice = text.parse().unwrap();
            assert_eq!((price.micros(), price.spelled(exponent).as_str()), (micros, printed));
        }
        for wrong in
            ["100000000.000001", "", ".5", "1.", "-1", "+1", "1,5", "1.0000001", "1e3", "9223372036855", "１"]
        {
            assert_eq!(wrong.parse::<UnitPrice>(), Err(InvalidPrice), "{wrong}");
        }
    }
}
