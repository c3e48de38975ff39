//! The protocol between Usher's services: types, clients and servers generated from `usher/**/*.proto`, which
//! documents each message and method.
#![expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    rustdoc::invalid_html_tags,
    reason = "the code is generated; the .proto files carry the documentation"
)]

/// Reasons of errors.
pub mod error {
    pub mod v1 {
        tonic::include_proto!("usher.error.v1");
    }
}

/// Workspaces, plans, domains, admins, apps, tokens, credentials, policies.
pub mod tenant {
    pub mod v1 {
        tonic::include_proto!("usher.tenant.v1");
    }
}

/// What several services say about seats.
pub mod seats {
    pub mod v1 {
        tonic::include_proto!("usher.seats.v1");
    }
}

/// Users, changes, seats.
pub mod identity {
    pub mod v1 {
        tonic::include_proto!("usher.identity.v1");
    }
}

/// The ledger, usage, invoices, prices.
pub mod billing {
    pub mod v1 {
        tonic::include_proto!("usher.billing.v1");
    }
}

/// The whole protocol as a `google.protobuf.FileDescriptorSet`, for reflection and tests.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
