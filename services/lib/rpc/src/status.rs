//! From a typed error to a gRPC status, and from a request to its context.

use std::time::Duration;

use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use usher_base::{CallContext, Fault, Reason};

use crate::ERROR_DOMAIN;

/// Takes a request apart: the context that the server's layer made, and the message.
///
/// # Errors
/// The method is served without the layer that checks credentials.
pub fn open<T>(request: Request<T>) -> Result<(CallContext, T), Status> {
    let (_, mut extensions, message) = request.into_parts();
    match extensions.remove::<CallContext>() {
        Some(context) => Ok((context, message)),
        None => Err(Status::unauthenticated("the call carries no credential")),
    }
}

/// The status of an error: code and `google.rpc.ErrorInfo` by its reason, and the message that is
/// meant for the outside. A defect's whole chain goes to the log, here and only here.
#[expect(clippy::needless_pass_by_value, reason = "it ends here; call sites read `.map_err(rpc::status)`")]
pub fn status<F: Fault>(fault: F) -> Status {
    let reason = fault.reason();
    match reason {
        Reason::Internal | Reason::EventConflict => tracing::error!(error = chain(&fault), "call failed"),
        Reason::Unavailable => tracing::warn!(error = chain(&fault), "call failed"),
        _ => {}
    }
    let metadata: std::collections::HashMap<String, String> =
        fault.metadata().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut details = ErrorDetails::with_error_info(reason.name(), ERROR_DOMAIN, metadata);
    if reason.row().retryable {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    Status::with_error_details(Code::from_i32(reason.row().code as i32), fault.message(), details)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use usher_proto::error::v1::Reason as Wire;

    use super::*;
    use crate::Failure;

    #[test]
    fn every_reason_of_the_protocol_has_a_row_and_no_row_is_extra() {
        let mut wire = 0;
        for number in 1..200 {
            if let Ok(reason) = Wire::try_from(number) {
                let name = reason.as_str_name().strip_prefix("REASON_").unwrap();
                assert!(Reason::from_name(name).is_some(), "{name} has no row in base/src/reason.rs");
                wire += 1;
            }
        }
        assert_eq!(wire, Reason::ALL.len());
    }

    #[test]
    fn every_reason_survives_the_wire() {
        for reason in Reason::ALL {
            let sent = status(Failure {
                metadata: [("field".to_owned(), "x".to_owned())].into(),
                ..Failure::new(*reason, "why")
            });
            assert_eq!(sent.code() as i32, reason.row().code as i32);

            let received = Failure::from(sent);

            assert_eq!((received.reason, received.message.as_str()), (*reason, "why"));
            assert_eq!(received.metadata["field"], "x");
        }
    }
}
