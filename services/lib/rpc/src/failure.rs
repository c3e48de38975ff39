//! An error as the caller of an RPC sees it.

use std::collections::HashMap;
use std::error::Error as _;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use usher_base::{Fault, Reason};

use crate::ERROR_DOMAIN;

/// What people are told where the transport failed; what exactly is in the log.
const NO_ANSWER: &str = "a part of Usher does not answer; try again";

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
        let (reason, message) = match named {
            Some(reason) => (reason, status.message().to_owned()),
            // Only a status that was made on this side has a source: the connection is gone.
            None if status.code() != Code::DeadlineExceeded && status.source().is_some() => {
                tracing::warn!(error = &status as &dyn std::error::Error, "a service does not answer");
                (Reason::Unavailable, NO_ANSWER.to_owned())
            }
            None => (by_code(status.code()), status.message().to_owned()),
        };
        Self { reason, message, metadata: info.map(|info| info.metadata).unwrap_or_default() }
    }
}

/// The reason of a status that no Usher service made: the transport's, or a proxy's.
fn by_code(code: Code) -> Reason {
    match code {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_an_outage_and_no_defect() {
        let broken = Status::from_error(Box::new(std::io::Error::other("broken pipe")));
        assert_eq!(broken.code(), Code::Unknown);

        let failure = Failure::from(broken);

        assert_eq!((failure.reason, failure.message.as_str()), (Reason::Unavailable, NO_ANSWER));
        assert_eq!(Failure::from(Status::unknown("from the peer")).reason, Reason::Internal);
    }
}
