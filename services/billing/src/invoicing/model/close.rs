use jiff::Timestamp;
use jiff::civil::Date;
use usher_rating::Calendar;

use crate::audit::model::hash::Hash;
use crate::terms::model::currency::Currency;

/// The head of a closed period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) ordinal: i64,
    pub(crate) first: Date,
    pub(crate) end: Date,
    pub(crate) calendar: Calendar,
    pub(crate) time_zone: String,
    pub(crate) time_zone_database: String,
    pub(crate) currency: Currency,
    pub(crate) sequence: i64,
    pub(crate) epoch: i64,
    pub(crate) acknowledged_sequence: i64,
    pub(crate) head_hash: Hash,
    pub(crate) stays_digest: Hash,
    pub(crate) total_minor: i64,
    pub(crate) credit_minor: i64,
    pub(crate) hash: Hash,
    pub(crate) closed_at: Timestamp,
    pub(crate) closed_by: String,
    pub(crate) request_id: String,
}
