//! What the HTTP server can't read as a request: told as everything else is, with a SCIM error.

use http::StatusCode;
use usher_net::Explanation;
use usher_scim::error::error_body;

/// The error for what is no request: nothing of it is repeated, because nothing of it is known to be text.
pub(crate) fn explain(status: StatusCode) -> Explanation {
    let (scim_type, detail) = match status {
        StatusCode::URI_TOO_LONG => {
            (None, "the URL is too long; a filter or a list of attributes can be sent to .search instead")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (None, "the URL or the headers are too long"),
        _ => (
            Some("invalidSyntax"),
            "this can't be read as an HTTP request; in a URL, write quotes as %22 and spaces as %20",
        ),
    };
    Explanation {
        content_type: "application/scim+json; charset=utf-8",
        body: error_body(status.as_u16(), scim_type, detail).to_string(),
    }
}
