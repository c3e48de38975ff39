//! Storage errors: the database is unavailable, or there is a defect in the schema or the program.

use usher_base::fair_semaphore::Crowded;
use usher_base::{Fault, Reason};

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL does not answer, or closed the connection or cancelled the statement. A retry may help.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// A value that PostgreSQL can't store in any column, which is the caller's fault.
    #[error("a value can't be stored: {0}")]
    Unstorable(&'static str, #[source] sqlx::Error),
    /// The workspace runs the maximum number of statements, and the maximum number waits.
    #[error("this workspace has too many requests in progress at once; wait a little and try again")]
    Crowded(#[source] sqlx::Error),
    /// A clock is ahead of the database's clock, so nothing was written. An operator must correct it.
    #[error(
        "the service's clock is ahead of its database's clock, so nothing is written until the operator \
         corrects it; try again later"
    )]
    ClockAhead(#[source] sqlx::Error),
    /// A column has a value that its type has not: a defect, or the database was changed by hand.
    #[error("what is stored can't be read: {0}")]
    Corrupt(String),
    /// A defect, or a schema that does not fit the program.
    #[error("the database refused a statement")]
    Failed(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::ColumnDecode { index, source } = &error {
            Self::Corrupt(format!("column {index}: {source}"))
        } else if is_crowded(&error) {
            Self::Crowded(error)
        } else if let Some(what) = unstorable(&error) {
            Self::Unstorable(what, error)
        } else if is_outage(&error) {
            Self::Unavailable(error)
        } else if is_clock_ahead(&error) {
            Self::ClockAhead(error)
        } else {
            Self::Failed(error)
        }
    }
}

impl Error {
    /// Whether a statement was cancelled because it took too long.
    pub fn is_too_slow(&self) -> bool {
        let Self::Unavailable(error) = self else { return false };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code == CANCELLED)
    }
}

/// The SQLSTATE of a statement that reached `statement_timeout`.
const CANCELLED: &str = "57014";

fn is_crowded(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::AnyDriverError(source) if source.is::<Crowded>())
}

/// SQLSTATE classes (PostgreSQL manual, appendix A) that are about the server and not the statement: connection,
/// resources, operator intervention (including statement timeouts), system.
const OUTAGES: [&str; 5] = ["08", "53", "57", "58", "40"];

/// Describes a value that no column can hold, by its SQLSTATE (PostgreSQL manual, appendix A).
fn unstorable(error: &sqlx::Error) -> Option<&'static str> {
    match error.as_database_error()?.code()?.as_ref() {
        "22021" | "22P05" => Some("a text contains a NUL character"),
        "22008" => Some("a time or date is out of range"),
        _ => None,
    }
}

fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            true
        }
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| OUTAGES.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}

/// The SQLSTATE that the functions of our schemas raise for a time in the future.
const CLOCK_AHEAD: &str = "US004";

fn is_clock_ahead(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(CLOCK_AHEAD)
}

impl Fault for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Unavailable(_) | Self::ClockAhead(_) => Reason::Unavailable,
            Self::Unstorable(..) => Reason::InvalidArgument,
            Self::Crowded(_) => Reason::RateLimited,
            Self::Corrupt(_) | Self::Failed(_) => Reason::Internal,
        }
    }
}
