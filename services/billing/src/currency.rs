//! Currencies.

use std::fmt;

use usher_rpc::convert::{InvalidArgument, invalid};

/// In what something is paid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Currency {
    /// ISO 4217.
    pub(crate) code: String,
    /// Its decimal places: so many digits of the major unit are minor ones.
    pub(crate) exponent: u32,
}

impl Currency {
    /// Validates what a caller sent.
    pub(crate) fn new(code: &str, exponent: i32) -> Result<Self, InvalidArgument> {
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(invalid("currency", "write its ISO 4217 code, such as EUR"));
        }
        let exponent = u32::try_from(exponent)
            .ok()
            .filter(|exponent| *exponent <= 3)
            .ok_or_else(|| invalid("exponent", "a currency has 0 to 3 decimal places"))?;
        Ok(Self { code: code.to_owned(), exponent })
    }

    /// As messages have the exponent.
    pub(crate) fn places(&self) -> i32 {
        i32::try_from(self.exponent).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}
