//! The body of an answer while it is sent to the peer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::activity::UnderWay;

/// The maximum number of bytes that the transport gets at a time, because what it has accepted but not sent is
/// invisible here. Together with the time limit for an answer this also sets the minimum rate at which the peer must
/// read: about 1 KiB per second.
const PART: usize = 64 << 10;

/// A body that is sent in parts. It records when each part is offered and when it is received.
pub(crate) struct AnswerBody<B> {
    inner: B,
    /// The rest of a frame that has not been offered yet.
    rest: Bytes,
    under_way: UnderWay,
}

impl<B> AnswerBody<B> {
    pub(crate) fn new(inner: B, under_way: UnderWay) -> Self {
        under_way.offer();
        Self { inner, rest: Bytes::new(), under_way }
    }

    fn offer(&mut self, mut data: Bytes) -> Frame<Bytes> {
        self.rest = data.split_off(data.len().min(PART));
        self.under_way.offer();
        Frame::data(data)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        this.under_way.taken();
        if !this.rest.is_empty() {
            let rest = std::mem::take(&mut this.rest);
            return Poll::Ready(Some(Ok(this.offer(rest))));
        }
        Poll::Ready(match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(data) => this.offer(data),
                Err(other) => {
                    this.under_way.offer();
                    other
                }
            })),
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), u64::try_from(self.rest.len()).unwrap_or(u64::MAX));
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use http_body_util::{BodyExt as _, Full};

    use super::*;
    use crate::activity::Activity;

    #[tokio::test]
    async fn a_large_answer_is_sent_in_parts_and_arrives_complete() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let sent = Bytes::from((0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        let mut body = AnswerBody::new(Full::new(sent.clone()), activity.begin());
        let mut arrived = Vec::new();

        while let Some(frame) = body.frame().await {
            let part = frame.unwrap().into_data().unwrap();
            arrived.extend_from_slice(&part);
            let left = u64::try_from(sent.len() - arrived.len()).unwrap();
            assert!(part.len() <= PART);
            assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(left), left == 0));
        }

        assert_eq!(arrived, sent);
        assert!(activity.idle().is_none());
        drop(body);
        assert!(activity.idle().is_some());
    }
}
