pub(crate) mod signed_heads;
pub(crate) mod verifications;
