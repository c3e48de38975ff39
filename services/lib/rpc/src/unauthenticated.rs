//! Limits on public methods, which anybody can call without a credential.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use usher_base::Reason;
use usher_net::Peer;

use crate::Failure;
use crate::convert::invalid;
use crate::slots::{Slot, Slots};

/// The maximum number of concurrent calls per public method. Each method has its own slots, so that a flood of calls
/// to one does not block the others.
const PER_METHOD: usize = 128;
/// The maximum number of concurrent calls per address, over all public methods.
const PER_ADDRESS: usize = 16;
/// The maximum number of messages per address that are being read. A call takes its slots only after that.
const READ_PER_ADDRESS: usize = 512;
/// The maximum message size of a public method, in bytes. A sign-in has about 1,300.
const MAX_MESSAGE_BYTES: usize = 4 << 10;
/// How long a message may take to arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// The slots of one public method.
#[derive(Clone, Debug)]
pub(crate) struct MethodSlots(Arc<Semaphore>);

impl MethodSlots {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PER_METHOD)))
    }
}

/// The slots of each address.
#[derive(Debug)]
pub(crate) struct UnauthenticatedCalls {
    calls: Slots<IpAddr>,
    readers: Slots<IpAddr>,
}

/// The slots that a call of a public method uses.
pub(crate) struct CallSlots {
    _method: OwnedSemaphorePermit,
    _address: Option<Slot<IpAddr>>,
}

impl UnauthenticatedCalls {
    pub(crate) fn new() -> Self {
        Self { calls: Slots::new(PER_ADDRESS), readers: Slots::new(READ_PER_ADDRESS) }
    }

    /// Takes a slot of the method, and one of the address unless the address stands for many clients.
    pub(crate) fn take(&self, method: &MethodSlots, peer: Option<&Peer>) -> Result<CallSlots, Status> {
        let address = of_address(&self.calls, peer)?;
        let method = Arc::clone(&method.0).try_acquire_owned().map_err(|_| Failure::overloaded())?;
        Ok(CallSlots { _method: method, _address: address })
    }

    /// Reads the only message of a call before the call takes its slots, so that a caller that sends nothing uses
    /// none.
    pub(crate) async fn read(
        &self,
        peer: Option<&Peer>,
        request: Request<Body>,
    ) -> Result<Request<Body>, Status> {
        let _reader = of_address(&self.readers, peer)?;
        read(request).await
    }
}

/// Takes a slot of the peer's address, unless the address stands for many clients.
fn of_address(slots: &Slots<IpAddr>, peer: Option<&Peer>) -> Result<Option<Slot<IpAddr>>, Status> {
    let taken = |address| slots.take(address).ok_or_else(Failure::overloaded);
    Ok(peer.and_then(Peer::counted).map(taken).transpose()?)
}

async fn read(request: Request<Body>) -> Result<Request<Body>, Status> {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(READ_TIMEOUT, Limited::new(body, MAX_MESSAGE_BYTES).collect())
        .await
        .map_err(|_| {
            let message = format!("the message did not arrive within {} s", READ_TIMEOUT.as_secs());
            Failure::new(Reason::DeadlineExceeded, message)
        })?;
    let message = read.map_err(|error| {
        let rule = if error.is::<LengthLimitError>() { "it is too long" } else { "it can't be parsed" };
        invalid("message", rule)
    })?;
    Ok(Request::from_parts(head, Body::new(Full::new(message.to_bytes()))))
}

/// A body that holds slots until it ends.
pub(crate) struct SlotBody {
    body: Body,
    _held: CallSlots,
}

impl SlotBody {
    pub(crate) fn new(body: Body, held: CallSlots) -> Self {
        Self { body, _held: held }
    }
}

impl http_body::Body for SlotBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_oversized_message_of_a_public_method_is_refused() {
        let sent = |bytes: usize| Request::new(Body::new(Full::new(Bytes::from(vec![0; bytes]))));

        assert!(read(sent(MAX_MESSAGE_BYTES)).await.is_ok());
        let refused = read(sent(MAX_MESSAGE_BYTES + 1)).await.unwrap_err();
        assert!(refused.message().contains("too long"), "{refused}");
    }
}
