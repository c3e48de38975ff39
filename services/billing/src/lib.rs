//! The billing service: the exact ledger of seats, and what they cost.

pub mod rating;
pub mod simulate;
