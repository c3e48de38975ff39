//! What identity providers were seen to send (`docs/scim-clients.md`), and what other servers got wrong
//! (`docs/scim-lessons.md`), as rows. A row is named after where it was seen and has the shape that goes over the
//! wire. Rows are held twice: over HTTP against the real services (`tests/tests/suite/reference`), and, as far as no
//! service decides, against the functions of `usher-scim` alone.
//!
//! Left out, because another suite holds it (the numbers are those of the lessons' §4, unless a page is named):
//! - `seats`, `limits`, `billing`: the seat limit on every way in, in the ledger too, and its policies (19 to 25);
//! - `tokens`: rotation, expiry, revocation, what is stored of a token (38, 40 to 44);
//! - `provenance`: where each attribute came from, and what stays (45 to 48);
//! - `provisioning_log`: what is told of each attempt (61 to 64);
//! - `isolation`: another workspace's credential at every route (50);
//! - identity's tests of cursors: `expiredCursor` (clients §6.1);
//! - `make bench`: what a token check and a change to a large group cost (51, 52 and 54; lessons §2).
//!
//! Left out, because there is nothing here that it is about:
//! - OAuth, client assertions and tokens of Entra's own (clients §1.7), and Okta's Basic and OAuth: one kind of token
//!   is taken;
//! - Okta's entitlement endpoints and roles that give rights (lessons §1 #21, 49): roles are kept as sent;
//! - the last admin (lessons §1 #36, 47): admins are no users of SCIM;
//! - sessions that end with a deactivation (7; clients §6.6) and security events: Usher keeps no sessions;
//! - a grace period for probes that create and delete (clients §4.2): what somebody costs is the ledger's matter;
//! - a dry run (31), webhooks, the admin console.
//!
//! Decided where sources differ: a member that is nobody is 400 (lessons §3), although the sample of Microsoft takes
//! "string id 1" (clients §2.4); a PATCH of a user is answered with the user, one of a group with 204; an unapproved
//! domain and a full workspace are 403.

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
        ("docs/scim-clients.md §0", checklist::rows()),
        ("docs/scim-clients.md §1", shapes::rows()),
        ("docs/scim-clients.md §1", cycles::rows()),
        ("docs/scim-clients.md §2.2", validator::rows()),
        ("docs/scim-clients.md §2.3", gallery::rows()),
        ("docs/scim-clients.md §2.4", postman::rows()),
    ]
}

/// Rows about identity providers, from public trackers and documents.
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

/// Rows about standards, and about what other servers get wrong.
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
