//! Judging passwords, a limited number of times.
//!
//! Wrong passwords are counted for an account and the peer that sent them. A peer that goes on
//! guessing waits; the admin at another peer does not, and what is counted fades with time. Many peers
//! that guess at one account are counted together, but only against peers from which no one has signed
//! in to it before: so guessing can't keep an admin out. An address that no one has, and a workspace
//! that does not exist, are counted in the same way, in a bounded number of rows.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use usher_base::id::{AdminId, WorkspaceId};
use usher_store::ScopedDatabase;
use uuid::Uuid;

use crate::error::TenantError;
use crate::hashing::PasswordTurn;
use crate::peer::Peer;
use crate::store::attempts as store;

/// Peers of an account share so many counters.
const PLACES: u16 = 4_096;
/// Peers of an account that does not exist share so many.
const PLACES_OF_NO_ACCOUNT: u16 = 16;
/// Accounts that don't exist share so many counters a workspace.
const NO_ACCOUNTS: u16 = 4_096;

/// Whose password is tried, and from where.
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

    /// A sign-in to an account that does not exist.
    pub(crate) fn sign_in_to_no_account(workspace: &str, email: &str, peer: Peer) -> Self {
        let digest = Sha256::new()
            .chain_update(workspace.to_lowercase())
            .chain_update([0])
            .chain_update(email.to_lowercase())
            .finalize();
        let account = u16::from_be_bytes([digest[0], digest[1]]) % NO_ACCOUNTS;
        Self { account: Uuid::from_u128(account.into()), place: peer.place(PLACES_OF_NO_ACCOUNT) }
    }

    /// A password that a signed-in admin gives again. It is counted apart from sign-ins.
    pub(crate) fn again(admin: AdminId) -> Self {
        Self { account: admin.as_uuid(), place: store::AGAIN }
    }
}

/// Judges a password against the account's hash; `None` where there is no account, which costs and
/// answers the same.
pub(crate) async fn judge(
    database: &ScopedDatabase,
    now: Timestamp,
    attempt: Attempt,
    turn: PasswordTurn,
    (password, hash): (&str, Option<&str>),
) -> Result<(), TenantError> {
    if let Some(until) = store::begin(database, attempt.account, attempt.place, now).await? {
        return Err(TenantError::TooManyAttempts { now, until });
    }
    if !turn.verify(password, hash).await? {
        return Err(TenantError::PasswordWrong);
    }
    Ok(store::succeed(database, attempt.account, attempt.place, now).await?)
}

/// The workspace under which attempts at workspaces that don't exist are counted.
pub(crate) const NOWHERE: WorkspaceId = WorkspaceId::from_uuid(Uuid::nil());
