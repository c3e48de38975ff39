//! The methods of a server, and who may call each.

use usher_base::{Credential, Denied, Permission};

use crate::verifier::VerifyError;

/// A method, and who may call it. This is checked before the message is read, so that validation errors reveal
/// nothing to callers without permission.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: &'static str,
    /// One of these permissions is sufficient. Empty for a public method.
    permissions: &'static [Permission],
    /// Whether the call ends when its workspace is suspended.
    watches: bool,
}

impl Method {
    /// A method that requires one of these permissions.
    pub const fn new(path: &'static str, permissions: &'static [Permission]) -> Self {
        assert!(!permissions.is_empty(), "a method without a permission must be declared public");
        Self { path, permissions, watches: false }
    }

    /// A stream of unlimited duration. It ends when its workspace is suspended, and can't be opened while it is.
    pub const fn watch(path: &'static str, permissions: &'static [Permission]) -> Self {
        Self { watches: true, ..Self::new(path, permissions) }
    }

    /// A public method: it is called without a credential.
    pub const fn public(path: &'static str) -> Self {
        Self { path, permissions: &[], watches: false }
    }

    /// Whether it is called without a credential.
    pub const fn is_public(&self) -> bool {
        self.permissions.is_empty()
    }

    /// Whether the call ends when its workspace is suspended.
    pub(crate) const fn watches(&self) -> bool {
        self.watches
    }

    /// Whether this permission is sufficient for the call.
    pub fn is_for(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Checks that a credential permits the call.
    pub(crate) fn judge(&self, credential: &Credential) -> Result<(), VerifyError> {
        let Some(first) = self.permissions.first() else { return Ok(()) };
        let permits = self.permissions.iter().any(|permission| credential.permits(*permission));
        if permits { Ok(()) } else { Err(Denied::Permission(*first).into()) }
    }
}

/// The public methods that every server has beside its own methods.
pub(crate) const COMMON: [Method; 4] = [
    Method::public("/grpc.health.v1.Health/Check"),
    Method::public("/grpc.health.v1.Health/Watch"),
    Method::public("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
    Method::public("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
];
