//! A port that serves, and its time limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use usher_net::tls::ServerTls;
use usher_net::{Limits, Listener, Patience, Protocol, RequestBody};

/// Short, so that tests are fast.
pub const PATIENCE: Patience = Patience {
    head: Duration::from_millis(600),
    idle: Duration::from_millis(1_200),
    answer: Duration::from_millis(800),
    farewell: Duration::from_millis(500),
};
/// Nothing takes longer, even on a busy machine.
pub const SOON: Duration = Duration::from_secs(15);
/// More than the buffers of a socket hold.
const LARGE: usize = 24 << 20;

pub struct Port {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub served: JoinHandle<std::io::Result<()>>,
}

impl Port {
    pub async fn open(protocol: Protocol) -> Self {
        Self::open_with(protocol, Limits { patience: PATIENCE, ..Limits::default() }).await
    }

    pub async fn open_with(protocol: Protocol, limits: Limits) -> Self {
        Self::serve(protocol, Listener::bind("127.0.0.1:0").await.unwrap().with_limits(limits))
    }

    pub async fn open_encrypted(protocol: Protocol, limits: Limits, tls: ServerTls) -> Self {
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(protocol, listener.with_limits(limits).with_tls(Some(tls)))
    }

    fn serve(protocol: Protocol, listener: Listener) -> Self {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { drop(stopped.await) };
        let service = tower::service_fn(answer);
        let serving = listener.serve("test", protocol, service, stopped);
        let served = tokio::runtime::Handle::current().spawn(serving);
        Self { address, stop: Some(stop), served }
    }

    pub fn stop(&mut self) {
        drop(self.stop.take());
    }
}

/// `/large` is large, `/slow` takes a second.
async fn answer(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = match request.uri().path() {
        "/large" => Bytes::from(vec![b'x'; LARGE]),
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Bytes::from_static(b"slow")
        }
        _ => Bytes::from_static(b"ok"),
    };
    Ok(Response::new(Full::new(body)))
}
