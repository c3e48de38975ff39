//! SCIM errors for what the HTTP server can't parse as a request.

use http::StatusCode;
use usher_net::Explanation;
use usher_scim::error::error_body;

/// The error for an unparsable request. Nothing of the request is repeated, because it may not be text.
pub(crate) fn explain(status: StatusCode) -> Explanation {
    let (scim_type, detail) = match status {
        StatusCode::URI_TOO_LONG => {
            (None, "the URL is too long; send a long filter or list of attributes to .search instead")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (None, "the URL or the headers are too long"),
        _ => (
            Some("invalidSyntax"),
            "this is not a valid HTTP request; in a URL, write quotes as %22 and spaces as %20",
        ),
    };
    Explanation {
        content_type: "application/scim+json; charset=utf-8",
        body: error_body(status.as_u16(), scim_type, detail).to_string(),
    }
}
