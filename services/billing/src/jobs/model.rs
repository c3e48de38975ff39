use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use usher_base::id::WorkspaceId;

/// The schedule of the jobs.
#[derive(Clone, Copy, Debug)]
pub struct JobSettings {
    /// How long after its end a period is closed, if everything is proven. `None` if operators close periods.
    pub close_after: Option<SignedDuration>,
    /// How long after its end a period that is still open is reported to an operator. `None` for never.
    pub close_alarm_after: Option<SignedDuration>,
    /// How often each ledger is verified. `None` for never.
    pub verify_every: Option<SignedDuration>,
    /// How often due turns are read.
    pub poll: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Closes the periods that have ended, if everything is proven.
    Close,
    /// Verifies each ledger against its facts.
    Verify,
    /// Signs the heads of the chains.
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

    /// Returns the pause between two turns, which leaves capacity for requests while there is a backlog.
    pub(crate) const fn pause(self) -> Duration {
        match self {
            Self::Close | Self::Sign => Duration::from_millis(20),
            Self::Verify => Duration::from_millis(200),
        }
    }

    /// Returns the name of the gauge that counts workspaces with a problem. Returns `None` if the job has none.
    pub(crate) const fn trouble_metric(self) -> Option<&'static str> {
        match self {
            Self::Close => Some("usher_period_close_overdue"),
            Self::Verify => Some("usher_ledgers_faulty"),
            Self::Sign => None,
        }
    }
}

/// A workspace's turn of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) workspace: WorkspaceId,
    pub(crate) at: Timestamp,
}

/// A problem that an operator must know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) since: Timestamp,
    pub(crate) told_at: Timestamp,
}

/// The outcome of a turn.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) next: Timestamp,
    /// The problem that an operator must know of.
    pub(crate) trouble: Option<String>,
}
