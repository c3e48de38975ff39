//! What persons are called: for those who read of them by person key.

use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::IdentityError;
use crate::store::person_names as store;

/// The most persons in one call.
pub(crate) const MOST: usize = 1_000;

/// What a person is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonName {
    pub(crate) person: PersonKey,
    pub(crate) display: String,
    pub(crate) user_name: String,
}

/// Reads the names of those who have a user; the others are left out.
pub(crate) async fn read(
    database: &Database,
    ctx: &CallContext,
    persons: &[PersonKey],
) -> Result<Vec<PersonName>, IdentityError> {
    ctx.require(Permission::UsersRead)?;
    Ok(store::read(&database.scoped(&ctx.scope()?), persons).await?)
}
