//! Calls of public methods: what anybody may ask before there is a credential.

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
use crate::places::{Place, Places};
use crate::status::status;

/// Calls of one public method under way at once. Each has its own places, so that nobody who calls one of them
/// without end keeps others from another.
const PER_METHOD: usize = 128;
/// Of all public methods together, those from one address.
const PER_ADDRESS: usize = 16;
/// Messages that are being read from one address, before they take a place.
const READ_PER_ADDRESS: usize = 512;
/// Longest message of a public method, in bytes; a sign-in's is some 1,300.
const LONGEST: usize = 4 << 10;
/// How long a message may take to come.
const READ: Duration = Duration::from_secs(2);

/// The places of one public method.
#[derive(Clone, Debug)]
pub(crate) struct PublicPlaces(Arc<Semaphore>);

impl PublicPlaces {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PER_METHOD)))
    }
}

/// Calls of public methods by the address that they come from.
#[derive(Debug)]
pub(crate) struct Strangers {
    calls: Places<IpAddr>,
    readers: Places<IpAddr>,
}

/// What a call of a public method holds.
pub(crate) struct Held {
    _method: OwnedSemaphorePermit,
    _address: Option<Place<IpAddr>>,
}

impl Strangers {
    pub(crate) fn new() -> Self {
        Self { calls: Places::new(PER_ADDRESS), readers: Places::new(READ_PER_ADDRESS) }
    }

    /// Takes a place of the method, and one of the address unless that stands for many clients.
    pub(crate) fn take(&self, method: &PublicPlaces, peer: Option<&Peer>) -> Result<Held, Status> {
        let address = of_address(&self.calls, peer)?;
        let method = Arc::clone(&method.0).try_acquire_owned().map_err(|_| status(Failure::overloaded()))?;
        Ok(Held { _method: method, _address: address })
    }

    /// Reads the one message of a call, before the call takes a place: whoever sends none holds none.
    pub(crate) async fn read(
        &self,
        peer: Option<&Peer>,
        request: Request<Body>,
    ) -> Result<Request<Body>, Status> {
        let _reader = of_address(&self.readers, peer)?;
        read(request).await
    }
}

/// A place of the peer's address, unless that stands for many clients.
fn of_address(places: &Places<IpAddr>, peer: Option<&Peer>) -> Result<Option<Place<IpAddr>>, Status> {
    let taken = |address| places.take(address).ok_or_else(|| status(Failure::overloaded()));
    peer.and_then(Peer::counted).map(taken).transpose()
}

async fn read(request: Request<Body>) -> Result<Request<Body>, Status> {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(READ, Limited::new(body, LONGEST).collect()).await.map_err(|_| {
        let message = format!("the message did not come within {} s", READ.as_secs());
        status(Failure::new(Reason::DeadlineExceeded, message))
    })?;
    let message = read.map_err(|error| {
        let rule = if error.is::<LengthLimitError>() { "it is too long" } else { "it can't be read" };
        status(invalid("message", rule))
    })?;
    Ok(Request::from_parts(head, Body::new(Full::new(message.to_bytes()))))
}

/// A body that holds places until it ends.
pub(crate) struct Holding {
    body: Body,
    _held: Held,
}

impl Holding {
    pub(crate) fn new(body: Body, held: Held) -> Self {
        Self { body, _held: held }
    }
}

impl http_body::Body for Holding {
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
    async fn a_message_that_is_longer_than_any_of_a_public_method_is_refused() {
        let sent = |bytes: usize| Request::new(Body::new(Full::new(Bytes::from(vec![0; bytes]))));

        assert!(read(sent(LONGEST)).await.is_ok());
        let refused = read(sent(LONGEST + 1)).await.unwrap_err();
        assert!(refused.message().contains("too long"), "{refused}");
    }
}
