//! Floods of frames.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use usher_net::{Limits, Protocol};

use crate::port::{Port, SOON};
use crate::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, POST, Peer, RST_STREAM, SETTINGS, frame,
};

/// More than any client needs.
const ROUNDS: u32 = 200_000;

/// Sends rounds of frames until the connection is closed; returns how many were sent.
async fn flood(port: &Port, before: &[u8], round: impl Fn(u32) -> Vec<u8>) -> u32 {
    let mut peer = Peer::http2(port.address).await;
    peer.send(before).await;
    let (mut answers, mut sending) = peer.0.into_split();
    let reading = async {
        let mut bytes = vec![0; 64 << 10];
        while answers.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
    };
    let writing = async {
        for number in 0..ROUNDS {
            if sending.write_all(&round(number)).await.is_err() {
                return number;
            }
        }
        ROUNDS
    };
    let both = async { tokio::join!(writing, reading).0 };
    timeout(SOON, both).await.expect("the flood continues")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flood_of_frames_ends_its_connection_and_no_other() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let port = Port::open_with(protocol, Limits::default()).await;
        let stream = |number: u32| number * 2 + 1;
        let open = frame(HEADERS, END_HEADERS, 1, POST);
        let endless = frame(HEADERS, 0, 1, GET);

        let floods = [
            ("PING", flood(&port, &[], |_| frame(PING, 0, 0, &[0; 8])).await),
            ("SETTINGS", flood(&port, &[], |_| frame(SETTINGS, 0, 0, &[])).await),
            ("PRIORITY", flood(&port, &[], |_| frame(2, 0, 1, &[0, 0, 0, 0, 7])).await),
            ("WINDOW_UPDATE", flood(&port, &[], |_| frame(8, 0, 0, &[0, 0, 0, 1])).await),
            ("unknown", flood(&port, &[], |_| frame(0xfa, 0, 0, &[0; 8])).await),
            ("empty DATA", flood(&port, &open, |_| frame(DATA, 0, 1, &[])).await),
            ("CONTINUATION", flood(&port, &endless, |_| frame(CONTINUATION, 0, 1, &[])).await),
            (
                "rapid reset",
                flood(&port, &[], |number| {
                    let head = frame(HEADERS, END_STREAM | END_HEADERS, stream(number), GET);
                    [head, frame(RST_STREAM, 0, stream(number), &[0, 0, 0, 8])].concat()
                })
                .await,
            ),
        ];

        for (name, sent) in floods {
            assert!(sent < ROUNDS, "{protocol:?}: {name} goes on");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_survives_the_cancellation_of_all_its_requests() {
    for (protocol, calls) in [(Protocol::Http, 100), (Protocol::Grpc, 400)] {
        let port = Port::open_with(protocol, Limits::default()).await;
        let mut peer = Peer::http2(port.address).await;
        let streams = (0..calls).map(|number| number * 2 + 1);
        let heads = streams.clone().flat_map(|stream| frame(HEADERS, END_HEADERS, stream, POST));
        let resets = streams.flat_map(|stream| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));

        // In one piece, so that the server gets the resets before it has processed the requests.
        peer.send(&heads.chain(resets).collect::<Vec<u8>>()).await;
        peer.send(&frame(HEADERS, END_STREAM | END_HEADERS, calls * 2 + 1, GET)).await;

        peer.until(b"ok").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_connections_are_answered_during_a_flood() {
    let port = Port::open_with(Protocol::Http, Limits::default()).await;

    let (_, answers) = tokio::join!(flood(&port, &[], |_| frame(PING, 0, 0, &[0; 8])), async {
        let mut answers = Vec::new();
        for _ in 0..20 {
            answers.push(timeout(Duration::from_secs(5), Peer::get(port.address)).await.unwrap());
        }
        answers
    });

    assert!(answers.iter().all(|answer| answer.ends_with("ok")));
}
