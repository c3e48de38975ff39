//! An error as the caller of an RPC sees it.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use usher_base::{Fault, Reason};

use crate::ERROR_DOMAIN;

/// Why a call to another service failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// From the closed list.
    pub reason: Reason,
    /// For people.
    pub message: String,
    /// For programs.
    pub metadata: HashMap<String, String>,
}

impl Failure {
    /// A failure that begins here.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), metadata: HashMap::new() }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN);
        let named = info.as_ref().and_then(|info| Reason::from_name(&info.reason));
        Self {
            reason: named.unwrap_or_else(|| by_origin(&status)),
            metadata: info.map(|info| info.metadata).unwrap_or_default(),
            message: if broke(&status) {
                "a service does not answer; try again".to_owned()
            } else {
                status.message().to_owned()
            },
        }
    }
}

/// Whether the connection could not be made or broke under the call: only a status that was made on
/// this side has a source.
fn broke(status: &Status) -> bool {
    matches!(status.code(), Code::Unknown | Code::Unavailable) && std::error::Error::source(status).is_some()
}

/// The reason of a status that no Usher service made: the transport's, or a proxy's.
fn by_origin(status: &Status) -> Reason {
    match status.code() {
        _ if broke(status) => Reason::Unavailable,
        Code::DeadlineExceeded => Reason::DeadlineExceeded,
        Code::Unavailable | Code::Cancelled => Reason::Unavailable,
        Code::ResourceExhausted => Reason::Overloaded,
        Code::Unauthenticated => Reason::CredentialInvalid,
        Code::PermissionDenied => Reason::PermissionDenied,
        Code::NotFound => Reason::NotFound,
        Code::InvalidArgument => Reason::InvalidArgument,
        _ => Reason::Internal,
    }
}

impl Fault for Failure {
    fn reason(&self) -> Reason {
        self.reason
    }

    fn message(&self) -> String {
        self.message.clone()
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        // Only names that this program knows go on; the map's own names live too short.
        const KNOWN: [&str; 9] = [
            "field",
            "resource",
            "domain",
            "pool",
            "limit",
            "in_use",
            "expected",
            "class",
            "retry_after_secs",
        ];
        KNOWN.iter().filter_map(|name| Some((*name, self.metadata.get(*name)?.clone()))).collect()
    }
}
