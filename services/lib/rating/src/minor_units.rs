//! The number of decimal places of each currency.

/// Maximum number of decimal places of a currency.
const MOST_PLACES: u16 = 3;

/// Returns the decimal places of an ISO 4217 code. Returns `None` if the code is unknown, or not a means of payment:
/// a fund or a metal.
pub fn exponent(code: &str) -> Option<u32> {
    let known = iso_currency::Currency::from_code(code)?;
    let exponent = known.exponent().filter(|places| *places <= MOST_PLACES)?;
    (!known.is_fund() && !known.is_special()).then(|| exponent.into())
}
