//! The names of persons, read by one statement, which calls a function of migration 0008.

use sqlx::FromRow;
use usher_base::id::PersonKey;
use usher_store::{Error, ScopedDatabase};
use uuid::Uuid;

use crate::person_names::PersonName;

#[derive(FromRow)]
struct NameRow {
    person_key: Uuid,
    display: String,
    user_name: String,
}

impl From<NameRow> for PersonName {
    fn from(row: NameRow) -> Self {
        let NameRow { person_key, display, user_name } = row;
        Self { person: PersonKey::from_uuid(person_key), display, user_name }
    }
}

/// Reads the names of the persons that have a user, ordered by person key.
pub(crate) async fn read(database: &ScopedDatabase, persons: &[PersonKey]) -> Result<Vec<PersonName>, Error> {
    let keys: Vec<Uuid> = persons.iter().map(|person| person.as_uuid()).collect();
    let query = database
        .statement::<NameRow>("SELECT person_key, display, user_name FROM person_names($1, $2)")
        .bind(keys);
    Ok(query.fetch_all().await?.into_iter().map(PersonName::from).collect())
}
