//! What a PATCH may cost.

use crate::error::{ScimError, ScimType};

/// Most work of one PATCH: elements that are looked at, each once for every term of the path that selects
/// it, and more often the longer its texts are. 5,000 operations on a list of 40 addresses fit.
const MAX_COST: usize = 200_000;
/// How many bytes of a value cost as much as looking at it.
const BYTES: usize = 64;

/// What is left of it.
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
    /// Takes what it costs to compare `terms` terms with each of some elements of so many bytes.
    ///
    /// # Errors
    /// `tooMany`: that is more than is left.
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
