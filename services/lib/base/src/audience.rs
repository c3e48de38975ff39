//! The services that a credential can be for.

use serde::{Deserialize, Serialize};

/// A service that accepts credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The tenant service.
    Tenant,
    /// The identity service.
    Identity,
    /// The billing service.
    Billing,
}

impl Audience {
    /// The name that credentials, metrics and settings use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Identity => "identity",
            Self::Billing => "billing",
        }
    }
}
