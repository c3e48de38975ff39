//! The listener of a port.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tower::Service;

use crate::activity::Activity;
use crate::connection::{Connection, Shared};
use crate::limits::Limits;
use crate::peer::Peer;
use crate::refusals::Explain;
use crate::registry::{Open, Registry};
use crate::request::RequestBody;
use crate::tls::ServerTls;

/// How often to look for overdue connections.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// The pause after a failed accept. The most likely cause is a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// The protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 and HTTP/2, from any client.
    Http,
    /// HTTP/2 only, with many calls per connection.
    Grpc,
}

/// A bound port and its limits.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    limits: Limits,
    tls: Option<ServerTls>,
    explain: Option<Explain>,
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, limits: Limits::default(), tls: None, explain: None }
    }
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// The address is in use, or does not belong to this machine.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(TcpListener::bind(address).await?.into())
    }

    /// Sets other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the encryption, or none.
    #[must_use]
    pub fn with_tls(self, tls: Option<ServerTls>) -> Self {
        Self { tls, ..self }
    }

    /// Sets the function that makes the body of an answer to bytes that are not a valid request.
    #[must_use]
    pub fn with_explanations(self, explain: Explain) -> Self {
        Self { explain: Some(explain), ..self }
    }

    /// The address it listens on, with the actual port if port 0 was requested.
    ///
    /// # Errors
    /// The socket is unusable.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` completes. Then the requests in progress are finished, and idle connections are closed.
    /// `port` is its name in metrics.
    ///
    /// # Errors
    /// None at present: an error affects one connection, or one accept, which is retried.
    pub async fn serve<S, B>(
        self,
        port: &'static str,
        protocol: Protocol,
        service: S,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()>
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let shared = Arc::new(Shared::new(protocol, &self.limits.patience, self.explain));
        let mut serving = Serving {
            registry: Registry::new(port, self.limits),
            connections: JoinSet::new(),
            shared,
            tls: self.tls,
            service,
        };
        let mut look = tokio::time::interval(CHECK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = serving.connections.join_next_with_id() => serving.left(ended),
                _ = look.tick() => serving.look(),
                accepted = self.socket.accept(), if serving.registry.has_place() => match accepted {
                    Ok((stream, address)) => serving.accepted(stream, address),
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn Error, port, "a connection could not be \
                             accepted");
                        serving.registry.make_room(None);
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
        }
        drop(self.socket);
        serving.finish(look).await;
        Ok(())
    }
}

/// A port that is being served.
struct Serving<S> {
    registry: Registry,
    connections: JoinSet<()>,
    shared: Arc<Shared>,
    tls: Option<ServerTls>,
    service: S,
}

type Ended = Result<(tokio::task::Id, ()), tokio::task::JoinError>;

impl<S, B> Serving<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn accepted(&mut self, stream: TcpStream, address: SocketAddr) {
        // Dropping the stream closes the connection.
        let Ok(counted) = self.registry.admit(address.ip()) else { return };
        if let Err(error) = stream.set_nodelay(true) {
            return tracing::debug!(
                error = &error as &dyn Error,
                "an accepted connection was already broken"
            );
        }
        let activity = Arc::new(Activity::new(Instant::now()));
        let farewell = Arc::new(Notify::new());
        let connection = Connection {
            stream,
            tls: self.tls.as_ref().map(ServerTls::current),
            peer: Peer::new(address, counted, Arc::clone(&activity)),
            activity: Arc::clone(&activity),
            farewell: Arc::clone(&farewell),
        };
        let task = self.connections.spawn(connection.serve(Arc::clone(&self.shared), self.service.clone()));
        self.registry.enter(Open { counted, activity, farewell, task, ending: None });
    }

    fn left(&mut self, ended: Ended) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(error = &error as &dyn Error, "a connection panicked");
                }
                error.id()
            }
        };
        self.registry.left(id);
    }

    fn look(&mut self) {
        self.registry.look(Instant::now());
        if !self.registry.has_place() {
            self.registry.make_room(None);
        }
    }

    /// Lets every connection finish its requests in progress.
    async fn finish(mut self, mut look: tokio::time::Interval) {
        self.registry.end_all();
        while !self.connections.is_empty() {
            tokio::select! {
                Some(ended) = self.connections.join_next_with_id() => self.left(ended),
                _ = look.tick() => self.registry.look(Instant::now()),
            }
        }
    }
}
