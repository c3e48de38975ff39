//! The share of the connections that one workspace, and one kind of work, may use.
//!
//! A connection is acquired for a [`Purpose`]. A [`Party`] runs only a few statements at once, reads and writes
//! alike: more would wait for each other at its head row anyway, and sixteen concurrent ones cost PostgreSQL twice as
//! much as four, for less throughput. Further statements wait without a connection, so that other workspaces can use
//! it; if too many wait, that party is refused and nobody else. Statements that are not index probes never use more
//! than half of the connections, so that lookups and writes always find one.

use std::time::Duration;

use usher_base::fair_semaphore::{Crowded, FairPermit, FairSemaphore, Limits};
use uuid::Uuid;

/// The limits on concurrent statements of a party.
const STATEMENTS: Limits = Limits { at_once: 4, waiting: 128, wait: WAIT };
/// The limits on scans among them, so that the workspace's own lookups and writes continue beside its lists.
const SCANS: Limits = Limits { at_once: 2, waiting: 32, wait: WAIT };
/// The maximum number of waiting statements of all workspaces. The server limits the number of their calls.
const ALL_WAITING: usize = 4_096;
/// The maximum waiting time. After that, the caller is asked to try again later.
const WAIT: Duration = Duration::from_secs(10);

/// The parties whose statements are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// Everybody of a workspace: its identity providers, its admins, and operators on its behalf.
    Workspace(Uuid),
    /// Services that work on a workspace's data: seat events, limits, the provisioning log. Their share is as large
    /// as the workspace's and separate from it.
    Service(Uuid),
}

/// What a connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To check that the database answers.
    Ping,
    /// Work without any workspace's data (plans, keys, directories), and lookups on behalf of unauthenticated
    /// callers.
    Global,
    /// A statement of a party that reads and writes a few rows by their keys.
    Statement(Party),
    /// A statement of a party that reads many rows.
    Scan(Party),
}

/// The limits of all parties. Clones share the permits.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    statements: FairSemaphore<Party>,
    scans: FairSemaphore<Party>,
    all_scans: FairSemaphore<()>,
    global: FairSemaphore<()>,
}

/// The permits to use one connection; released when dropped.
#[derive(Debug, Default)]
pub(crate) struct Permits {
    _party: Vec<FairPermit<Party>>,
    _kind: Option<FairPermit<()>>,
}

/// Whose limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The limit of the party itself.
    Party(Crowded),
    /// The limit of all parties together.
    Pool,
}

impl Shares {
    /// The limits for a pool of `connections`.
    pub(crate) fn for_connections(connections: usize) -> Self {
        let half = Limits { at_once: (connections / 2).max(1), waiting: ALL_WAITING, wait: WAIT };
        Self {
            statements: FairSemaphore::new(STATEMENTS),
            scans: FairSemaphore::new(SCANS),
            all_scans: FairSemaphore::new(half),
            global: FairSemaphore::new(half),
        }
    }

    /// Waits for the permits that a purpose needs.
    pub(crate) async fn take(&self, purpose: Purpose) -> Result<Permits, Refusal> {
        let everybodys = |_| Refusal::Pool;
        Ok(match purpose {
            Purpose::Ping => Permits::default(),
            Purpose::Global => {
                Permits { _party: Vec::new(), _kind: Some(self.global.take(()).await.map_err(everybodys)?) }
            }
            Purpose::Statement(party) => {
                let statement = self.statements.take(party).await.map_err(Refusal::Party)?;
                Permits { _party: vec![statement], _kind: None }
            }
            // Takes the party's own permits first, so that waiting for them blocks no other party's scans.
            Purpose::Scan(party) => {
                let scan = self.scans.take(party).await.map_err(Refusal::Party)?;
                let statement = self.statements.take(party).await.map_err(Refusal::Party)?;
                let kind = self.all_scans.take(()).await.map_err(everybodys)?;
                Permits { _party: vec![scan, statement], _kind: Some(kind) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn workspace(number: u128) -> Party {
        Party::Workspace(Uuid::from_u128(number))
    }

    /// Takes permits for a purpose until it would have to wait.
    fn met(shares: &Shares, purpose: impl Fn(u128) -> Purpose) -> Vec<Permits> {
        (0..64).map_while(|number| shares.take(purpose(number)).now_or_never()?.ok()).collect()
    }

    #[tokio::test]
    async fn a_workspace_has_four_statements_at_once_and_two_of_them_scan() {
        let shares = Shares::for_connections(16);

        let scans = met(&shares, |_| Purpose::Scan(workspace(1)));
        assert_eq!(scans.len(), 2);
        let statements = met(&shares, |_| Purpose::Statement(workspace(1)));
        assert_eq!(statements.len(), 2);

        assert_eq!(met(&shares, |_| Purpose::Statement(workspace(2))).len(), 4);
    }

    #[tokio::test]
    async fn services_do_not_wait_for_the_workspaces_own_statements() {
        let shares = Shares::for_connections(16);

        let own = met(&shares, |_| Purpose::Statement(workspace(1)));
        assert_eq!(own.len(), 4);

        let service = Party::Service(Uuid::from_u128(1));
        assert_eq!(met(&shares, |_| Purpose::Statement(service)).len(), 4);
    }

    #[tokio::test]
    async fn waiting_in_vain_for_others_scans_is_not_the_partys_own_fault() {
        let one = Limits { at_once: 1, waiting: 0, wait: WAIT };
        let shares = Shares { all_scans: FairSemaphore::new(one), ..Shares::for_connections(16) };
        let _others = shares.take(Purpose::Scan(workspace(1))).await.unwrap();

        let refused = shares.take(Purpose::Scan(workspace(2))).await;

        assert_eq!(refused.unwrap_err(), Refusal::Pool);
    }

    #[tokio::test]
    async fn scans_of_all_workspaces_leave_half_of_the_connections_to_the_rest() {
        let shares = Shares::for_connections(16);

        let scans = met(&shares, |number| Purpose::Scan(workspace(number)));
        assert_eq!(scans.len(), 8);

        assert_eq!(met(&shares, |_| Purpose::Statement(workspace(99))).len(), 4);
        assert_eq!(met(&shares, |_| Purpose::Global).len(), 8);
    }
}
