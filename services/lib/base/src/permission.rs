//! The permissions of a credential.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// One permission. A credential carries a set of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Permission {
            /// All permissions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name that credentials use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the permission with a name, or `None`.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
            }
        }
    };
}

permissions! {
    /// Read users.
    UsersRead = "users.read",
    /// Create, change and delete users.
    UsersWrite = "users.write",
    /// Delete users, and deactivate active users; no other write.
    UsersLeave = "users.leave",
    /// Read the change log.
    ChangesRead = "changes.read",
    /// Read the seat counters.
    SeatsRead = "seats.read",
    /// Append to the seat ledger (identity only).
    SeatsAppend = "seats.append",
    /// Read usage and invoices.
    BillingRead = "billing.read",
    /// Set accounts and prices.
    BillingAdmin = "billing.admin",
    /// Read the policies of workspaces and look up their ids (identity and billing).
    PoliciesRead = "policies.read",
    /// Check SCIM tokens (gateway only).
    AccessCheck = "access.check",
    /// Everything in the tenant service (operators).
    TenantAdmin = "tenant.admin",
    /// Administer the caller's own workspace (signed-in admins).
    WorkspaceAdmin = "workspace.admin",
}
