//! A workspace for tests, on one connection.

use std::ops::{Deref, DerefMut};

use usher_base::id::WorkspaceId;
use usher_base::{Audience, Permission};
use usher_testing::{self as testing, TestDatabase};

/// A workspace in billing's database. The tests of statements add the operations.
pub(crate) struct World(testing::World);

impl World {
    pub(crate) async fn connect(database: &TestDatabase, workspace: WorkspaceId) -> Self {
        Self(
            testing::World::connect(
                database,
                Audience::Billing,
                &[Permission::BillingRead, Permission::BillingAdmin],
                workspace,
            )
            .await,
        )
    }
}

impl Deref for World {
    type Target = testing::World;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
