//! The errors of users and groups. Each variant says who must act.

use tonic::Status;
use usher_base::domain::DomainName;
use usher_base::{Denied, Fault, Reason};
use usher_rpc::convert::InvalidArgument;
use usher_rpc::{Failure, status};
use usher_scim::user::UserType;
use usher_scim::{ScimError, ScimType};

use crate::query::Query;
use crate::store::MAX_LIST_TIME;

/// An error of the identity service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// Caller: there is no such user or group, or it was deleted.
    #[error("there is no {} {id} in this workspace", .resource.to_lowercase())]
    NotFound { resource: &'static str, id: String },
    /// Caller: choose another name, or match the user that has it.
    #[error("another user of this workspace has the userName {0:?}; userNames are compared without case")]
    UserNameTaken(String),
    /// Caller: leave it out. The workspace's admin: transfer the people and groups.
    #[error(
        "externalId: another API app of this workspace provisions the resource and has its own externalId \
         for it; leave it out, or have an admin transfer that app's people and groups to this one (usher \
         admin app take-over)"
    )]
    ForeignExternalId,
    /// Caller: this credential permits only deactivations.
    #[error("only a request that deactivates or deletes an active user is accepted at present")]
    OnlyLeaving,
    /// Caller: correct the document as the error says. The deactivation is mentioned first, because a long message is
    /// cut at its end.
    #[error(
        "the user was deactivated, because a person's leaving is never refused, and nothing else was done, \
         because: {0}"
    )]
    LeftOnly(Box<Self>),
    /// Caller: choose another name, or match the group that has it.
    #[error("another group of this workspace has the displayName {0:?}; they are compared without case")]
    DisplayNameTaken(String),
    /// Caller: remove them from the members, or create them first.
    #[error(
        "members: there is no user or group {0} in this workspace; provision it first, or remove it from \
         the members"
    )]
    UnknownMembers(String),
    /// Caller: a group can't be in itself.
    #[error("members: the group {0} contains this group, or is this group; a group can't contain itself")]
    CircularMembers(String),
    /// Caller: add the inner members directly.
    #[error(
        "members: groups can be nested at most 8 levels deep; add the users of the inner groups directly"
    )]
    NestedTooDeep,
    /// Caller: add the inner members directly.
    #[error(
        "members: at most 1,000 groups can be nested in one another; add the users of the inner groups \
         directly"
    )]
    TooManyNested,
    /// Caller: use a query that an index can answer.
    #[error(
        "the list took longer than {} seconds; filter by userName, externalId, displayName, id or e-mail \
         address with eq, or leave out sortBy and comparisons such as co and ew",
        MAX_LIST_TIME.as_secs()
    )]
    ListTooSlow,
    /// Caller: read the resource again, its version has changed.
    #[error("the resource was changed since the version in If-Match was read; read it again")]
    Stale,
    /// Caller: try again.
    #[error("too many writers changed this resource at once; try again")]
    Contended,
    /// Caller: begin with the first page.
    #[error("the cursor was not made for this query in this workspace; begin with the first page")]
    InvalidCursor,
    /// Caller: begin with the first page.
    #[error("the cursor has expired; begin with the first page")]
    ExpiredCursor,
    /// Caller: start again from the current state.
    #[error(
        "the change log ends at {last}, and {after} is beyond it: that number is of another log, or this \
         one was restored from a backup; start again from the current state"
    )]
    BeyondTheLog { after: i64, last: i64 },
    /// The workspace's admin: choose another name.
    #[error("there is already a custom attribute {0:?}; names are compared without case")]
    AttributeExists(String),
    /// The workspace's admin: delete one first.
    #[error("the workspace has {0} custom attributes, which is the maximum; delete one first")]
    TooManyAttributes(i64),
    /// The workspace's admin: clear the values first.
    #[error("{users} users have a value of the custom attribute {name:?}; clear these first")]
    AttributeInUse { name: String, users: i64 },
    /// The workspace's admin: approve the domain, or remove the person from the provisioning scope.
    #[error(
        "the domain {domain} is not approved in workspace {workspace}. An admin of the workspace can \
         approve it under Settings, Approved domains (or: usher admin domain approve --workspace \
         {workspace} {domain}); otherwise remove the user from the provisioning scope"
    )]
    DomainNotApproved { domain: DomainName, workspace: String },
    /// The workspace's admin: give the person an address of an approved domain.
    #[error(
        "{text:?} is not an e-mail address whose domain can be judged, and workspace {workspace} takes only \
         people of its approved domains; send a plain address of an approved domain"
    )]
    NoDomain { text: String, workspace: String },
    /// The workspace's admin: raise the limit or free a seat.
    #[error(
        "the seat limit of workspace {workspace} is reached: {in_use} of {limit} paid seats (Regular and \
         External) are in use, so there is none for another {user_type} user. Deactivate somebody, make \
         the user a Collaborator, or have the limit raised"
    )]
    SeatLimitReached { workspace: String, user_type: UserType, limit: i64, in_use: i64 },
    /// The workspace's admin: raise the limit or free a seat.
    #[error(
        "the limit of free seats of workspace {workspace} is reached: {in_use} of {limit} Collaborator seats are \
         in use. Deactivate somebody, or have the limit raised"
    )]
    CollaboratorLimitReached { workspace: String, limit: i64, in_use: i64 },
    /// Caller: see the SCIM protocol.
    #[error(transparent)]
    Scim(#[from] ScimError),
    /// Caller: correct a field of the message.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// Caller: use another credential.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The policy is unavailable, so nothing can be provisioned.
    #[error("can't read the workspace's policy from the tenant service: {0}")]
    Policy(Failure),
    /// It is unknown whether the app exists, so nothing is transferred to it.
    #[error("can't read the workspace's apps from the tenant service: {0}")]
    Apps(Failure),
    /// Billing refuses, or is unavailable.
    #[error("billing: {0}")]
    Billing(Failure),
    /// Operator: see the source. Caller: if the value can't be stored, correct it.
    #[error(transparent)]
    Store(#[from] usher_store::Error),
}

impl IdentityError {
    /// The error of a list. If the database cancelled it and it asked for more than the next page, the query is at
    /// fault.
    pub(crate) fn of_list(error: usher_store::Error, query: &Query<'_>) -> Self {
        if error.is_too_slow() && query.is_selective() { Self::ListTooSlow } else { Self::Store(error) }
    }

    /// The error for a resource that does not exist. Repeats at most as much of the request as an id has characters.
    pub(crate) fn absent(resource: &'static str, id: &str) -> Self {
        Self::NotFound { resource, id: id.chars().take(100).collect() }
    }
}

impl Fault for IdentityError {
    fn reason(&self) -> Reason {
        match self {
            Self::OnlyLeaving => Reason::PermissionDenied,
            Self::LeftOnly(fault) => fault.reason(),
            Self::NotFound { .. } => Reason::NotFound,
            Self::UserNameTaken(_) => Reason::UserNameTaken,
            Self::ForeignExternalId => Reason::Mutability,
            Self::DisplayNameTaken(_) | Self::AttributeExists(_) => Reason::AlreadyExists,
            Self::UnknownMembers(_)
            | Self::CircularMembers(_)
            | Self::NestedTooDeep
            | Self::TooManyNested => Reason::InvalidValue,
            Self::ListTooSlow => Reason::InvalidFilter,
            Self::InvalidCursor => Reason::InvalidCursor,
            Self::ExpiredCursor => Reason::CursorExpired,
            Self::BeyondTheLog { .. } => Reason::OutOfRange,
            Self::TooManyAttributes(_) | Self::AttributeInUse { .. } => Reason::FailedPrecondition,
            Self::Stale => Reason::EtagMismatch,
            Self::Contended => Reason::Conflict,
            Self::DomainNotApproved { .. } | Self::NoDomain { .. } => Reason::DomainNotApproved,
            Self::SeatLimitReached { .. } | Self::CollaboratorLimitReached { .. } => Reason::SeatLimitReached,
            Self::Scim(error) => scim_reason(error.scim_type),
            Self::Argument(error) => error.reason(),
            Self::Denied(error) => error.reason(),
            Self::Policy(failure) if failure.reason == Reason::NotFound => Reason::NotFound,
            Self::Policy(_) | Self::Apps(_) => Reason::Unavailable,
            Self::Billing(failure) => failure.reason,
            Self::Store(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotFound { resource, .. } => vec![("resource", (*resource).to_owned())],
            Self::DisplayNameTaken(_) => vec![("resource", "Group".to_owned())],
            Self::AttributeExists(_) => vec![("resource", "Attribute".to_owned())],
            Self::DomainNotApproved { domain, .. } => vec![("domain", domain.to_string())],
            Self::SeatLimitReached { limit, in_use, .. } => pool("paid", *limit, *in_use),
            Self::CollaboratorLimitReached { limit, in_use, .. } => pool("collaborator", *limit, *in_use),
            Self::BeyondTheLog { last, .. } => vec![("last", last.to_string())],
            Self::Argument(error) => error.metadata(),
            Self::LeftOnly(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }
}

impl From<IdentityError> for Status {
    fn from(error: IdentityError) -> Self {
        status(error)
    }
}

fn pool(name: &str, limit: i64, in_use: i64) -> Vec<(&'static str, String)> {
    vec![("pool", name.to_owned()), ("limit", limit.to_string()), ("in_use", in_use.to_string())]
}

fn scim_reason(scim_type: ScimType) -> Reason {
    match scim_type {
        ScimType::InvalidFilter => Reason::InvalidFilter,
        ScimType::TooMany => Reason::TooMany,
        ScimType::InvalidPath => Reason::InvalidPath,
        ScimType::NoTarget => Reason::NoTarget,
        ScimType::Mutability => Reason::Mutability,
        ScimType::InvalidValue | ScimType::Sensitive => Reason::InvalidValue,
        ScimType::Uniqueness => Reason::AlreadyExists,
        ScimType::InvalidSyntax | ScimType::InvalidVers => Reason::InvalidSyntax,
    }
}
