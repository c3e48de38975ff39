//! Counts the frames that a peer sends beside requests and their data. The HTTP library answers every PING and
//! SETTINGS frame however many arrive, and starts every request even if it is cancelled at once.
//!
//! The library itself closes connections that send empty DATA frames, or that never complete a head (CONTINUATION).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::activity::Activity;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER: usize = 9;

/// The number of frames that a peer may send in a burst beside those that its requests need.
const BURST: i64 = 1_000;
/// The number of such frames per second.
const EACH_SECOND: i64 = 100;
/// The frames that a request adds to the balance: its own cancellation, and one for an earlier request.
const REQUEST: i64 = 1;
const CANCELLATION: i64 = 2;
/// The number of bytes sent to the peer that add a `WINDOW_UPDATE` to the balance.
const WINDOW: usize = 4 << 10;

/// A connection whose incoming frames are counted once it has turned out to be HTTP/2.
pub(crate) struct Frames<I> {
    inner: I,
    activity: Arc<Activity>,
    spoken: Spoken,
}

/// The protocol that the peer speaks.
enum Spoken {
    /// Unknown yet: this many bytes of the HTTP/2 preface have arrived.
    Open(usize),
    Http1,
    Http2(Counter),
}

/// The peer has sent more frames than its requests need.
#[derive(Debug, thiserror::Error)]
#[error("the peer floods the connection with HTTP/2 frames")]
pub(crate) struct Flood;

impl<I> Frames<I> {
    pub(crate) const fn new(inner: I, activity: Arc<Activity>) -> Self {
        Self { inner, activity, spoken: Spoken::Open(0) }
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        if let Spoken::Open(known) = &mut self.spoken {
            let expected = &PREFACE[*known..];
            let compared = expected.len().min(bytes.len());
            if bytes[..compared] == expected[..compared] {
                *known += compared;
                if *known < PREFACE.len() {
                    return Ok(());
                }
                bytes = &bytes[compared..];
                self.spoken = Spoken::Http2(Counter::new(Instant::now()));
            } else {
                self.spoken = Spoken::Http1;
            }
        }
        match &mut self.spoken {
            Spoken::Http2(counter) => counter.count(bytes, &self.activity),
            Spoken::Http1 => {
                self.activity.heard(Instant::now());
                Ok(())
            }
            Spoken::Open(_) => Ok(()),
        }
    }

    fn wrote(&mut self, bytes: usize) {
        if let Spoken::Http2(counter) = &mut self.spoken {
            counter.wrote(bytes);
        }
    }
}

/// Parses the frames of one connection, and keeps the balance.
struct Counter {
    header: [u8; HEADER],
    filled: usize,
    /// The number of payload bytes that are still to come.
    payload: usize,
    balance: i64,
    refilled: Instant,
    /// The number of sent bytes that have not been added to the balance yet.
    written: usize,
}

impl Counter {
    const fn new(now: Instant) -> Self {
        Self { header: [0; HEADER], filled: 0, payload: 0, balance: BURST, refilled: now, written: 0 }
    }

    fn count(&mut self, mut bytes: &[u8], activity: &Activity) -> Result<(), Flood> {
        while !bytes.is_empty() {
            let skipped = self.payload.min(bytes.len());
            self.payload -= skipped;
            bytes = &bytes[skipped..];
            let taken = (HEADER - self.filled).min(bytes.len());
            self.header[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == HEADER {
                self.filled = 0;
                let [high, middle, low, kind, ..] = self.header;
                self.payload = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
                self.frame(kind, activity)?;
            }
        }
        Ok(())
    }

    /// RFC 9113, section 6.
    fn frame(&mut self, kind: u8, activity: &Activity) -> Result<(), Flood> {
        match kind {
            // DATA and CONTINUATION, which the library limits.
            0 | 9 => {}
            // HEADERS
            1 => self.balance = BURST.min(self.balance + REQUEST),
            // RST_STREAM
            3 if activity.is_vouched() => {}
            3 => self.balance -= CANCELLATION,
            // PRIORITY, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, and undefined types
            _ => self.balance -= 1,
        }
        if self.balance >= 0 {
            return Ok(());
        }
        self.refill(Instant::now());
        if self.balance < 0 { Err(Flood) } else { Ok(()) }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a connection's lifetime")]
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let earned = (passed * EACH_SECOND as f64) as i64;
        if earned > 0 {
            self.refilled = now;
            self.balance = BURST.min(self.balance + earned);
        }
    }

    fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        let earned = self.written / WINDOW;
        self.written %= WINDOW;
        self.balance = BURST.min(self.balance + i64::try_from(earned).unwrap_or(BURST));
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Frames<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        Poll::Ready(match buffer.filled().get(before..) {
            Some(read) if !read.is_empty() => self.read(read).map_err(|flood| {
                self.activity.note_flood();
                io::Error::new(io::ErrorKind::ConnectionAborted, flood)
            }),
            _ => Ok(()),
        })
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Frames<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buffer))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, buffers))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const PING: u8 = 6;
    const WINDOW_UPDATE: u8 = 8;

    fn frame(kind: u8, payload: usize) -> Vec<u8> {
        let length = u32::try_from(payload).unwrap().to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, 0, 0, 0, 0, 1];
        bytes.resize(HEADER + payload, 0xff);
        bytes
    }

    fn connection() -> Frames<tokio::io::Empty> {
        let mut frames = Frames::new(tokio::io::empty(), Arc::new(Activity::new(Instant::now())));
        frames.read(&PREFACE[..7]).unwrap();
        frames.read(&PREFACE[7..]).unwrap();
        frames
    }

    /// Sends up to 5,000 rounds of frames in pieces of 7 bytes; returns how many rounds were accepted.
    fn rounds(frames: &mut Frames<tokio::io::Empty>, round: &[u8]) -> usize {
        (0..5_000).take_while(|_| round.chunks(7).all(|piece| frames.read(piece).is_ok())).count()
    }

    #[test]
    fn a_flood_of_pings_ends_the_connection_soon_and_requests_never_do() {
        let pings = rounds(&mut connection(), &frame(PING, 8));
        assert!((1_000..1_100).contains(&pings), "{pings}");

        let requests = [frame(HEADERS, 60), frame(0, 300), frame(PING, 8)].concat();
        assert_eq!(rounds(&mut connection(), &requests), 5_000);
    }

    #[test]
    fn requests_that_are_all_cancelled_end_the_connection_unless_a_service_sends_them() {
        let cancelled = [frame(HEADERS, 60), frame(RST_STREAM, 4)].concat();
        let stranger = rounds(&mut connection(), &cancelled);
        assert!((900..1_200).contains(&stranger), "{stranger}");

        let mut service = connection();
        service.activity.vouch();
        assert_eq!(rounds(&mut service, &cancelled), 5_000);
    }

    #[test]
    fn a_window_may_be_moved_as_fast_as_answers_are_taken() {
        let mut frames = connection();

        for _ in 0..5_000 {
            frames.wrote(WINDOW);
            frames.read(&frame(WINDOW_UPDATE, 4)).unwrap();
        }
    }

    #[test]
    fn http1_is_left_alone() {
        let mut frames = Frames::new(tokio::io::empty(), Arc::new(Activity::new(Instant::now())));

        frames.read(b"PRI").unwrap();
        frames.read(b"NT / HTTP/1.1\r\n").unwrap();

        assert_eq!(rounds(&mut frames, &frame(PING, 8)), 5_000);
    }
}
