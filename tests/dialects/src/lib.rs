//! Requests that identity providers were seen to send (`docs/scim-clients.md`), and faults of other servers
//! (`docs/scim-lessons.md`), as rows. A row is named after its source, and its requests have the shape that
//! goes over the wire. Every row is checked twice: over HTTP against the real services
//! (`tests/tests/suite/reference`), and against the functions of `usher-scim` alone, up to the first step
//! that a service decides.
//!
//! Other suites check the following (the numbers are those of the lessons' §4, unless a page is named):
//! - `seats`, `limits`, `billing`: the seat limit on every path, the ledger, and the policies of limits (19
//!   to 25);
//! - `tokens`: rotation, expiry, revocation, and how tokens are stored (38, 40 to 44);
//! - `provenance`: where each attribute came from, and what is kept (45 to 48);
//! - `provisioning_log`: the log entry of each request (61 to 64);
//! - `isolation`: another workspace's credential on every route (50);
//! - identity's tests of cursors: `expiredCursor` (clients §6.1);
//! - `make bench`: the cost of a token check and of a change to a large group (51, 52 and 54; lessons §2).
//!
//! The following does not apply to Usher:
//! - OAuth, client assertions and Entra's own tokens (clients §1.7), and Okta's Basic and OAuth: there is one
//!   kind of token;
//! - Okta's entitlement endpoints and roles that grant rights (lessons §1 #21, 49): roles are stored as sent;
//! - the last admin (lessons §1 #36, 47): admins are not SCIM users;
//! - sessions that end with a deactivation (7; clients §6.6) and security events: Usher has no sessions of
//!   users;
//! - a grace period for probes that create and delete (clients §4.2): the ledger decides what a user costs;
//! - a dry run (31), webhooks, the admin console.
//!
//! The sources differ in the following, and Usher does this: an unknown member is 400 (lessons §3), although
//! Microsoft's sample accepts "string id 1" (clients §2.4); a PATCH of a user returns the user, and a PATCH
//! of a group returns 204; an unapproved domain and a full workspace are 403.

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

/// The name of a source, and its rows.
pub type Table = (&'static str, Vec<Row>);

/// Rows about Entra, and about Microsoft's tools for testing servers.
pub fn about_microsoft() -> Vec<Table> {
    vec![
        ("docs/scim-clients.md §0", checklist::rows()),
        ("docs/scim-clients.md §1", shapes::rows()),
        ("docs/scim-clients.md §1", cycles::rows()),
        ("docs/scim-clients.md §2.2", validator::rows()),
        ("docs/scim-clients.md §2.3", gallery::rows()),
        ("docs/scim-clients.md §2.4", postman::rows()),
    ]
}

/// Rows about identity providers, from public issue trackers and documents.
pub fn about_identity_providers() -> Vec<Table> {
    vec![
        ("docs/scim-lessons.md §1", trackers::rows()),
        ("docs/scim-lessons.md §1", matching::rows()),
        ("docs/scim-lessons.md §1", contract::rows()),
        ("docs/scim-clients.md §4", okta::rows()),
        ("docs/scim-clients.md §4", providers::rows()),
        ("operations that were seen:", operations::rows()),
        ("filters that were seen:", look_ups::rows()),
    ]
}

/// Rows about standards, and about faults of other servers.
pub fn about_standards_and_other_servers() -> Vec<Table> {
    vec![
        ("docs/scim-clients.md §6", cursors::rows()),
        ("docs/scim-clients.md §6", bulk::rows()),
        ("docs/scim-clients.md §6", standards::rows()),
        ("docs/scim-lessons.md §2", servers::faults()),
        ("docs/scim-lessons.md §3", servers::wants()),
        ("docs/scim-lessons.md §4", complaints::rows()),
        ("docs/scim-lessons.md §4", entry::rows()),
        ("docs/scim-lessons.md §5", filters::rows()),
    ]
}
