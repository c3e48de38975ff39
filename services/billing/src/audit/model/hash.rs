//! Hashes, and the start of a hash chain.

/// SHA-256 of a fact and of all facts before it.
pub type Hash = [u8; 32];

/// The hash that precedes the first fact.
pub const GENESIS: Hash = [0; 32];

/// Formats bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
