//! Normalises `Content-Encoding`.

use axum::extract::Request;
use http::header::{CONTENT_ENCODING, HeaderValue};

/// Normalises the header for the layers: names are compared without case, `x-gzip` is gzip (RFC 9110 section 8.4.1),
/// and `identity` is removed.
pub(crate) fn normalize(mut request: Request) -> Request {
    let headers = request.headers_mut();
    let Some(sent) = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return request;
    };
    match sent.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        "" | "identity" => {
            headers.remove(CONTENT_ENCODING);
        }
        _ => {}
    }
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn gzip_is_known_by_each_of_its_names_in_any_case() {
        for (sent, meant) in [
            ("gzip", Some("gzip")),
            ("GZip", Some("gzip")),
            ("x-gzip", Some("gzip")),
            (" X-GZIP ", Some("gzip")),
            ("Identity", None),
            ("br", Some("br")),
        ] {
            let request = Request::builder().header(CONTENT_ENCODING, sent).body(Body::empty()).unwrap();
            let header = normalize(request).headers().get(CONTENT_ENCODING).cloned();
            assert_eq!(header.as_ref().map(|value| value.to_str().unwrap()), meant, "{sent}");
        }
    }
}
