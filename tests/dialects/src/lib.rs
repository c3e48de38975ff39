//! Every row of the project's notes on how identity providers really talk SCIM (`entra.md`) and on what
//! other servers get wrong (`scim-servers.md`). A row is named after where it was seen and has the shape that
//! goes over the wire. Rows are held twice: over HTTP against the real services (`tests/tests/suite/reference`),
//! and, as far as no service decides, against the functions of `usher-scim` alone.
//!
//! Left out, because another suite holds it:
//! - `seats`, `limits`, `billing`: the seat limit on every way in, in the ledger too, and its policies
//!   (§4 19 to 25);
//! - `tokens`: rotation, expiry, revocation, what is stored of a token (§4 38, 40 to 44);
//! - `provenance`: where each attribute came from, and what stays (§4 45 to 48);
//! - `provisioning_log`: what is told of each attempt (§4 61 to 64);
//! - `isolation`: another workspace's credential at every route (§4 50);
//! - identity's tests of cursors: `expiredCursor` (§6.1);
//! - `make bench`: what a token check and a change to a large group cost (§2; §4 51, 52 and 54).
//!
//! Left out, because there is nothing here that it is about:
//! - OAuth, client assertions and tokens of Entra's own (entra.md §1.7; `Federated_Identity` in §2.3), and
//!   Okta's Basic and OAuth (§4.1): one kind of token is taken;
//! - Okta's entitlement endpoints and roles that give rights (§4.1, §3 #21, §4 49): roles are kept as sent;
//! - the last admin (§3 #36, §4 47): admins are no users of SCIM;
//! - sessions that end with a deactivation (§6.6, §4 7) and security events: Usher keeps no sessions;
//! - a grace period for probes that create and delete (§4.2): what somebody costs is the ledger's matter;
//! - a dry run (§4 31), webhooks, the admin console.
//!
//! Decided where sources differ: a member that is nobody is 400 (`scim-servers.md` §3), although the sample
//! of Microsoft takes "string id 1" (entra.md §2.4); a PATCH of a user is answered with the user, one of a
//! group with 204; an unapproved domain and a full workspace are 403.

mod bulk;
mod checklist;
mod complaints;
mod contract;
mod cursors;
mod cycles;
pub mod default_attributes;
mod entry;
pub mod fact;
mod filters;
mod gallery;
pub mod given;
pub mod kept;
mod look_ups;
mod matching;
mod okta;
mod operations;
mod postman;
mod providers;
pub mod row;
mod servers;
mod shapes;
mod standards;
mod trackers;
mod validator;
pub mod wire;

use row::Row;

/// The rows of one source, and its name.
pub type Table = (&'static str, Vec<Row>);

/// Rows about Entra and what Microsoft gives to try servers with.
pub fn about_microsoft() -> Vec<Table> {
    vec![
        ("entra.md §0", checklist::rows()),
        ("entra.md §1", shapes::rows()),
        ("entra.md §1", cycles::rows()),
        ("entra.md §2.2", validator::rows()),
        ("entra.md §2.3", gallery::rows()),
        ("entra.md §2.4", postman::rows()),
    ]
}

/// Rows about identity providers, from public trackers and documents.
pub fn about_identity_providers() -> Vec<Table> {
    vec![
        ("entra.md §3", trackers::rows()),
        ("entra.md §3", matching::rows()),
        ("entra.md §3", contract::rows()),
        ("entra.md §4", okta::rows()),
        ("entra.md §4", providers::rows()),
        ("operations that were seen:", operations::rows()),
        ("filters that were seen:", look_ups::rows()),
    ]
}

/// Rows about standards, and about what other servers get wrong.
pub fn about_standards_and_other_servers() -> Vec<Table> {
    vec![
        ("entra.md §6", cursors::rows()),
        ("entra.md §6", bulk::rows()),
        ("entra.md §6", standards::rows()),
        ("scim-servers.md §2", servers::faults()),
        ("scim-servers.md §3", servers::wants()),
        ("scim-servers.md §4", complaints::rows()),
        ("scim-servers.md §4", entry::rows()),
        ("scim-servers.md §5", filters::rows()),
    ]
}
