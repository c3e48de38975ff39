//! A peer that writes bytes, and reads the answer.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::port::SOON;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
/// HPACK: `GET http / x`.
pub const GET: &[u8] = &[0x82, 0x86, 0x84, 0x41, 0x01, b'x'];
/// HPACK: `POST http / x`.
pub const POST: &[u8] = &[0x83, 0x86, 0x84, 0x41, 0x01, b'x'];

pub struct Peer(pub TcpStream);

impl Peer {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// An HTTP/2 connection after the preface.
    pub async fn http2(address: SocketAddr) -> Self {
        let mut peer = Self::connect(address).await;
        peer.send(PREFACE).await;
        peer.send(&frame(SETTINGS, 0, 0, &[])).await;
        peer
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads until the other side closes; returns everything it sent.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset closes a connection too.
        let _ = timeout(SOON, self.0.read_to_end(&mut bytes)).await.expect("the connection stays open");
        bytes
    }

    /// Reads until a text has come.
    pub async fn until(&mut self, text: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        let mut part = [0; 1_024];
        while !read.windows(text.len()).any(|window| window == text) {
            let count = timeout(SOON, self.0.read(&mut part)).await.unwrap().unwrap();
            assert!(count > 0, "closed after {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&part[..count]);
        }
        read
    }

    /// Reads until this number of HTTP/2 answers has begun, and discards everything before.
    pub async fn answers(&mut self, expected: u32) {
        let mut begun = 0;
        while begun < expected {
            let mut header = [0; 9];
            timeout(SOON, self.0.read_exact(&mut header)).await.expect("answers are missing").unwrap();
            let [high, middle, low, kind, ..] = header;
            assert_ne!(kind, GOAWAY, "the connection was closed after {begun} answers");
            let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            timeout(SOON, self.0.read_exact(&mut vec![0; length]))
                .await
                .expect("a frame is incomplete")
                .unwrap();
            begun += u32::from(kind == HEADERS);
        }
    }

    /// Sends a request over HTTP/1.1 on a new connection.
    pub async fn get(address: SocketAddr) -> String {
        let mut peer = Self::connect(address).await;
        peer.send(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        String::from_utf8(peer.rest().await).unwrap()
    }
}

/// A frame (RFC 9113, section 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The types of the frames that a server sent.
pub fn kinds(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let Some((header, rest)) = bytes.split_at_checked(9) {
        kinds.push(header[3]);
        let length = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        bytes = rest.get(length..).unwrap_or_default();
    }
    kinds
}
