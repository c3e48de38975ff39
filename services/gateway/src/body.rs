//! Request bodies: read within their limit, and checked before anything else looks at them.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use usher_base::Reason;
use usher_scim::discovery::MAX_BODY;
use usher_scim::json;

use crate::layers::RequestContext;
use crate::problem::Problem;

/// How much of a body that is too large is taken in.
const MOST_DRAINED: usize = 16 * MAX_BODY;

/// A JSON document as the client sent it: UTF-8, well-formed, of sane depth, no key twice.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) String);

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_type(&parts.headers)?;
        let text = read(body, length(&parts.headers)).await?;
        if let Some(context) = parts.extensions.get::<RequestContext>() {
            context.note_document(&text);
        }
        json::check(&text)?;
        Ok(Self(text))
    }
}

/// Reads a body whose length may have been announced. What is too large is still taken in, up to a point,
/// and thrown away: a client that is cut off while it sends sees a broken connection and no answer.
async fn read(mut body: Body, announced: Option<usize>) -> Result<String, Problem> {
    if announced.is_some_and(|length| length > MOST_DRAINED) {
        return Err(too_large());
    }
    let mut text = Vec::with_capacity(announced.filter(|length| *length <= MAX_BODY).unwrap_or_default());
    let mut taken = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_| Problem::new(Reason::InvalidSyntax, "the body could not be read to its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        taken += data.len();
        if taken > MOST_DRAINED {
            break;
        } else if taken <= MAX_BODY {
            text.extend_from_slice(&data);
        } else {
            text = Vec::new();
        }
    }
    if taken > MAX_BODY {
        return Err(too_large());
    }
    String::from_utf8(text).map_err(|_| Problem::new(Reason::InvalidSyntax, "the body is not UTF-8"))
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// JSON by any of its names, with any parameters, or without a name.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    // gzip was taken off by its layer, together with the header.
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(unsupported("send the body plain or with Content-Encoding: gzip"));
    }
    let Some(sent) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = sent.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if ["", "application/scim+json", "application/json", "text/json"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
    {
        return Ok(());
    }
    Err(unsupported("send the body as application/scim+json or application/json"))
}

fn unsupported(detail: &str) -> Problem {
    Problem::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail)
}

fn too_large() -> Problem {
    Problem::new(
        Reason::PayloadTooLarge,
        format!("the body is larger than {MAX_BODY} bytes; send fewer operations or members at once"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(content_type: Option<&str>, body: impl Into<Body>) -> u16 {
        let mut request = Request::builder();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request.body(body.into()).unwrap();
        JsonBody::from_request(request, &()).await.map_or_else(|problem| problem.status.as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn json_is_taken_by_every_name_and_nothing_else() {
        for name in [
            None,
            Some("application/scim+json"),
            Some("application/scim+json; charset=utf-8"),
            Some("Application/JSON;charset=UTF-8"),
        ] {
            assert_eq!(status(name, "{}").await, 200, "{name:?}");
        }
        for name in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "jsonish"] {
            assert_eq!(status(Some(name), "{}").await, 415, "{name}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_413_whether_or_not_it_says_its_length() {
        let large = format!("{{\"x\":\"{}\"}}", "a".repeat(MAX_BODY));
        assert_eq!(status(None, large.clone()).await, 413);

        let chunks = in_chunks(large);
        assert_eq!(status(None, Body::from_stream(chunks)).await, 413);

        let endless =
            tokio_stream::iter(std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
        assert_eq!(status(None, Body::from_stream(endless)).await, 413);
    }

    fn in_chunks(text: String) -> impl tokio_stream::Stream<Item = Result<Vec<u8>, std::io::Error>> + Send {
        let parts: Vec<_> = text.into_bytes().chunks(64 << 10).map(|part| Ok(part.to_vec())).collect();
        tokio_stream::iter(parts)
    }

    #[tokio::test]
    async fn what_is_no_json_text_is_400() {
        for body in [b"".as_slice(), b"{", b"\xff{}", b"{\"a\":\"\\ud800\"}", b"{\"a\":1,\"a\":2}"] {
            assert_eq!(status(None, body.to_vec()).await, 400, "{body:?}");
        }
    }
}
