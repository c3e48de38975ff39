//! The roles that a process can serve.

use clap::ValueEnum;

/// A role that a process can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// SCIM over HTTP; owns no database.
    Gateway,
    /// Workspaces, domains, admins, apps, tokens, plans.
    Tenant,
    /// Users and the change log.
    Identity,
    /// The seat ledger.
    Billing,
    /// The four of them in one process; they still talk gRPC to each other.
    All,
}

impl Role {
    /// Whether a process with this role serves `other`.
    pub fn includes(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}
