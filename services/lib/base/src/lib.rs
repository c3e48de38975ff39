//! The vocabulary that all Usher services share: ids, clock, credentials, scope, domains, error reasons, fair
//! semaphores. Nothing in this crate does I/O.

#![warn(missing_docs)]

pub mod actor;
pub mod audience;
pub mod clock;
pub mod context;
pub mod credential;
pub mod domain;
pub mod fair_semaphore;
pub mod fault;
pub mod id;
mod jwt;
pub mod key;
pub mod permission;
pub mod printable;
pub mod reason;
pub mod scope;
pub mod secret;
pub mod spreadsheet;
pub mod trace;

pub use actor::Actor;
pub use audience::Audience;
pub use clock::Clock;
pub use context::CallContext;
pub use credential::{Claims, Credential, CredentialError, Denied, KeySet};
pub use fault::{Fault, chain};
pub use permission::Permission;
pub use reason::Reason;
pub use scope::TenantScope;
