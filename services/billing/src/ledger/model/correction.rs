use jiff::Timestamp;
use usher_base::id::{EventId, PersonKey};
use usher_seats::SeatClass;

/// A correction that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorrectionRequest {
    pub(crate) id: EventId,
    pub(crate) person: PersonKey,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// The class to assume; `None` if not billable.
    pub(crate) class: Option<SeatClass>,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) request_id: String,
    pub(crate) requested_at: Timestamp,
}
