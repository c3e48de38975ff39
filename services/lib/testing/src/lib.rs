//! What the tests of several crates start from: databases of a shared private server, and certificates.
//!
//! A crate of its own, so that the crates that are served are the same in every build.

mod certificates;
mod database;
mod world;

pub use self::certificates::Authority;
pub use self::database::{CLUSTER_VARIABLE, TestDatabase, encrypted_cluster, temporary_directory};
pub use self::world::World;
