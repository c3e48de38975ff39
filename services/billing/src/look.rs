//! What somebody watches.

use crate::error::BillingError;

/// Something that is looked at again and again.
pub(crate) trait Look: Send + 'static {
    /// What a look finds.
    type Seen: Send;

    /// Looks for what was not seen before. Nothing means that the next look can wait.
    fn look(&mut self) -> impl Future<Output = Result<Option<Self::Seen>, BillingError>> + Send;
}
