//! The tables of proofs.

pub(crate) mod signed_heads;
pub(crate) mod verifications;
