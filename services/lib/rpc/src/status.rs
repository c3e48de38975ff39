//! Turns a typed error into a gRPC status.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use usher_base::{Fault, chain};

use crate::bounds;

/// The domain of `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "usher";

/// Turns an error into a status: its reason gives the code and `google.rpc.ErrorInfo`, and its public message is
/// included; both are limited in size. If the caller is not at fault, the whole chain of errors is logged here, and
/// only here. Each typed error has a `From` for [`Status`] that calls this, so that methods use `?`.
#[expect(clippy::needless_pass_by_value, reason = "the status replaces the error")]
pub fn status<F: Fault>(fault: F) -> Status {
    let reason = fault.reason();
    if reason.row().http >= 500 {
        tracing::error!(reason = reason.name(), error = chain(&fault), "call failed");
    }
    let metadata: std::collections::HashMap<_, _> = bounds::metadata(fault.metadata()).collect();
    let mut details = ErrorDetails::with_error_info(reason.name(), ERROR_DOMAIN, metadata);
    if reason.row().retryable {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    Status::with_error_details(
        Code::from_i32(reason.row().code as i32),
        bounds::message(fault.message()),
        details,
    )
}

#[cfg(test)]
mod tests {
    use usher_base::Reason;
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
            let facts = [("field".to_owned(), "x".to_owned())].into();
            let sent = status(Failure::new(*reason, "why").with_metadata(facts));
            assert_eq!(sent.code() as i32, reason.row().code as i32);

            let received = Failure::from(sent);

            assert_eq!((received.reason, received.message.as_str()), (*reason, "why"));
            assert_eq!(received.metadata["field"], "x");
        }
    }
    #[test]
    fn the_headers_of_a_status_are_small_whatever_its_error_quotes() {
        for text in ["x", "\"", "é", "%", "\n", "😀"] {
            let facts = ["field", "resource", "domain", "pool", "limit", "in_use", "expected", "class"]
                .map(|name| (name.to_owned(), text.repeat(20_000)));
            let failure = Failure::new(Reason::InvalidValue, text.repeat(20_000));

            let response = status(failure.with_metadata(facts.into())).into_http::<()>();

            let headers = response.headers();
            let size: usize =
                headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
            assert!(size < 8 << 10, "{text:?}: {size}");
            assert!(headers["grpc-message"].len() <= 1_024, "{text:?}");
        }
    }
}
