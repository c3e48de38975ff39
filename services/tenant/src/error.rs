//! The errors of the tenant service. Each variant says who must act.

use jiff::Timestamp;
use tonic::Status;
use usher_base::key::KeyError;
use usher_base::{CredentialError, Denied, Fault, Reason};
use usher_rpc::convert::InvalidArgument;
use usher_rpc::status;

use crate::hashing::HashError;

/// An error of the tenant service.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// Caller: this does not exist in the workspace.
    #[error("there is no {what} {name:?} here")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// The name that was requested.
        name: String,
    },
    /// Caller: choose another name.
    #[error("there is already a {what} {name:?}; choose another name")]
    AlreadyExists {
        /// The kind of thing.
        what: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// Identity provider: the same answer for unknown, revoked and expired tokens and those of other workspaces.
    #[error(
        "the token is not valid for this workspace: it was mistyped, revoked, has expired, or belongs to another \
         workspace. An admin can create a new one under API"
    )]
    TokenInvalid,
    /// The workspace's admin: upgrade to a plan with provisioning.
    #[error(
        "the plan of workspace {0} does not include SCIM provisioning; an admin can change the plan under Billing"
    )]
    PlanWithoutScim(String),
    /// The workspace's admin: ask the operator.
    #[error("workspace {0} is suspended; contact support to have it reactivated")]
    Suspended(String),
    /// Caller: the password or the address is wrong.
    #[error("the e-mail address or the password is wrong")]
    PasswordWrong,
    /// Caller: wait.
    #[error("too many wrong passwords; try again in {} s", seconds_left(*.now, *.until))]
    TooManyAttempts {
        /// The current time.
        now: Timestamp,
        /// The time until which attempts are refused.
        until: Timestamp,
    },
    /// Caller: wait for this number of seconds.
    #[error("too many calls without a credential from your address; try again in {0} s")]
    TooManyCalls(u64),
    /// Admin: ask somebody who has the permission.
    #[error("this needs the permission \"{0}\", which another admin of the workspace can give you")]
    PermissionNeeded(&'static str),
    /// Admin: give the permission to another admin first.
    #[error("this is the last admin with the permission \"{0}\"; give it to another admin first")]
    LastHolder(&'static str),
    /// Admin: sign in again.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// Admin: revoke a token first.
    #[error("the app has {0} live tokens, which is the maximum; revoke one that is no longer used")]
    TooManyTokens(i64),
    /// Admin: remove one first.
    #[error("the workspace has {max} {what}, which is the maximum; remove one that is no longer used")]
    WorkspaceFull {
        /// The kind of things, in the plural.
        what: &'static str,
        /// The maximum number.
        max: i64,
    },
    /// Operator: revoke a key first.
    #[error("there are {0} service keys, which is the maximum; revoke one that is no longer used")]
    TooManyServiceKeys(i64),
    /// Caller: correct the service key.
    #[error("the service key is not valid for {0:?}")]
    ServiceKeyInvalid(String),
    /// Caller: correct a field of the message.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// Caller: use another credential.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A defect: the service's own credential can't be verified.
    #[error("the service's own credential is not accepted")]
    OwnCredential(#[source] CredentialError),
    /// A defect of the signing key.
    #[error("can't sign a credential")]
    Key(#[from] KeyError),
    /// A defect: there is no signing key.
    #[error("there is no key to sign credentials with")]
    NoSigningKey,
    /// Caller: try again. A defect, if the source says so.
    #[error("a secret can't be hashed: {0}")]
    Hash(#[from] HashError),
    /// Caller: ask for less.
    #[error("this takes longer than {0} s; leave out the name to search for, and read the log page by page")]
    TooSlow(u64),
    /// Operator: see the source. Caller: if the value can't be stored, correct it.
    #[error(transparent)]
    Store(#[from] usher_store::Error),
}

fn seconds_left(now: Timestamp, until: Timestamp) -> i64 {
    until.duration_since(now).as_secs().max(0) + 1
}

impl Fault for TenantError {
    fn reason(&self) -> Reason {
        match self {
            Self::NotFound { .. } => Reason::NotFound,
            Self::AlreadyExists { .. } => Reason::AlreadyExists,
            Self::TokenInvalid => Reason::TokenInvalid,
            Self::PlanWithoutScim(_) => Reason::PlanWithoutScim,
            Self::Suspended(_) => Reason::WorkspaceSuspended,
            Self::PasswordWrong => Reason::PasswordWrong,
            Self::TooManyAttempts { .. } => Reason::TooManyAttempts,
            Self::PermissionNeeded(_) => Reason::PermissionDenied,
            Self::TooManyTokens(_)
            | Self::WorkspaceFull { .. }
            | Self::TooManyServiceKeys(_)
            | Self::LastHolder(_) => Reason::FailedPrecondition,
            Self::SessionEnded => Reason::CredentialExpired,
            Self::ServiceKeyInvalid(_) => Reason::CredentialInvalid,
            Self::Argument(error) => error.reason(),
            Self::Denied(error) => error.reason(),
            Self::TooManyCalls(_) | Self::Hash(HashError::PasswordsBusy) => Reason::RateLimited,
            Self::Hash(HashError::RandomBusy) => Reason::Overloaded,
            Self::OwnCredential(_) | Self::Key(_) | Self::NoSigningKey | Self::Hash(HashError::Failed(_)) => {
                Reason::Internal
            }
            Self::TooSlow(_) => Reason::InvalidArgument,
            Self::Store(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotFound { what, .. } | Self::AlreadyExists { what, .. } => {
                vec![("resource", (*what).to_owned())]
            }
            Self::TooManyAttempts { now, until } => {
                vec![("retry_after_secs", seconds_left(*now, *until).to_string())]
            }
            Self::TooManyCalls(secs) => vec![("retry_after_secs", secs.to_string())],
            Self::Hash(HashError::PasswordsBusy) => vec![("retry_after_secs", "1".to_owned())],
            Self::Argument(error) => error.metadata(),
            _ => Vec::new(),
        }
    }
}

impl From<TenantError> for Status {
    fn from(error: TenantError) -> Self {
        status(error)
    }
}
