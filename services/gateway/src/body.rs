//! Request bodies: limited while they are read, and validated before anything else uses them.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};
use usher_base::Reason;
use usher_rpc::Workbench;
use usher_scim::discovery::MAX_BODY;
use usher_scim::json;

use crate::layers::RequestContext;
use crate::problem::Problem;
use crate::slots::{Admission, Work};

/// How much of an oversized body is received and discarded.
const MAX_DRAINED_BYTES: usize = 16 * MAX_BODY;
/// Even a slow network is much faster. Only a client that wants to block a connection is slower.
const PACE: Pace = Pace { grace: Duration::from_secs(5), bytes_a_second: 64 << 10 };

/// The minimum rate at which a body must arrive.
#[derive(Clone, Copy, Debug)]
struct Pace {
    grace: Duration,
    bytes_a_second: usize,
}

impl Pace {
    /// How long it may take until this many bytes have arrived.
    fn time_for(self, bytes: usize) -> Duration {
        let millis = bytes.saturating_mul(1_000) / self.bytes_a_second;
        self.grace + Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

/// A JSON document as the client sent it: UTF-8, well-formed, of limited depth, without duplicate keys.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) String);

impl<S: Sync> FromRequest<S> for JsonBody
where
    Workbench: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_type(&parts.headers)?;
        let admission = parts.extensions.get::<Admission>();
        let room = match admission {
            Some(admission) => Some(admission.body().await?),
            None => None,
        };
        let text = read(body, length(&parts.headers), PACE).await?;
        let context = parts.extensions.get::<RequestContext>();
        let workspace = context.and_then(RequestContext::caller).map(|(workspace, ..)| workspace);
        if let Some(context) = context {
            context.note_document(&text);
            if let Some(admission) = admission {
                context.keep_slot(admission.slot(Work::from_parts(&parts)).await?);
            }
        }
        drop(room);
        Workbench::from_ref(state).run_for(workspace, text.len(), || json::check(&text)).await?;
        Ok(Self(text))
    }
}

/// Reads a body whose length may have been announced. An oversized body is still received up to a limit, and
/// discarded, because a client that is disconnected while it sends sees a broken connection and no answer.
async fn read(mut body: Body, announced: Option<usize>, pace: Pace) -> Result<String, Problem> {
    if announced.is_some_and(|length| length > MAX_DRAINED_BYTES) {
        return Err(too_large());
    }
    let mut text = Vec::with_capacity(announced.filter(|length| *length <= MAX_BODY).unwrap_or_default());
    let mut taken = 0;
    let began = Instant::now();
    while let Some(frame) =
        timeout_at(began + pace.time_for(taken), body.frame()).await.map_err(|_| too_slow(pace))?
    {
        let frame = frame
            .map_err(|_| Problem::new(Reason::InvalidSyntax, "the body could not be read completely"))?;
        let Ok(data) = frame.into_data() else { continue };
        taken += data.len();
        if taken > MAX_DRAINED_BYTES {
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

/// Accepts JSON under any of its media types, with any parameters, or without a media type.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    // The decompression layer has removed gzip and its header.
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(unsupported("send the body uncompressed or with Content-Encoding: gzip"));
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

fn too_slow(pace: Pace) -> Problem {
    let detail = format!(
        "the body arrived too slowly: after {} seconds, at least {} bytes per second must arrive",
        pace.grace.as_secs(),
        pace.bytes_a_second
    );
    Problem::http(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", detail)
}

fn too_large() -> Problem {
    Problem::new(
        Reason::PayloadTooLarge,
        format!("the body is larger than {MAX_BODY} bytes; send fewer operations or members at once"),
    )
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    async fn status(content_type: Option<&str>, body: impl Into<Body>) -> u16 {
        let mut request = Request::builder();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request.body(body.into()).unwrap();
        JsonBody::from_request(request, &Workbench::default())
            .await
            .map_or_else(|problem| problem.status.as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn json_is_accepted_under_all_its_media_types_and_nothing_else_is() {
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
    async fn an_oversized_body_is_413_with_or_without_a_content_length() {
        let large = format!("{{\"x\":\"{}\"}}", "a".repeat(MAX_BODY));
        assert_eq!(status(None, large.clone()).await, 413);

        let chunks = in_chunks(large);
        assert_eq!(status(None, Body::from_stream(chunks)).await, 413);

        let endless =
            tokio_stream::iter(std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
        assert_eq!(status(None, Body::from_stream(endless)).await, 413);
    }

    #[tokio::test]
    async fn a_body_that_comes_too_slowly_is_408() {
        let pace = Pace { grace: Duration::from_millis(20), bytes_a_second: 1 << 20 };
        let begun = tokio_stream::iter([Ok::<_, std::io::Error>("{")]);
        let silent = Body::from_stream(begun.chain(tokio_stream::pending()));

        assert_eq!(read(silent, None, pace).await.unwrap_err().status, 408);
        assert_eq!(read(Body::from("{}"), None, pace).await.unwrap(), "{}");
    }

    fn in_chunks(text: String) -> impl tokio_stream::Stream<Item = Result<Vec<u8>, std::io::Error>> + Send {
        let parts: Vec<_> = text.into_bytes().chunks(64 << 10).map(|part| Ok(part.to_vec())).collect();
        tokio_stream::iter(parts)
    }

    #[tokio::test]
    async fn invalid_json_is_400() {
        for body in [b"".as_slice(), b"{", b"\xff{}", b"{\"a\":\"\\ud800\"}", b"{\"a\":1,\"a\":2}"] {
            assert_eq!(status(None, body.to_vec()).await, 400, "{body:?}");
        }
    }
}
