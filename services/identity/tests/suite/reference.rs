//! Rows of the references.
