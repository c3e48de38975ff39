//! What a verification found.

use jiff::Timestamp;
use usher_base::id::EventId;

use crate::error::BillingError;

/// The most faults that are kept of one verification.
const MOST_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) facts: i64,
    /// Empty if all is well.
    pub(crate) faults: Vec<String>,
}

impl Verdict {
    pub(crate) fn fault(&mut self, text: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(text);
        }
    }

    /// What billing can't have written is a fault as well; any other failure ends the verification.
    pub(crate) fn unread(&mut self, checked: Result<(), BillingError>) -> Result<(), BillingError> {
        match checked {
            Err(BillingError::Stored(what)) => {
                self.fault(format!("what is stored can't be read: {what}"));
                Ok(())
            }
            Err(BillingError::Corrupt { table, column }) => {
                self.fault(format!("what is stored can't be read: {column} of {table}"));
                Ok(())
            }
            other => other,
        }
    }
}

/// A verification, as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) facts: i64,
    pub(crate) faults: Vec<String>,
}
