//! The errors of billing. Each case says who must act.

use tonic::Status;
use usher_base::credential::Denied;
use usher_base::{Fault, Reason};
use usher_rating::RatingError;
use usher_rating::calendar::InvalidPeriod;
use usher_rating::price::Ambiguous;
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_rpc::status;
use usher_seats::{Pool, SeatClass};

use crate::invoicing::model::obstacle::Obstacles;
use crate::terms::model::mode_conflict::ModeConflict;

#[derive(Debug, thiserror::Error)]
pub(crate) enum BillingError {
    /// Caller: choose another date, because prices never change.
    #[error(
        "a price of a {class} seat from {valid_from} on already exists; prices never change, so add one with a later date"
    )]
    PriceExists { class: SeatClass, valid_from: jiff::civil::Date },
    /// Caller: choose another date, because minimums never change.
    #[error("another minimum from {0} on already exists; add one with a later date")]
    MinimumExists(jiff::civil::Date),
    /// Caller: choose the first date of a period.
    #[error("{0}; let it begin with a period")]
    ModeConflict(ModeConflict),
    /// Caller: add a minimum with a later date.
    #[error("it applies to the period up to {end}, which is closed; add another one from that date on")]
    Billed { end: jiff::civil::Date },
    /// Caller: nothing to do; the term runs to its end.
    #[error("true-ups of the commitment were billed, so it can't be withdrawn")]
    CommitmentBilled,
    /// Caller: correct to a class that has a price.
    #[error(
        "there is no price of a {class} seat on {date}, which is in a closed period; correct to a class that has a price then, or to not billable"
    )]
    ClosedUnpriced { class: String, date: jiff::civil::Date },
    /// Caller: name an effective date, because the account is in use.
    #[error(
        "the account has prices, minimums or commitments; name the first date of a future period from which its currency, time zone and periods change"
    )]
    AccountInUse,
    /// Caller: wait, or remove the obstacle.
    #[error("the period can't be closed yet: {0}")]
    Incomplete(Obstacles),
    /// Caller: close the earlier period first.
    #[error("periods are closed in order; the next one begins on {0}")]
    NotNext(jiff::civil::Date),
    /// Caller: credit a smaller amount.
    #[error("line {line_no} has {left} minor units left to credit")]
    OverCredited { line_no: i32, left: i64 },
    /// Caller: change the currency at a later boundary.
    #[error(
        "from {boundary} on there are prices, a minimum or commitments in the account's currency, up to {until}; they never change, so another currency can begin only after that"
    )]
    CurrencyInUse { boundary: jiff::civil::Date, until: jiff::civil::Date },
    /// Caller: choose a later date, because prices of closed periods never change.
    #[error("{0} is in a closed period; choose a later date")]
    ClosedDate(jiff::civil::Date),
    /// Caller: let the term begin after the other one ends.
    #[error("a commitment of the {pool} pool from {first} to {end} already exists; terms can't overlap")]
    CommitmentExists { pool: Pool, first: jiff::civil::Date, end: jiff::civil::Date },
    /// Caller: choose a later start of the term.
    #[error("{first} is in a closed period; a term can begin on {open} at the earliest")]
    ClosedTerm { first: jiff::civil::Date, open: jiff::civil::Date },
    /// Caller: ask somebody else to approve.
    #[error("the author of a correction can't approve it")]
    OwnApproval,
    /// Caller: nothing to do.
    #[error("the correction is already approved")]
    AlreadyApproved,
    /// Caller: choose another id.
    #[error("the id was already used for something else; choose a new one")]
    IdempotencyReused,
    /// Producer: begin the next epoch, or send the current one.
    #[error("the ledger is in epoch {0}")]
    Epoch(i64),
    /// Nobody: the client closed the stream of a report.
    #[error("the client closed the stream of the report")]
    ReaderGone,
    /// Operator: this is a defect; each row of a report has one cell per column.
    #[error("a row of the report can't be written")]
    Row(#[from] csv::Error),
    /// Caller: check the id or date.
    #[error("there is no such {0} in this workspace")]
    NotFound(&'static str),
    /// Caller: change the price or the period, so that periods can be rated.
    #[error(transparent)]
    Rating(#[from] RatingError),
    /// Caller: correct the field of the message.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// Caller: use another credential.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Operator: see the source. Caller: the value can't be stored.
    #[error(transparent)]
    Store(#[from] usher_store::Error),
    /// Operator: this program can't have written the value in the column.
    #[error("the billing database contains data that this version can't read: {column} of {table}")]
    Corrupt { table: &'static str, column: &'static str },
    /// Operator: this program can't have written the row.
    #[error("the billing database contains data that this version can't read: {0}")]
    Stored(String),
}

impl Fault for BillingError {
    fn reason(&self) -> Reason {
        match self {
            Self::PriceExists { .. }
            | Self::MinimumExists(_)
            | Self::CommitmentExists { .. }
            | Self::AlreadyApproved
            | Self::IdempotencyReused => Reason::AlreadyExists,
            Self::NotFound(_) => Reason::NotFound,
            Self::ReaderGone => Reason::Unavailable,
            Self::OwnApproval => Reason::PermissionDenied,
            Self::AccountInUse
            | Self::Incomplete(_)
            | Self::NotNext(_)
            | Self::OverCredited { .. }
            | Self::CurrencyInUse { .. }
            | Self::Epoch(_)
            | Self::ClosedDate(_)
            | Self::ClosedTerm { .. }
            | Self::ModeConflict(_)
            | Self::Billed { .. }
            | Self::CommitmentBilled
            | Self::ClosedUnpriced { .. }
            | Self::Rating(RatingError::ModeChange { .. } | RatingError::TooLarge(_)) => {
                Reason::FailedPrecondition
            }
            Self::Rating(RatingError::PriceMissing { .. }) => Reason::PriceMissing,
            Self::Stored(_) | Self::Corrupt { .. } | Self::Row(_) => Reason::Internal,
            Self::Argument(error) => error.reason(),
            Self::Denied(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::PriceExists { .. } => vec![("resource", "PriceVersion".to_owned())],
            Self::CommitmentExists { .. } => vec![("resource", "Commitment".to_owned())],
            Self::AlreadyApproved => vec![("resource", "Correction".to_owned())],
            Self::NotFound(resource) => vec![("resource", (*resource).to_owned())],
            Self::Rating(RatingError::PriceMissing { class, .. }) => vec![("class", class.clone())],
            Self::Argument(error) => error.metadata(),
            _ => Vec::new(),
        }
    }
}

impl From<BillingError> for Status {
    fn from(error: BillingError) -> Self {
        status(error)
    }
}

impl From<ModeConflict> for BillingError {
    fn from(conflict: ModeConflict) -> Self {
        Self::ModeConflict(conflict)
    }
}

impl From<Ambiguous> for BillingError {
    fn from(error: Ambiguous) -> Self {
        Self::Stored(error.to_string())
    }
}

impl From<InvalidPeriod> for BillingError {
    fn from(error: InvalidPeriod) -> Self {
        Self::Argument(invalid("start_date", error))
    }
}
