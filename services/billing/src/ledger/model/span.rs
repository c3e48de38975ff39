//! Spans of watermarks that arrived in quick succession.

use jiff::{SignedDuration, Timestamp};

/// Watermarks belong to one span if their distance and their age are at most this.
const STEADY: SignedDuration = SignedDuration::from_secs(60);

/// How far the recorded watermark of a span may be behind the real one.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Watermarks that arrived in quick succession.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// When the first watermark arrived, and its time.
    pub(crate) since: Timestamp,
    pub(crate) first: Timestamp,
    /// When the last watermark arrived, and its time.
    pub(crate) until: Timestamp,
    pub(crate) last: Timestamp,
    /// Whether events were missing at each of the watermarks.
    pub(crate) behind: bool,
}

impl Span {
    /// Returns whether a watermark that arrives now continues the span.
    pub(crate) fn goes_on(&self, now: Timestamp, as_of: Timestamp, behind: bool) -> bool {
        self.behind == behind
            && now.duration_since(self.until) <= STEADY
            && self.until.duration_since(self.last) <= STEADY
            && now.duration_since(as_of) <= STEADY
    }

    /// Returns the lowest possible value of the last watermark at a time after the span began. The result is the same
    /// whether or not the span continued after that time.
    pub(crate) fn as_of(&self, at: Timestamp) -> Timestamp {
        if at <= self.until || at.duration_since(self.last) < TOLERANCE {
            self.first.max(at - TOLERANCE)
        } else {
            self.last
        }
    }
}
