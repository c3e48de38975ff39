//! The closed list of error reasons, with their gRPC, HTTP and SCIM codes. One row per reason decides all of them.
//! `usher.error.v1.Reason` has the same list, with the meaning of each.

/// A canonical gRPC status code, with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[expect(missing_docs, reason = "the names are gRPC's own")]
pub enum GrpcCode {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// The codes of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name in `google.rpc.ErrorInfo`: the name in the proto enum without its prefix.
    pub name: &'static str,
    /// The gRPC status.
    pub code: GrpcCode,
    /// The HTTP status.
    pub http: u16,
    /// The SCIM `scimType` (RFC 7644 section 3.12).
    pub scim_type: Option<&'static str>,
    /// Whether the same call may succeed later without any change.
    pub retryable: bool,
}

/// Why a call failed. Documented at `usher.error.v1.Reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "documented in proto/usher/error/v1/error.proto")]
pub enum Reason {
    CredentialMissing,
    CredentialInvalid,
    CredentialExpired,
    CredentialAudience,
    PermissionDenied,
    TokenInvalid,
    PasswordWrong,
    TooManyAttempts,
    InvalidArgument,
    InvalidSyntax,
    InvalidValue,
    InvalidFilter,
    TooMany,
    InvalidPath,
    NoTarget,
    Mutability,
    PayloadTooLarge,
    InvalidCursor,
    CursorExpired,
    NotFound,
    UserNameTaken,
    AlreadyExists,
    EtagMismatch,
    Conflict,
    FailedPrecondition,
    OutOfRange,
    DomainNotApproved,
    SeatLimitReached,
    PlanWithoutScim,
    WorkspaceSuspended,
    SequenceGap,
    EventConflict,
    PriceMissing,
    RateLimited,
    Overloaded,
    Unavailable,
    DeadlineExceeded,
    Internal,
}

impl Reason {
    /// All reasons.
    pub const ALL: &'static [Self] = &[
        Self::CredentialMissing,
        Self::CredentialInvalid,
        Self::CredentialExpired,
        Self::CredentialAudience,
        Self::PermissionDenied,
        Self::TokenInvalid,
        Self::PasswordWrong,
        Self::TooManyAttempts,
        Self::InvalidArgument,
        Self::InvalidSyntax,
        Self::InvalidValue,
        Self::InvalidFilter,
        Self::TooMany,
        Self::InvalidPath,
        Self::NoTarget,
        Self::Mutability,
        Self::PayloadTooLarge,
        Self::InvalidCursor,
        Self::CursorExpired,
        Self::NotFound,
        Self::UserNameTaken,
        Self::AlreadyExists,
        Self::EtagMismatch,
        Self::Conflict,
        Self::FailedPrecondition,
        Self::OutOfRange,
        Self::DomainNotApproved,
        Self::SeatLimitReached,
        Self::PlanWithoutScim,
        Self::WorkspaceSuspended,
        Self::SequenceGap,
        Self::EventConflict,
        Self::PriceMissing,
        Self::RateLimited,
        Self::Overloaded,
        Self::Unavailable,
        Self::DeadlineExceeded,
        Self::Internal,
    ];

    /// The codes of this reason.
    pub const fn row(self) -> Row {
        match self {
            Self::CredentialMissing => row("CREDENTIAL_MISSING", GrpcCode::Unauthenticated, 401, None, false),
            Self::CredentialInvalid => row("CREDENTIAL_INVALID", GrpcCode::Unauthenticated, 401, None, false),
            Self::CredentialExpired => row("CREDENTIAL_EXPIRED", GrpcCode::Unauthenticated, 401, None, false),
            Self::CredentialAudience => {
                row("CREDENTIAL_AUDIENCE", GrpcCode::Unauthenticated, 401, None, false)
            }
            Self::PermissionDenied => row("PERMISSION_DENIED", GrpcCode::PermissionDenied, 403, None, false),
            Self::TokenInvalid => row("TOKEN_INVALID", GrpcCode::Unauthenticated, 401, None, false),
            Self::PasswordWrong => row("PASSWORD_WRONG", GrpcCode::PermissionDenied, 403, None, false),
            Self::TooManyAttempts => row("TOO_MANY_ATTEMPTS", GrpcCode::ResourceExhausted, 429, None, false),
            Self::InvalidArgument => row("INVALID_ARGUMENT", GrpcCode::InvalidArgument, 400, None, false),
            Self::InvalidSyntax => {
                row("INVALID_SYNTAX", GrpcCode::InvalidArgument, 400, Some("invalidSyntax"), false)
            }
            Self::InvalidValue => {
                row("INVALID_VALUE", GrpcCode::InvalidArgument, 400, Some("invalidValue"), false)
            }
            Self::InvalidFilter => {
                row("INVALID_FILTER", GrpcCode::InvalidArgument, 400, Some("invalidFilter"), false)
            }
            Self::TooMany => row("TOO_MANY", GrpcCode::InvalidArgument, 400, Some("tooMany"), false),
            Self::InvalidPath => {
                row("INVALID_PATH", GrpcCode::InvalidArgument, 400, Some("invalidPath"), false)
            }
            Self::NoTarget => row("NO_TARGET", GrpcCode::InvalidArgument, 400, Some("noTarget"), false),
            Self::Mutability => row("MUTABILITY", GrpcCode::InvalidArgument, 400, Some("mutability"), false),
            Self::PayloadTooLarge => row("PAYLOAD_TOO_LARGE", GrpcCode::ResourceExhausted, 413, None, false),
            Self::InvalidCursor => {
                row("INVALID_CURSOR", GrpcCode::InvalidArgument, 400, Some("invalidCursor"), false)
            }
            Self::CursorExpired => {
                row("CURSOR_EXPIRED", GrpcCode::InvalidArgument, 400, Some("expiredCursor"), false)
            }
            Self::NotFound => row("NOT_FOUND", GrpcCode::NotFound, 404, None, false),
            Self::UserNameTaken => {
                row("USER_NAME_TAKEN", GrpcCode::AlreadyExists, 409, Some("uniqueness"), false)
            }
            Self::AlreadyExists => {
                row("ALREADY_EXISTS", GrpcCode::AlreadyExists, 409, Some("uniqueness"), false)
            }
            Self::EtagMismatch => row("ETAG_MISMATCH", GrpcCode::Aborted, 412, None, false),
            Self::Conflict => row("CONFLICT", GrpcCode::Aborted, 503, None, true),
            Self::FailedPrecondition => {
                row("FAILED_PRECONDITION", GrpcCode::FailedPrecondition, 409, None, false)
            }
            Self::OutOfRange => row("OUT_OF_RANGE", GrpcCode::OutOfRange, 400, None, false),
            Self::DomainNotApproved => {
                row("DOMAIN_NOT_APPROVED", GrpcCode::PermissionDenied, 403, None, false)
            }
            Self::SeatLimitReached => {
                row("SEAT_LIMIT_REACHED", GrpcCode::ResourceExhausted, 403, None, false)
            }
            Self::PlanWithoutScim => row("PLAN_WITHOUT_SCIM", GrpcCode::PermissionDenied, 403, None, false),
            Self::WorkspaceSuspended => {
                row("WORKSPACE_SUSPENDED", GrpcCode::PermissionDenied, 403, None, false)
            }
            Self::SequenceGap => row("SEQUENCE_GAP", GrpcCode::FailedPrecondition, 409, None, false),
            Self::EventConflict => row("EVENT_CONFLICT", GrpcCode::DataLoss, 500, None, false),
            Self::PriceMissing => row("PRICE_MISSING", GrpcCode::FailedPrecondition, 409, None, false),
            Self::RateLimited => row("RATE_LIMITED", GrpcCode::ResourceExhausted, 429, None, true),
            Self::Overloaded => row("OVERLOADED", GrpcCode::Unavailable, 503, None, true),
            Self::Unavailable => row("UNAVAILABLE", GrpcCode::Unavailable, 503, None, true),
            Self::DeadlineExceeded => row("DEADLINE_EXCEEDED", GrpcCode::DeadlineExceeded, 504, None, true),
            Self::Internal => row("INTERNAL", GrpcCode::Internal, 500, None, false),
        }
    }

    /// The name in `google.rpc.ErrorInfo`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the reason with a name, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.name() == name)
    }
}

const fn row(
    name: &'static str,
    code: GrpcCode,
    http: u16,
    scim_type: Option<&'static str>,
    retryable: bool,
) -> Row {
    Row { name, code, http, scim_type, retryable }
}
