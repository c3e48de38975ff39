//! Adds a body to the answers of the HTTP library itself. The library refuses what it can't parse as a request (a URL
//! with raw quotes or blanks, an invalid or overlong head) with a bare status, before any of our code runs, and
//! closes the connection.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::activity::Activity;

/// The body of a refusal, for its reader.
#[derive(Debug)]
pub struct Explanation {
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body, of a few hundred bytes.
    pub body: String,
}

/// Makes the body for a status with which the library refuses an invalid request: 400, 414 or 431.
pub type Explain = fn(StatusCode) -> Explanation;

/// How long to go on reading after a refusal. Closing a connection with unread bytes can discard the answer before
/// the peer has read it.
const LINGER: Duration = Duration::from_secs(1);
/// The maximum number of bytes that are read after a refusal.
const LINGER_BYTES: usize = 1 << 20;

/// A connection on which bare refusals get a body.
pub(crate) struct Refusals<S> {
    stream: S,
    activity: Arc<Activity>,
    explain: Option<Explain>,
    /// Whether everything written before has been sent, so that the next write begins an answer.
    flushed: bool,
    /// The bytes that are sent instead of a refusal, and how many of them have been sent.
    instead: Vec<u8>,
    written: usize,
    linger: Linger,
}

/// The state of reading on after a refusal.
enum Linger {
    /// There was no refusal.
    No,
    /// The refusal is being sent.
    Due,
    /// The time that is left, and the number of bytes that the peer may still send.
    Reading(Pin<Box<Sleep>>, usize),
}

impl<S> Refusals<S> {
    pub(crate) const fn new(stream: S, activity: Arc<Activity>, explain: Option<Explain>) -> Self {
        let linger = Linger::No;
        Self { stream, activity, explain, flushed: true, instead: Vec::new(), written: 0, linger }
    }

    /// Returns the answer to send instead of these bytes if they are a bare refusal. The answer to a request is never
    /// mistaken for one: it is written while the request is in progress, or continues an earlier write, or has header
    /// fields that the library does not add by itself.
    fn replace(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let explain = self.explain.filter(|_| self.flushed && self.activity.idle().is_some())?;
        let head = bytes.strip_suffix(b"\r\n\r\n").and_then(|head| std::str::from_utf8(head).ok())?;
        let (line, fields) = head.split_once("\r\n")?;
        let status = line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
        let own = |field: &str| {
            let (name, value) = field.split_once(':').unwrap_or((field, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" => value.trim() == "0",
                "connection" | "date" => true,
                _ => false,
            }
        };
        let is_bare =
            fields.to_ascii_lowercase().contains("content-length:") && fields.split("\r\n").all(own);
        if !is_bare || !(400..500).contains(&status) {
            return None;
        }
        let Explanation { content_type, body } = explain(StatusCode::from_u16(status).ok()?);
        let length = body.len();
        let answer = format!(
            "{line}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
             cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n{body}"
        );
        Some(answer.into_bytes())
    }
}

impl<S: AsyncWrite + Unpin> Refusals<S> {
    fn note(&mut self, offered: usize, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = written {
            self.flushed = *count == offered;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Refusals<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.instead.is_empty() {
            let Some(answer) = this.replace(bytes) else {
                let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
                this.note(bytes.len(), &written);
                return written;
            };
            (this.instead, this.written, this.linger) = (answer, 0, Linger::Due);
        }
        while let Some(left) = this.instead.get(this.written..).filter(|left| !left.is_empty()) {
            match ready!(Pin::new(&mut this.stream).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => this.written += written,
            }
        }
        this.instead.clear();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // Only a head without a body can be a refusal.
        if let [head] = parts {
            return self.poll_write(cx, head);
        }
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        this.note(parts.iter().map(|part| part.len()).sum(), &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.linger {
                Linger::No => return Pin::new(&mut this.stream).poll_shutdown(cx),
                Linger::Due => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    this.linger = Linger::Reading(Box::pin(sleep(LINGER)), LINGER_BYTES);
                }
                Linger::Reading(end, left) => {
                    if *left == 0 || end.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Ok(()));
                    }
                    let mut bytes = [0; 4 << 10];
                    let mut read = ReadBuf::new(&mut bytes);
                    ready!(Pin::new(&mut this.stream).poll_read(cx, &mut read))?;
                    *left =
                        if read.filled().is_empty() { 0 } else { left.saturating_sub(read.filled().len()) };
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Refusals<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const BARE: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n";

    fn connection() -> Refusals<tokio::io::Empty> {
        let explain =
            |status: StatusCode| Explanation { content_type: "text/plain", body: status.to_string() };
        Refusals::new(tokio::io::empty(), Arc::new(Activity::new(Instant::now())), Some(explain))
    }

    #[test]
    fn only_a_bare_refusal_gets_a_body() {
        let connection = connection();

        let answer = String::from_utf8(connection.replace(BARE).unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n400 Bad Request"), "{answer}");

        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 7\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-le",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n{}",
            b"HTTP/1.1 4\xff0 x\r\ncontent-length: 0\r\n\r\n",
            b"",
        ] {
            assert_eq!(connection.replace(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn what_answers_a_request_is_never_taken_for_a_refusal() {
        let mut connection = connection();
        let answer = connection.activity.begin();
        assert_eq!(connection.replace(BARE), None, "a request is in progress");
        drop(answer);
        assert!(connection.replace(BARE).is_some());
        let answered = b"HTTP/1.1 405 Method Not Allowed\r\nallow: GET\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(connection.replace(answered), None, "the library does not list methods");

        connection.note(10, &Poll::Ready(Ok(4)));

        assert_eq!(connection.replace(BARE), None, "the rest of an answer may contain anything");
    }
}
