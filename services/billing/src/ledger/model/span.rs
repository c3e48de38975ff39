//! Watermarks that came one soon after the other.

use jiff::{SignedDuration, Timestamp};

/// Watermarks that come no further apart, and are no older, are one span.
const STEADY: SignedDuration = SignedDuration::from_secs(60);

/// So far behind a ledger can be within a span.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Watermarks that came one soon after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// When the first came, and what it was.
    pub(crate) since: Timestamp,
    pub(crate) first: Timestamp,
    /// When the last came, and what it was.
    pub(crate) until: Timestamp,
    pub(crate) last: Timestamp,
    /// Whether events were missing at each of them.
    pub(crate) behind: bool,
}

impl Span {
    /// Whether a watermark that comes now goes on with it.
    pub(crate) fn goes_on(&self, now: Timestamp, as_of: Timestamp, behind: bool) -> bool {
        self.behind == behind
            && now.duration_since(self.until) <= STEADY
            && self.until.duration_since(self.last) <= STEADY
            && now.duration_since(as_of) <= STEADY
    }

    /// The least that the last watermark can have been at a time since the span began: the same,
    /// whether the span went on after that time or not.
    pub(crate) fn as_of(&self, at: Timestamp) -> Timestamp {
        if at <= self.until || at.duration_since(self.last) < TOLERANCE {
            self.first.max(at - TOLERANCE)
        } else {
            self.last
        }
    }
}
