//! Several connections to one service, so that a broken one fails as few calls as possible.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service, ServiceExt as _};
use usher_net::tls::ClientTls;

use crate::connect;

/// The number of connections to a service.
const CONNECTIONS: usize = 4;
/// The maximum number of times that a call is sent: once, and once more on another connection.
const ATTEMPTS: usize = 2;

/// Several connections to one service, used in turn. Clones share them.
///
/// A call that was not sent is sent again on another connection, and so is a read that got no answer. A write that
/// may have been sent is never repeated; its caller gets an error that says so ([`Interrupted`]). A call must have
/// one request message, and an answer must at least begin; client streams need a [`Channel`].
#[derive(Clone, Debug)]
pub struct Channels {
    channels: Arc<[Channel]>,
    next: Arc<AtomicUsize>,
}

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// It had no effect.
    #[error("the call could not be sent")]
    Unsent(#[source] Box<dyn Error + Send + Sync>),
    /// It may have had an effect.
    #[error("the connection broke after the call was sent")]
    Sent(#[source] Box<dyn Error + Send + Sync>),
}

impl Channels {
    /// Creates channels that connect when they are first used, and reconnect when necessary.
    ///
    /// # Errors
    /// The address is not a URI.
    pub fn connect(uri: &str, tls: &ClientTls) -> Result<Self, tonic::transport::Error> {
        let channels = (0..CONNECTIONS).map(|_| connect(uri, tls)).collect::<Result<_, _>>()?;
        Ok(Self { channels, next: Arc::default() })
    }

    fn next(&self) -> Option<Channel> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.channels.get(turn % self.channels.len().max(1)).cloned()
    }

    async fn send(self, request: http::Request<Body>) -> Result<http::Response<Body>, Interrupted> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|error| Interrupted::Unsent(error.into()))?.to_bytes();
        let is_read = is_read(parts.uri.path());
        let mut attempt = 1;
        loop {
            let request = http::Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())));
            let error = match self.next() {
                None => return Err(Interrupted::Unsent("there is no connection".into())),
                Some(mut channel) => match channel.ready().await {
                    Err(error) => Interrupted::Unsent(error.into()),
                    Ok(channel) => match channel.call(request).await {
                        Ok(response) => return Ok(response),
                        Err(error) if was_not_sent(&error) => Interrupted::Unsent(error.into()),
                        Err(error) => Interrupted::Sent(error.into()),
                    },
                },
            };
            let again = match &error {
                Interrupted::Unsent(_) => true,
                Interrupted::Sent(cause) => is_read && !timed_out(cause.as_ref()),
            };
            if attempt == ATTEMPTS || !again {
                return Err(error);
            }
            attempt += 1;
        }
    }
}

impl Service<http::Request<Body>> for Channels {
    type Response = http::Response<Body>;
    type Error = Interrupted;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Interrupted>> + Send>>;

    /// Always ready: each call waits for its connection.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Interrupted>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// Whether a method changes nothing, judged by its name: the standard names of reads (AIP-131, AIP-132), and the
/// token check.
fn is_read(path: &str) -> bool {
    let method = path.rsplit('/').next().unwrap_or_default();
    ["Get", "List", "Check"].iter().any(|verb| method.starts_with(verb))
}

/// Whether the service did not receive the call: there was no connection, it closed before the call was sent, or the
/// service closed it gracefully before it accepted the call.
fn was_not_sent(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.is::<tonic::ConnectError>()
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(|error| {
                error.reason() == Some(h2::Reason::REFUSED_STREAM)
                    || error.is_remote() && error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)
            })
    })
}

/// Whether nothing broke, and the answer just did not arrive in time.
pub(crate) fn timed_out(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<tonic::TimeoutExpired>)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests;
