//! The body of a request, and the unread rest of it when the answer is ready.
//!
//! A request that is refused by its head is answered before its body has arrived. Closing it then would interrupt the
//! peer while it sends: HTTP/1 loses the connection, often together with the answer, and HTTP/2 counts the remaining
//! frames as errors of the peer, and after many of them closes the connection with all its requests. So the rest of
//! the body is read and discarded first.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Semaphore;

/// The maximum number of bytes that are discarded. A peer that sends more gets the answer before it has finished
/// sending.
const MAX_DRAINED_BYTES: usize = 1 << 20;
/// The maximum time that an answer waits for the rest of its request.
const MAX_DRAIN_TIME: Duration = Duration::from_secs(1);
/// The maximum number of answers of a port that wait at the same time. Further ones are sent without waiting, so that
/// endless requests use no resources.
const WAITING: usize = 1_024;

/// A request's body.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` once it has ended.
    body: Option<Incoming>,
    rest: Option<Rest>,
}

/// What was not read of a body.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    body: Arc<Mutex<Option<Incoming>>>,
    /// Whether the peer sends the body without being asked for it (RFC 9110 section 10.1.1).
    comes: bool,
}

impl RequestBody {
    /// The body, and where its rest will be, unless it has ended. `comes` is false where the peer waits for being asked
    /// for it.
    pub(crate) fn new(body: Incoming, comes: bool) -> (Self, Option<Rest>) {
        let rest = (!body.is_end_stream()).then(|| Rest { body: Arc::default(), comes });
        (Self { body: Some(body), rest: rest.clone() }, rest)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = std::task::ready!(Pin::new(body).poll_frame(cx));
        if !matches!(next, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let left = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(left), Some(rest)) = (left, &self.rest) {
            *rest.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
    }
}

/// Limits the number of answers of a port that wait for the rest of their requests.
#[derive(Debug)]
pub(crate) struct Rests(Semaphore);

impl Rests {
    pub(crate) const fn new() -> Self {
        Self(Semaphore::const_new(WAITING))
    }

    /// Reads and discards the rest of a request, within the limits. Returns whether all of it has arrived.
    pub(crate) async fn read_off(&self, rest: &Rest) -> bool {
        let left = rest.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = left else { return true };
        if !rest.comes {
            return false;
        }
        let Ok(_place) = self.0.try_acquire() else { return false };
        let mut read = 0;
        let reading = async {
            while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                read += frame.data_ref().map_or(0, bytes::Buf::remaining);
                if read > MAX_DRAINED_BYTES {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(MAX_DRAIN_TIME, reading).await.unwrap_or(false)
    }
}
