//! Errors as the caller of an RPC sees them.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use usher_base::{Fault, Reason};

use crate::channels::{Interrupted, timed_out};
use crate::status::{ERROR_DOMAIN, status};

/// Why a call to another service failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The reason, from the closed list.
    pub reason: Reason,
    /// The message, for people.
    pub message: String,
    /// Details, for programs.
    pub metadata: HashMap<String, String>,
    /// The original status, for the log, if no Usher service made it.
    #[source]
    cause: Option<Arc<Status>>,
}

impl Failure {
    /// Creates an error that originates here.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), metadata: HashMap::new(), cause: None }
    }

    /// The error of a service that has reached its maximum number of calls.
    pub(crate) fn overloaded() -> Self {
        Self::new(Reason::Overloaded, "the service is overloaded; try again")
    }

    /// Adds details for programs.
    #[must_use]
    pub fn with_metadata(self, metadata: HashMap<String, String>) -> Self {
        Self { metadata, ..self }
    }
}

impl From<Status> for Failure {
    /// Only the text of an Usher service is passed on. The text of a transport, a proxy or a library goes to the log
    /// only.
    fn from(status: Status) -> Self {
        let ours = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN);
        if let Some(info) = ours {
            return Self {
                reason: Reason::from_name(&info.reason).unwrap_or_else(|| by_code(status.code())),
                message: status.message().to_owned(),
                metadata: info.metadata,
                cause: None,
            };
        }
        let (reason, message) = by_origin(&status);
        Self { cause: Some(Arc::new(status)), ..Self::new(reason, message) }
    }
}

/// The reason and the message for a status that no Usher service made.
fn by_origin(status: &Status) -> (Reason, &'static str) {
    let late = "a part of Usher did not respond in time; the request may have taken effect";
    let Some(source) = status.source() else {
        let reason = by_code(status.code());
        return match reason {
            Reason::DeadlineExceeded => (reason, late),
            Reason::Unavailable | Reason::Overloaded => (reason, "a part of Usher is unavailable; try again"),
            _ => (reason, "a part of Usher could not accept the call"),
        };
    };
    // Only a status that was made on this side has a source.
    if timed_out(source) {
        return (Reason::DeadlineExceeded, late);
    }
    match source.downcast_ref::<Interrupted>() {
        Some(Interrupted::Sent(_)) => (
            Reason::Unavailable,
            "the connection between parts of Usher broke; the request may have taken effect, so check \
             before you send it again",
        ),
        _ => (Reason::Unavailable, "a part of Usher is unavailable; try again"),
    }
}

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
        // Only names from this list are passed on; those in the map do not live long enough.
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

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        status(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_error_text_goes_only_to_the_log() {
        for code in 1..=16 {
            let foreign = Status::new(Code::from_i32(code), "h2 protocol error at 10.0.0.7:9101");

            let failure = Failure::from(foreign);

            assert!(!failure.message().contains("10.0.0.7"), "{code}: {failure}");
            assert!(usher_base::chain(&failure).contains("10.0.0.7"), "{code}");
        }
    }
}
