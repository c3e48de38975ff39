//! SCIM 2.0 (RFC 7643, RFC 7644) as pure functions: schemas, filters, paths, PATCH, projection,
//! discovery, errors. Nothing here does I/O or knows the time.

#![warn(missing_docs)]

pub mod discovery;
pub mod error;
pub mod eval;
pub mod filter;
pub mod group;
pub mod json;
pub mod patch;
pub mod projection;
pub mod schema;
pub mod user;

mod coerce;
mod diff;
mod repetition;
mod slot;
mod text;
mod time;

pub use diff::{Change, Changed};
pub use error::{ScimError, ScimType, short};
pub use text::{fold, user_name_key};

/// A JSON object; it keeps the order of its members.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// How strictly a client's requests are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Profile {
    /// Tolerates what identity providers are known to send.
    #[default]
    Default,
    /// Accepts only what RFC 7644 allows.
    Strict,
}
