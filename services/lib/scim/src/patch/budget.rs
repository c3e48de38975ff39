//! Limits the cost of a PATCH.

use crate::error::{ScimError, ScimType};

/// The maximum cost of one PATCH. Each element that an operation compares costs one per term of the path's
/// filter, and more if its texts are long. 5,000 operations on a list of 40 addresses fit.
const MAX_COST: usize = 200_000;
/// The number of bytes of an element that cost as much as one comparison.
const BYTES: usize = 64;

/// The rest of the budget.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_COST }
    }
}

impl Budget {
    /// Spends the cost of comparing `terms` terms with each of `elements` elements.
    ///
    /// # Errors
    /// `tooMany` if the cost exceeds what is left.
    pub(crate) fn spend(
        &mut self,
        terms: usize,
        sizes: impl Iterator<Item = usize>,
    ) -> Result<(), ScimError> {
        for bytes in sizes {
            let cost = terms.max(1) + bytes / BYTES;
            self.left = self.left.checked_sub(cost).ok_or_else(|| {
                let detail = "the operations select from long lists too often; send fewer operations at once";
                ScimError::new(ScimType::TooMany, detail)
            })?;
        }
        Ok(())
    }
}
