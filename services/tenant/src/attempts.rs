//! Checks passwords, with a limit on wrong ones.
//!
//! Wrong passwords are counted per account and peer. A peer that guesses must wait, while the admin at another peer
//! need not, and counters decrease over time. Peers that guess at the same account are also counted together, but
//! this limit applies only to peers from which nobody has signed in to the account before, so that guessing can't
//! lock an admin out. Unknown addresses and workspaces are counted in the same way, in a limited number of rows.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use usher_base::id::{AdminId, WorkspaceId};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use crate::error::TenantError;
use crate::hashing::HashPermit;
use crate::peer::Peer;
use crate::store::attempts;

/// The number of counters that the peers of an account share.
const PLACES: u16 = 4_096;
/// The number of counters that the peers of an unknown account share.
const PLACES_OF_NO_ACCOUNT: u16 = 16;
/// The number of counters per workspace that unknown accounts share.
const NO_ACCOUNTS: u16 = 4_096;

/// The account whose password is checked, and the counters to use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    account: Uuid,
    place: i32,
}

impl Attempt {
    /// A sign-in to an account from a peer.
    pub(crate) fn sign_in(admin: AdminId, peer: Peer) -> Self {
        Self { account: admin.as_uuid(), place: peer.place(PLACES) }
    }

    /// A sign-in to an unknown account.
    pub(crate) fn sign_in_to_no_account(workspace: &str, email: &str, peer: Peer) -> Self {
        let digest = Sha256::new()
            .chain_update(workspace.to_lowercase())
            .chain_update([0])
            .chain_update(email.to_lowercase())
            .finalize();
        let account = u16::from_be_bytes([digest[0], digest[1]]) % NO_ACCOUNTS;
        Self { account: Uuid::from_u128(account.into()), place: peer.place(PLACES_OF_NO_ACCOUNT) }
    }

    /// A password that a signed-in admin gives again. It is counted separately from sign-ins.
    pub(crate) fn again(admin: AdminId) -> Self {
        Self { account: admin.as_uuid(), place: attempts::AGAIN }
    }
}

/// Checks a password against the account's hash. `None` means an unknown account, for which time and answer are the
/// same.
pub(crate) async fn judge(
    database: &ScopedDatabase,
    now: Timestamp,
    attempt: Attempt,
    turn: HashPermit,
    (password, hash): (&str, Option<&str>),
) -> Result<(), TenantError> {
    if let Some(until) = attempts::begin(database, attempt.account, attempt.place, now).await? {
        return Err(TenantError::TooManyAttempts { now, until });
    }
    if !turn.verify(password, hash).await? {
        return Err(TenantError::PasswordWrong);
    }
    Ok(attempts::succeed(database, attempt.account, attempt.place, now).await?)
}

/// The workspace under which attempts at unknown workspaces are counted.
pub(crate) const NOWHERE: WorkspaceId = WorkspaceId::from_uuid(Uuid::nil());
