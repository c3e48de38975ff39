//! Requests that are answered before their body has arrived.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use usher_net::{Limits, Protocol};

use crate::port::Port;
use crate::wire::{DATA, END_HEADERS, END_STREAM, HEADERS, POST, Peer, frame};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_gets_the_answer_of_each_of_many_requests_that_nobody_read_to_the_end() {
    const BATCHES: u32 = 8;
    const EACH: u32 = 100;
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let port = Port::open_with(protocol, Limits::default()).await;
        let mut peer = Peer::http2(port.address).await;

        for batch in 0..BATCHES {
            let streams = (0..EACH).map(|number| (batch * EACH + number) * 2 + 1);
            let heads: Vec<u8> =
                streams.clone().flat_map(|stream| frame(HEADERS, END_HEADERS, stream, POST)).collect();
            peer.send(&heads).await;
            // An answer that does not wait is sent before the body begins.
            sleep(Duration::from_millis(30)).await;
            let bodies: Vec<u8> =
                streams.flat_map(|stream| frame(DATA, END_STREAM, stream, b"late")).collect();
            peer.send(&bodies).await;
            // On a busy machine the server is slower, and would refuse more concurrent requests than it permits.
            peer.answers(EACH).await;
        }
    }
}

#[tokio::test]
async fn http1_goes_on_after_an_answer_that_came_before_the_body_was_read() {
    let port = Port::open_with(Protocol::Http, Limits::default()).await;
    let mut peer = Peer::connect(port.address).await;
    peer.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 600000\r\n\r\n").await;
    sleep(Duration::from_millis(30)).await;

    peer.send(&vec![b'x'; 600_000]).await;
    let answer = String::from_utf8_lossy(&peer.until(b"ok").await).into_owned();
    assert!(!answer.contains("connection: close"), "{answer}");

    peer.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    peer.until(b"ok").await;
}

#[tokio::test]
async fn a_body_that_does_not_come_holds_its_answer_up_for_a_moment_and_one_that_is_not_asked_for_does_not() {
    const CLOSES: &str = "connection: close";
    let port = Port::open_with(Protocol::Http, Limits::default()).await;

    let mut peer = Peer::connect(port.address).await;
    peer.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n").await;
    let answer = String::from_utf8(peer.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
    assert!(answer.contains(CLOSES), "{answer}");

    let mut peer = Peer::connect(port.address).await;
    let began = Instant::now();
    peer.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n").await;
    let answer = String::from_utf8(peer.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
    assert!(answer.contains(CLOSES), "{answer}");
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}
