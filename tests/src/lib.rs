//! Parts of the whole-system tests, the Entra simulator and the benchmark.

pub mod bench;
pub mod entra;
pub mod operator;
pub mod python;
pub mod raw_grpc;
pub mod recount;
pub mod scim;
pub mod stack;
pub mod usage;
pub mod wait;
pub mod words;
