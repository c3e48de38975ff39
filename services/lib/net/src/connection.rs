//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::{Request, Response, Version};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;
use tower::util::Oneshot;
use tower::{Service, ServiceExt as _};

use crate::activity::Activity;
use crate::answer::AnswerBody;
use crate::frames::Frames;
use crate::limits::Patience;
use crate::listener::Protocol;
use crate::peer::Peer;
use crate::refusals::{Explain, Refusals};
use crate::request::{RequestBody, Rests};

/// The interval of PINGs, and the time within which the peer must answer one.
const PING: Duration = Duration::from_secs(30);
/// The maximum number of concurrent requests on a connection. A gRPC channel carries all calls of a replica.
const HTTP_STREAMS: u32 = 128;
const GRPC_STREAMS: u32 = 4_096;
/// The maximum number of streams that the server resets because of their errors.
const FAULTS: usize = 256;

/// What all connections of a port share.
pub(crate) struct Shared {
    builder: Builder<TokioExecutor>,
    rests: Rests,
    explain: Option<Explain>,
}

impl Shared {
    pub(crate) fn new(protocol: Protocol, patience: &Patience, explain: Option<Explain>) -> Self {
        Self { builder: builder(protocol, patience), rests: Rests::new(), explain }
    }
}

/// Configures the HTTP server.
fn builder(protocol: Protocol, patience: &Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.idle);
    let streams = match protocol {
        Protocol::Http => HTTP_STREAMS,
        Protocol::Grpc => GRPC_STREAMS,
    };
    let mut http2 = builder.http2();
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .keep_alive_interval(PING)
        // A peer with many requests in progress may cancel all of them at once, even before the server has seen them:
        // a service does so when one of its own clients disconnects. `Frames` limits how often.
        .max_pending_accept_reset_streams(usize::try_from(streams).unwrap_or(usize::MAX))
        .max_local_error_reset_streams(FAULTS);
    match protocol {
        Protocol::Http => {
            http2.max_header_list_size(32 << 10);
            builder
        }
        Protocol::Grpc => {
            http2
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(4 << 20)
                .max_header_list_size(16 << 10);
            builder.http2_only()
        }
    }
}

/// An accepted connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// The TLS configuration, if the port is encrypted.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) peer: Peer,
    pub(crate) activity: Arc<Activity>,
    /// Tells the connection to close.
    pub(crate) farewell: Arc<Notify>,
}

impl Connection {
    /// Serves until the peer closes the connection, or until it is told to close and the requests in progress are
    /// finished.
    pub(crate) async fn serve<S, B>(self, shared: Arc<Shared>, service: S)
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let Self { stream, tls, peer, activity, farewell } = self;
        let stream = match tls {
            None => Either::Left(stream),
            Some(config) => {
                let shaken = tokio::select! {
                    shaken = TlsAcceptor::from(config).accept(stream) => shaken,
                    () = farewell.notified() => return,
                };
                match shaken {
                    Ok(stream) => Either::Right(Box::new(stream)),
                    Err(error) => {
                        // A peer that just disconnects, such as a probe, is not an error.
                        if error.kind() == io::ErrorKind::InvalidData {
                            activity.note_no_handshake();
                        }
                        return tracing::debug!(error = &error as &dyn Error, "no handshake");
                    }
                }
            }
        };
        let frames = Frames::new(stream, Arc::clone(&activity));
        let io = TokioIo::new(Refusals::new(frames, Arc::clone(&activity), shared.explain));
        let watched = Watched { service, peer, activity, shared: Arc::clone(&shared) };
        let connection = shared.builder.serve_connection(io, watched);
        tokio::pin!(connection);
        let mut told = false;
        let outcome = loop {
            tokio::select! {
                outcome = connection.as_mut() => break outcome,
                () = farewell.notified(), if !told => {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(error, "connection");
        }
    }
}

/// A service whose requests are recorded in the connection's activity.
struct Watched<S> {
    service: S,
    peer: Peer,
    activity: Arc<Activity>,
    shared: Arc<Shared>,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Watched<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<AnswerBody<B>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let under_way = self.activity.begin();
        let (head, body) = request.into_parts();
        // A client that sends `Expect` does not send the body before the server starts to read it.
        let (body, rest) = RequestBody::new(body, !head.headers.contains_key(EXPECT));
        let is_http1 = head.version < Version::HTTP_2;
        let mut request = Request::from_parts(head, body);
        request.extensions_mut().insert(self.peer.clone());
        let answer: Oneshot<S, Request<RequestBody>> = self.service.clone().oneshot(request);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let mut answer = answer.await?;
            let whole = match rest {
                Some(rest) => shared.rests.read_off(&rest).await,
                None => true,
            };
            // HTTP/1 can't go on behind half a request. A peer that is not told so sends its next request into a
            // connection that is about to be reset.
            if is_http1 && !whole {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer.map(|body| AnswerBody::new(body, under_way)))
        })
    }
}
