//! Hashes, and where a chain of them begins.

/// SHA-256 of a fact and all before it.
pub type Hash = [u8; 32];

/// What the first fact is chained to.
pub const GENESIS: Hash = [0; 32];

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
