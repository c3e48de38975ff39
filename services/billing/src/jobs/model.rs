//! Jobs as values.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use usher_base::id::WorkspaceId;

/// When what is done.
#[derive(Clone, Copy, Debug)]
pub struct JobSettings {
    /// How long after a period's end it is closed, if everything is proven; none where people close.
    pub close_after: Option<SignedDuration>,
    /// How long after a period's end an operator is told that it is not closed; none for never.
    pub close_alarm_after: Option<SignedDuration>,
    /// How often each ledger is verified; none for never.
    pub verify_every: Option<SignedDuration>,
    /// How often due turns are looked for.
    pub poll: Duration,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Closes ended periods.
    Close,
    /// Verifies ledgers.
    Verify,
    /// Signs where the chains are.
    Sign,
}

impl Job {
    pub(crate) const ALL: [Self; 3] = [Self::Close, Self::Verify, Self::Sign];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Verify => "verify",
            Self::Sign => "sign",
        }
    }

    /// Between two turns, so that a backlog leaves room for requests.
    pub(crate) const fn pause(self) -> Duration {
        match self {
            Self::Close | Self::Sign => Duration::from_millis(20),
            Self::Verify => Duration::from_millis(200),
        }
    }

    /// Where the workspaces in trouble are counted; nothing of a job that has none.
    pub(crate) const fn trouble_metric(self) -> Option<&'static str> {
        match self {
            Self::Close => Some("usher_period_close_overdue"),
            Self::Verify => Some("usher_ledgers_faulty"),
            Self::Sign => None,
        }
    }
}

/// A workspace's turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) workspace: WorkspaceId,
    pub(crate) at: Timestamp,
}

/// Something is wrong that an operator must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) since: Timestamp,
    pub(crate) told_at: Timestamp,
}

/// What became of a turn.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) next: Timestamp,
    /// What an operator must know.
    pub(crate) trouble: Option<String>,
}
