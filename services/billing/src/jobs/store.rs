//! The tables of jobs.

pub(crate) mod turns;
