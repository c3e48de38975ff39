//! How many decimal places currencies have.

/// The most decimal places that a currency has.
const MOST_PLACES: u16 = 3;

/// The decimal places of an ISO 4217 code. None where it is none, or where nothing is paid in it: a fund or a
/// metal.
pub fn exponent(code: &str) -> Option<u32> {
    let known = iso_currency::Currency::from_code(code)?;
    let exponent = known.exponent().filter(|places| *places <= MOST_PLACES)?;
    (!known.is_fund() && !known.is_special()).then(|| exponent.into())
}
