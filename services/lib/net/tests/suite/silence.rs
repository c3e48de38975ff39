//! Peers that send nothing or not everything, or do not read.

use std::time::{Duration, Instant};

use ipnet::IpNet;
use tokio::time::timeout;
use usher_net::{Limits, Protocol};

use crate::port::{PATIENCE, Port, SOON};
use crate::wire::{END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, PREFACE, Peer, frame, kinds};

#[tokio::test]
async fn an_incomplete_request_is_closed_in_time_whatever_its_beginning() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let port = Port::open(protocol).await;
        for beginning in [&b""[..], b"G", b"GET / HTTP/1.1\r\nhost: x\r\nx-half", &PREFACE[..9], PREFACE] {
            let mut peer = Peer::connect(port.address).await;
            peer.send(beginning).await;
            let began = Instant::now();

            peer.rest().await;

            assert!(began.elapsed() < SOON, "{protocol:?} {beginning:?}");
        }
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_closed_in_time_also_when_it_is_not_the_first() {
    let port = Port::open(Protocol::Http).await;
    let mut peer = Peer::connect(port.address).await;
    peer.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    peer.until(b"ok").await;

    let trickle = async {
        loop {
            if tokio::io::AsyncWriteExt::write_all(&mut peer.0, b"G").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };

    timeout(SOON, trickle).await.expect("the connection stays open");
}

#[tokio::test]
async fn an_idle_http2_connection_gets_goaway_and_an_idle_http1_connection_is_closed() {
    let port = Port::open(Protocol::Http).await;
    let mut second = Peer::http2(port.address).await;
    second.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET)).await;
    let mut first = Peer::connect(port.address).await;
    first.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let began = Instant::now();

    let (told, closed) = tokio::join!(second.rest(), first.rest());

    assert!(kinds(&told).contains(&GOAWAY), "{:?}", kinds(&told));
    assert!(String::from_utf8(closed).unwrap().ends_with("ok"));
    assert!(began.elapsed() > PATIENCE.head, "after a request there is more time");
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_is_disconnected_and_its_memory_released() {
    let port = Port::open(Protocol::Http).await;
    let mut first = Peer::connect(port.address).await;
    first.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let large = [&GET[..2], &[0x04, 0x06], b"/large", &GET[3..]].concat();
    let mut second = Peer::http2(port.address).await;
    // With the initial window of HTTP/2, which is never extended.
    second.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &large)).await;

    // After the time limit, only what is in the sockets' buffers can be read.
    tokio::time::sleep(PATIENCE.answer * 3).await;
    let (one, two) = tokio::join!(first.rest(), second.rest());

    assert!(one.len() < 24 << 20, "{}", one.len());
    assert!(two.len() < 1 << 20, "{}", two.len());
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let port = Port::open(Protocol::Http).await;
    let mut peer = Peer::connect(port.address).await;
    peer.send(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;

    assert!(String::from_utf8(peer.rest().await).unwrap().ends_with("slow"));
}

#[tokio::test]
async fn silent_connections_at_the_maximum_do_not_delay_requests() {
    let limits = Limits { places: 20, ..Limits::default() };
    let port = Port::open_with(Protocol::Http, limits).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(Peer::connect(port.address).await);
    }

    let answer = timeout(Duration::from_secs(5), Peer::get(port.address)).await.unwrap();

    assert!(answer.ends_with("ok"), "{answer}");
}

#[tokio::test]
async fn an_address_has_its_share_of_the_connections() {
    let limits = Limits { per_address: 3, shared: Vec::<IpNet>::new(), ..Limits::default() };
    let port = Port::open_with(Protocol::Http, limits).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut peer = Peer::connect(port.address).await;
        peer.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        peer.until(b"ok").await;
        held.push(peer);
    }

    assert!(Peer::connect(port.address).await.rest().await.is_empty(), "the fourth is refused");
    drop(held.pop());

    let freed = async {
        loop {
            let mut peer = Peer::connect(port.address).await;
            let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            let sent = tokio::io::AsyncWriteExt::write_all(&mut peer.0, request).await;
            if sent.is_ok() && peer.rest().await.ends_with(b"ok") {
                return;
            }
        }
    };
    timeout(SOON, freed).await.unwrap();
}

#[tokio::test]
async fn requests_in_progress_are_finished_when_the_port_stops() {
    let mut port = Port::open(Protocol::Http).await;
    let mut idle = Peer::connect(port.address).await;
    idle.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    idle.until(b"ok").await;
    let mut busy = Peer::connect(port.address).await;
    busy.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(200)).await;

    port.stop();

    assert!(String::from_utf8(busy.rest().await).unwrap().ends_with("slow"));
    assert!(idle.rest().await.is_empty());
    timeout(SOON, port.served).await.unwrap().unwrap().unwrap();
}
