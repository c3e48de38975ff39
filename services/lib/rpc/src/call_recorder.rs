//! The end of a call: its one line in the log, its counter and its duration.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;

use crate::method::Method;

/// Sets the counters of a role's methods to 0: of success, and of the failures that have alerts.
pub fn begin_counters(role: &'static str, methods: &[Method]) {
    for method in methods {
        for code in [Code::Ok, Code::Internal, Code::Unavailable] {
            metrics::counter!("usher_rpc_requests_total", "role" => role, "method" => method.path, "code" => name(code))
                .increment(0);
        }
    }
}

/// Records a call once: when its status is known, or when its caller has disconnected.
#[derive(Debug)]
pub(crate) struct CallRecorder {
    role: &'static str,
    method: &'static str,
    span: Span,
    began: Instant,
    recorded: bool,
}

impl CallRecorder {
    /// Starts recording a call. `method` is from a closed list, because it becomes a metric label.
    pub(crate) fn new(role: &'static str, method: &'static str, span: Span, began: Instant) -> Self {
        Self { role, method, span, began, recorded: false }
    }

    fn record(&mut self, code: Code) {
        if std::mem::replace(&mut self.recorded, true) {
            return;
        }
        let took = self.began.elapsed();
        let (role, method) = (self.role, self.method);
        metrics::counter!("usher_rpc_requests_total", "role" => role, "method" => method, "code" => name(code))
            .increment(1);
        metrics::histogram!("usher_rpc_duration_seconds", "role" => role, "method" => method)
            .record(took.as_secs_f64());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.span.in_scope(|| tracing::info!(code = name(code), micros, "call"));
    }

    /// Records the status of an answer: at once if its head contains it, otherwise when its body ends.
    pub(crate) fn observe(mut self, response: http::Response<Body>) -> http::Response<Body> {
        if let Some(code) = code(response.headers()) {
            self.record(code);
            return response;
        }
        response.map(|body| Body::new(Observed { body, recorder: self }))
    }
}

impl Drop for CallRecorder {
    fn drop(&mut self) {
        self.record(Code::Cancelled);
    }
}

/// The body of an answer, whose trailers contain the status.
struct Observed {
    body: Body,
    recorder: CallRecorder,
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &next {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code) {
                    self.recorder.record(code);
                }
            }
            Some(Err(status)) => self.recorder.record(status.code()),
            None => self.recorder.record(Code::Ok),
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    Some(Code::from_bytes(headers.get("grpc-status")?.as_bytes()))
}

/// The code's name in the protocol.
pub(crate) const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Returns the log lines that `call` writes, with the span of its request.
    async fn logged<F: Future<Output = ()>>(call: impl FnOnce(CallRecorder) -> F) -> Vec<String> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let span = tracing::info_span!("rpc", request_id = "mine");
        call(CallRecorder::new("identity", "/a.B/C", span, Instant::now())).await;
        drop(guard);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    fn answer(frames: Vec<Frame<Bytes>>) -> http::Response<Body> {
        let frames = frames.into_iter().map(Ok::<_, Status>);
        http::Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))))
    }

    fn trailers(code: &str) -> Frame<Bytes> {
        Frame::trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), code.parse().unwrap())]))
    }

    #[tokio::test]
    async fn a_call_is_one_log_line_with_the_status_of_its_trailers() {
        for (code, word) in [("0", "OK"), ("5", "NOT_FOUND")] {
            let lines = logged(async |recorder| {
                let frames = vec![Frame::data(Bytes::from_static(b"x")), trailers(code)];
                recorder.observe(answer(frames)).into_body().collect().await.unwrap();
            })
            .await;

            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains(&format!("\"{word}\"")) && lines[0].contains("mine"), "{lines:?}");
        }
    }

    #[tokio::test]
    async fn a_call_that_is_refused_by_its_head_is_one_log_line() {
        let refused = Status::permission_denied("no").into_http::<Body>();

        let lines = logged(async |recorder| drop(recorder.observe(refused))).await;

        assert!(lines.len() == 1 && lines[0].contains("\"PERMISSION_DENIED\""), "{lines:?}");
    }

    #[tokio::test]
    async fn a_cancelled_call_is_one_log_line() {
        let lines = logged(async |recorder| drop(recorder.observe(answer(vec![trailers("0")])))).await;

        assert!(lines.len() == 1 && lines[0].contains("\"CANCELLED\""), "{lines:?}");
    }
}
