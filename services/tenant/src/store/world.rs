//! A test workspace on one connection.

use std::ops::{Deref, DerefMut};

use usher_base::id::WorkspaceId;
use usher_base::{Audience, Permission};
use usher_testing::{self as testing, TestDatabase};

/// A workspace in tenant's database. The tests of statements add their own operations.
pub(super) struct World(testing::World);

impl World {
    pub(super) async fn connect(database: &TestDatabase, workspace: WorkspaceId) -> Self {
        Self(testing::World::connect(database, Audience::Tenant, &[Permission::TenantAdmin], workspace).await)
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
