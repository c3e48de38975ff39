//! The names of persons, for readers who know only their person keys.

use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::IdentityError;
use crate::store::person_names;

/// The maximum number of persons per call.
pub(crate) const MAX_PERSONS: usize = 1_000;

/// The name of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonName {
    pub(crate) person: PersonKey,
    pub(crate) display: String,
    pub(crate) user_name: String,
}

/// Reads the names of the persons that have a user. The others are left out.
pub(crate) async fn read(
    database: &Database,
    ctx: &CallContext,
    persons: &[PersonKey],
) -> Result<Vec<PersonName>, IdentityError> {
    Ok(person_names::read(&database.scoped(&ctx.scope(Permission::UsersRead)?), persons).await?)
}
