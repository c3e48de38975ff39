//! What share of the connections one workspace may have, and one kind of work.
//!
//! A connection is asked for with a [`Claim`]. A workspace has a few statements under way at once, whether they read
//! or write: more of them wait for each other at its head row anyway, where sixteen cost PostgreSQL twice what four
//! do and get less done. The others wait without a connection, which other workspaces have then; too many of them
//! are refused, and nobody else is. What is not answered by an index probe never has more than half of the
//! connections, so that look-ups and writes always find one.

use std::time::Duration;

use usher_base::turns::{Crowded, Limits, Turn, Turns};
use uuid::Uuid;

/// Statements of a workspace at once.
const STATEMENTS: Limits = Limits { at_once: 4, waiting: 128, wait: WAIT };
/// Scans among them, so that the workspace's own look-ups and writes go on beside its lists.
const SCANS: Limits = Limits { at_once: 2, waiting: 32, wait: WAIT };
/// Of all workspaces, whose number of calls is limited by the server.
const ALL_WAITING: usize = 4_096;
/// A caller that waits longer is better told to come again.
const WAIT: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// To see whether the database answers.
    Ping,
    /// Work on no workspace's data: plans, keys, directories, and the look-ups that strangers cause.
    Global,
    /// A service's own work on many workspaces' data, in which no workspace is to wait for another one.
    Service,
    /// A workspace's statement that reads and writes a few rows by their keys.
    Statement(Uuid),
    /// A workspace's statements that read many rows.
    Scan(Uuid),
}

/// Who may have connections now. Clones share the turns.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    statements: Turns<Uuid>,
    scans: Turns<Uuid>,
    all_scans: Turns<()>,
    global: Turns<()>,
    service: Turns<()>,
}

/// A share that is in use, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    _workspace: Vec<Turn<Uuid>>,
    _kind: Option<Turn<()>>,
}

impl Shares {
    /// For a pool of so many connections.
    pub(crate) fn of(connections: usize) -> Self {
        let half = Limits { at_once: (connections / 2).max(1), waiting: ALL_WAITING, wait: WAIT };
        let quarter = Limits { at_once: (connections / 4).max(1), ..half };
        Self {
            statements: Turns::new(STATEMENTS),
            scans: Turns::new(SCANS),
            all_scans: Turns::new(half),
            global: Turns::new(half),
            service: Turns::new(quarter),
        }
    }

    /// Waits until the claim may be met.
    pub(crate) async fn take(&self, claim: Claim) -> Result<Held, Crowded> {
        Ok(match claim {
            Claim::Ping => Held::default(),
            Claim::Global => Held { _workspace: Vec::new(), _kind: Some(self.global.take(()).await?) },
            Claim::Service => Held { _workspace: Vec::new(), _kind: Some(self.service.take(()).await?) },
            Claim::Statement(tenant) => {
                Held { _workspace: vec![self.statements.take(tenant).await?], _kind: None }
            }
            // The workspace's own turns first: whoever waits for these keeps no other workspace from scanning.
            Claim::Scan(tenant) => {
                let scan = self.scans.take(tenant).await?;
                let statement = self.statements.take(tenant).await?;
                let kind = self.all_scans.take(()).await?;
                Held { _workspace: vec![scan, statement], _kind: Some(kind) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn workspace(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// How many claims of a kind are met at once.
    fn met(shares: &Shares, claim: impl Fn(u128) -> Claim) -> Vec<Held> {
        (0..64).map_while(|number| shares.take(claim(number)).now_or_never()?.ok()).collect()
    }

    #[tokio::test]
    async fn a_workspace_has_four_statements_at_once_and_two_of_them_scan() {
        let shares = Shares::of(16);

        let scans = met(&shares, |_| Claim::Scan(workspace(1)));
        assert_eq!(scans.len(), 2);
        let statements = met(&shares, |_| Claim::Statement(workspace(1)));
        assert_eq!(statements.len(), 2);

        assert_eq!(met(&shares, |_| Claim::Statement(workspace(2))).len(), 4);
    }

    #[tokio::test]
    async fn scans_of_all_workspaces_leave_half_of_the_connections_to_the_rest() {
        let shares = Shares::of(16);

        let scans = met(&shares, |number| Claim::Scan(workspace(number)));
        assert_eq!(scans.len(), 8);

        assert_eq!(met(&shares, |_| Claim::Statement(workspace(99))).len(), 4);
        assert_eq!(met(&shares, |_| Claim::Global).len(), 8);
    }

    #[tokio::test]
    async fn a_services_own_work_waits_for_no_workspace_and_takes_no_more_than_a_quarter() {
        let shares = Shares::of(16);
        let _workspace = met(&shares, |_| Claim::Statement(workspace(1)));
        let _strangers = met(&shares, |_| Claim::Global);

        assert_eq!(met(&shares, |_| Claim::Service).len(), 4);
    }
}
