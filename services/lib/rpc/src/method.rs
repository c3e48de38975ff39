//! The methods that a server serves, and who may call each.

use usher_base::{Credential, Denied, Permission};

/// A method, and who may call it. It is judged before a byte of the message is read, so that nobody
/// learns from a fault in a message what only others may ask.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: &'static str,
    /// One of these is enough; empty where the method is called before there is a credential.
    permissions: &'static [Permission],
    /// Whether the call ends when its workspace is suspended.
    watches: bool,
}

impl Method {
    /// A method for the holders of any of these permissions.
    pub const fn new(path: &'static str, permissions: &'static [Permission]) -> Self {
        assert!(!permissions.is_empty(), "a method that needs no permission is public, and says so");
        Self { path, permissions, watches: false }
    }

    /// A stream that goes on for as long as its caller likes: it ends when its workspace is suspended, and is not
    /// opened where it is.
    pub const fn watch(path: &'static str, permissions: &'static [Permission]) -> Self {
        Self { watches: true, ..Self::new(path, permissions) }
    }

    /// A method that is called before there is a credential.
    pub const fn public(path: &'static str) -> Self {
        Self { path, permissions: &[], watches: false }
    }

    /// Whether it is called before there is a credential.
    pub const fn is_public(&self) -> bool {
        self.permissions.is_empty()
    }

    /// Whether the call ends when its workspace is suspended.
    pub(crate) const fn watches(&self) -> bool {
        self.watches
    }

    /// Whether a permission is one of those of which one is enough.
    pub fn is_for(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Asks whether a credential permits the call.
    pub(crate) fn judge(&self, credential: &Credential) -> Result<(), Denied> {
        let Some(first) = self.permissions.first() else { return Ok(()) };
        let permits = self.permissions.iter().any(|permission| credential.permits(*permission));
        if permits { Ok(()) } else { Err(Denied::Permission(*first)) }
    }
}

/// What every server has beside its own methods: public ones.
pub(crate) const COMMON: [Method; 4] = [
    Method::public("/grpc.health.v1.Health/Check"),
    Method::public("/grpc.health.v1.Health/Watch"),
    Method::public("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
    Method::public("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
];
