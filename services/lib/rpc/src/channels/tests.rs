use std::sync::atomic::AtomicUsize;

use http::{Request, Response};
use tokio::net::TcpListener;

use super::*;
use crate::{Failure, Tasks};
use usher_base::Reason;

/// A service whose first `broken` connections close after they have received a call; the others answer. Returns its
/// address, and the number of calls that it received.
async fn service(broken: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let (calls, tasks) = (Arc::clone(&taken), Tasks::new());
    drop(tasks.clone().spawn(async move {
        for turn in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let calls = Arc::clone(&calls);
            drop(tasks.spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    calls.fetch_add(1, Ordering::SeqCst);
                    if turn < broken {
                        return;
                    }
                    let headers = Response::builder().header("grpc-status", "0").body(()).unwrap();
                    respond.send_response(headers, true).unwrap();
                }
            }));
        }
    }));
    (url, taken)
}

fn call(method: &str) -> Request<Body> {
    Request::post(format!("/usher.Test/{method}")).body(Body::empty()).unwrap()
}

async fn outcome(channels: &Channels, method: &str) -> Result<(), Failure> {
    let answer = channels.clone().send(call(method)).await;
    answer.map(|_| ()).map_err(|error| tonic::Status::from_error(error.into()).into())
}

#[tokio::test]
async fn a_read_whose_connection_breaks_is_answered_by_another() {
    let (url, calls) = service(1).await;
    let channels = Channels::connect(&url, &ClientTls::default()).unwrap();

    for method in ["GetUser", "ListUsers", "CheckToken"] {
        outcome(&channels, method).await.unwrap();
    }

    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_write_that_may_have_been_sent_is_not_repeated_and_its_client_is_told() {
    let (url, calls) = service(1).await;
    let channels = Channels::connect(&url, &ClientTls::default()).unwrap();

    let failure = outcome(&channels, "CreateUser").await.unwrap_err();

    assert_eq!((failure.reason, calls.load(Ordering::SeqCst)), (Reason::Unavailable, 1));
    assert!(failure.message.contains("may have taken effect"), "{failure}");
    outcome(&channels, "CreateUser").await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_not_sent_goes_to_another_connection() {
    let (url, calls) = service(0).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let channels = Channels {
        channels: [
            connect(&closed, &ClientTls::default()).unwrap(),
            connect(&url, &ClientTls::default()).unwrap(),
        ]
        .into(),
        next: Arc::default(),
    };

    for _ in 0..4 {
        outcome(&channels, "CreateUser").await.unwrap();
    }

    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn without_a_server_nothing_has_taken_effect() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    let channels = Channels::connect(&url, &ClientTls::default()).unwrap();
    drop(nobody);

    let failure = outcome(&channels, "CreateUser").await.unwrap_err();

    assert_eq!(failure.reason, Reason::Unavailable);
    assert!(!failure.message.contains("effect"), "{failure}");
    assert!(
        usher_base::chain(&failure).contains("refused"),
        "the log says why: {}",
        usher_base::chain(&failure)
    );
}
