//! The vocabulary of every Usher service: ids, clock, credentials, scope, domains, error reasons, turns.
//! Nothing here does I/O.

pub mod actor;
pub mod audience;
pub mod clock;
pub mod context;
pub mod credential;
pub mod domain;
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
pub mod turns;

pub use actor::Actor;
pub use audience::Audience;
pub use clock::Clock;
pub use context::CallContext;
pub use credential::{Claims, Credential, CredentialError, Denied, KeySet};
pub use fault::{Fault, chain};
pub use permission::Permission;
pub use reason::Reason;
pub use scope::TenantScope;
