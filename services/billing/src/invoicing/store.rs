//! Database access for closed periods.

pub(crate) mod close_lines;
pub(crate) mod closes;
pub(crate) mod credit_notes;
pub(crate) mod postings;
