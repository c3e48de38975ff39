//! Results of verifications.

use jiff::Timestamp;
use usher_base::id::EventId;

use crate::error::BillingError;

/// Maximum number of faults stored per verification.
const MOST_FAULTS: usize = 100;

/// The result of a verification in progress.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) facts: i64,
    /// Empty if there are no faults.
    pub(crate) faults: Vec<String>,
}

impl Verdict {
    pub(crate) fn fault(&mut self, text: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(text);
        }
    }

    /// Records data that billing can't have written as a fault; any other error ends the verification.
    pub(crate) fn unread(&mut self, checked: Result<(), BillingError>) -> Result<(), BillingError> {
        match checked {
            Err(BillingError::Stored(what)) => {
                self.fault(format!("stored data can't be read: {what}"));
                Ok(())
            }
            Err(BillingError::Corrupt { table, column }) => {
                self.fault(format!("stored data can't be read: {column} of {table}"));
                Ok(())
            }
            other => other,
        }
    }
}

/// A verification as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) facts: i64,
    pub(crate) faults: Vec<String>,
}
