//! What share of the connections one workspace may have, and one kind of work.
//!
//! A connection is asked for with a [`Claim`]. A [`Party`] has a few statements under way at once, whether they read
//! or write: more of them wait for each other at its head row anyway, where sixteen cost PostgreSQL twice what four
//! do and get less done. The others wait without a connection, which other workspaces have then; too many of them
//! are refused, and nobody else is. What is not answered by an index probe never has more than half of the
//! connections, so that look-ups and writes always find one.

use std::time::Duration;

use usher_base::turns::{Crowded, Limits, Turn, Turns};
use uuid::Uuid;

/// Statements of a party at once.
const STATEMENTS: Limits = Limits { at_once: 4, waiting: 128, wait: WAIT };
/// Scans among them, so that the workspace's own look-ups and writes go on beside its lists.
const SCANS: Limits = Limits { at_once: 2, waiting: 32, wait: WAIT };
/// Of all workspaces, whose number of calls is limited by the server.
const ALL_WAITING: usize = 4_096;
/// A caller that waits longer is better told to come again.
const WAIT: Duration = Duration::from_secs(10);

/// Whose statements count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// Those who are of a workspace: its identity providers, its admins, and operators in its name.
    Workspace(Uuid),
    /// Services that work on a workspace's data: seat events, limits, the provisioning log. They have as much as the
    /// workspace has, and nothing of it.
    Service(Uuid),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// To see whether the database answers.
    Ping,
    /// Work on no workspace's data: plans, keys, directories, and the look-ups that strangers cause.
    Global,
    /// A party's statement that reads and writes a few rows by their keys.
    Statement(Party),
    /// A party's statements that read many rows.
    Scan(Party),
}

/// Who may have connections now. Clones share the turns.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    statements: Turns<Party>,
    scans: Turns<Party>,
    all_scans: Turns<()>,
    global: Turns<()>,
}

/// A share that is in use, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    _party: Vec<Turn<Party>>,
    _kind: Option<Turn<()>>,
}

/// Who has too much under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The party that asks.
    Own(Crowded),
    /// All together: it is nobody's fault.
    Everybodys,
}

impl Shares {
    /// For a pool of so many connections.
    pub(crate) fn of(connections: usize) -> Self {
        let half = Limits { at_once: (connections / 2).max(1), waiting: ALL_WAITING, wait: WAIT };
        Self {
            statements: Turns::new(STATEMENTS),
            scans: Turns::new(SCANS),
            all_scans: Turns::new(half),
            global: Turns::new(half),
        }
    }

    /// Waits until the claim may be met.
    pub(crate) async fn take(&self, claim: Claim) -> Result<Held, Excess> {
        let everybodys = |_| Excess::Everybodys;
        Ok(match claim {
            Claim::Ping => Held::default(),
            Claim::Global => {
                Held { _party: Vec::new(), _kind: Some(self.global.take(()).await.map_err(everybodys)?) }
            }
            Claim::Statement(party) => {
                let statement = self.statements.take(party).await.map_err(Excess::Own)?;
                Held { _party: vec![statement], _kind: None }
            }
            // The party's own turns first: whoever waits for these keeps nobody else from scanning.
            Claim::Scan(party) => {
                let scan = self.scans.take(party).await.map_err(Excess::Own)?;
                let statement = self.statements.take(party).await.map_err(Excess::Own)?;
                let kind = self.all_scans.take(()).await.map_err(everybodys)?;
                Held { _party: vec![scan, statement], _kind: Some(kind) }
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
    async fn what_services_do_about_a_workspace_does_not_wait_for_what_the_workspace_does() {
        let shares = Shares::of(16);

        let own = met(&shares, |_| Claim::Statement(workspace(1)));
        assert_eq!(own.len(), 4);

        let service = Party::Service(Uuid::from_u128(1));
        assert_eq!(met(&shares, |_| Claim::Statement(service)).len(), 4);
    }

    #[tokio::test]
    async fn who_waits_in_vain_for_what_others_scan_is_not_told_that_it_is_their_doing() {
        let one = Limits { at_once: 1, waiting: 0, wait: WAIT };
        let shares = Shares { all_scans: Turns::new(one), ..Shares::of(16) };
        let _others = shares.take(Claim::Scan(workspace(1))).await.unwrap();

        let refused = shares.take(Claim::Scan(workspace(2))).await;

        assert_eq!(refused.unwrap_err(), Excess::Everybodys);
    }

    #[tokio::test]
    async fn scans_of_all_workspaces_leave_half_of_the_connections_to_the_rest() {
        let shares = Shares::of(16);

        let scans = met(&shares, |number| Claim::Scan(workspace(number)));
        assert_eq!(scans.len(), 8);

        assert_eq!(met(&shares, |_| Claim::Statement(workspace(99))).len(), 4);
        assert_eq!(met(&shares, |_| Claim::Global).len(), 8);
    }
}
