//! TLS for both sides of a connection, with files that may be replaced at any time.

mod client;
mod files;
mod kept;
mod server;

pub use client::{ClientFiles, ClientTls};
pub use files::{Pair, TlsError};
pub use server::{ServerFiles, ServerTls};

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The only provider of cryptography.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
