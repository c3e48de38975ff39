//! A client that uses almost no CPU, so that the figures are the server's: HTTP/1.1 with keep-alive, one request at a
//! time.

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Place;

/// A connection.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and reads the whole response.
    pub(super) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the gateway closed the connection");
            }
            let Some(end) = find(&self.buffer, b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).context("the head of an answer")?;
            let status = head.get(9..12).and_then(|text| text.parse().ok()).context("no status")?;
            let length = length(head);
            let total = end + 4 + length;
            while self.buffer.len() < total {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    bail!("the gateway closed the connection");
                }
            }
            return Ok(Answer { status, body: &self.buffer[end + 4..total] });
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// A 204 has no length.
fn length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or_default()
}

/// A request as bytes.
pub(super) fn request(place: &Place, method: &str, path: &str, body: Option<&str>) -> Vec<u8> {
    let Place { host, base, token, .. } = place;
    let head = format!("{method} {base}{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n");
    match body {
        Some(body) => format!(
            "{head}content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
        None => format!("{head}\r\n"),
    }
    .into_bytes()
}
