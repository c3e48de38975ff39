//! Custom attributes.

use sqlx::FromRow;
use usher_scim::fold;
use usher_scim::schema::{CUSTOM_USER, CustomAttribute, Kind};
use usher_store::{Error, ScopedDatabase};

use super::MAX_SCAN_TIME;

#[derive(FromRow)]
struct AttributeRow {
    name: String,
    #[sqlx(rename = "type")]
    kind: i16,
    description: String,
    case_exact: bool,
    canonical_values: Vec<String>,
}

/// The types, numbered as in the protocol.
const KINDS: [(i16, Kind); 6] = [
    (1, Kind::String),
    (2, Kind::Boolean),
    (3, Kind::Integer),
    (4, Kind::Decimal),
    (5, Kind::DateTime),
    (6, Kind::Reference),
];

impl From<AttributeRow> for CustomAttribute {
    fn from(row: AttributeRow) -> Self {
        let AttributeRow { name, kind, description, case_exact, canonical_values } = row;
        let kind = KINDS.iter().find(|(number, _)| *number == kind).map_or(Kind::String, |(_, kind)| *kind);
        Self { name, kind, description, case_exact, canonical_values }
    }
}

/// The outcome of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defined {
    Done,
    Exists,
    TooMany,
}

/// The outcome of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Done,
    Absent,
    /// The number of users with a value.
    InUse(i64),
}

/// All custom attributes, ordered by name.
pub(crate) async fn list(database: &ScopedDatabase) -> Result<Vec<CustomAttribute>, Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    let rows: Vec<AttributeRow> = sqlx::query_as(
        "SELECT name, type, description, case_exact, canonical_values FROM custom_attributes
         WHERE tenant_id = $1 ORDER BY name_key",
    )
    .bind(tenant)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(CustomAttribute::from).collect())
}

/// Defines an attribute if there are fewer than `max`.
pub(crate) async fn define(
    database: &ScopedDatabase,
    attribute: &CustomAttribute,
    max: i64,
) -> Result<Defined, Error> {
    let mut tx = database.begin().await?;
    let tenant = tx.tenant();
    let number = KINDS.iter().find(|(_, kind)| *kind == attribute.kind).map_or(1, |(number, _)| *number);
    let known: i64 = sqlx::query_scalar("SELECT count(*) FROM custom_attributes WHERE tenant_id = $1")
        .bind(tenant)
        .fetch_one(tx.conn())
        .await?;
    if known >= max {
        return Ok(Defined::TooMany);
    }
    let done = sqlx::query(
        "INSERT INTO custom_attributes (tenant_id, name_key, name, type, description, case_exact, canonical_values)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, name_key) DO NOTHING",
    )
    .bind(tenant)
    .bind(fold(&attribute.name))
    .bind(&attribute.name)
    .bind(number)
    .bind(&attribute.description)
    .bind(attribute.case_exact)
    .bind(&attribute.canonical_values)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(if done.rows_affected() == 1 { Defined::Done } else { Defined::Exists })
}

/// Deletes an attribute that no user has a value of.
pub(crate) async fn delete(database: &ScopedDatabase, name: &str) -> Result<Deleted, Error> {
    let mut tx = database.scan(MAX_SCAN_TIME).await?;
    let tenant = tx.tenant();
    let name: Option<String> = sqlx::query_scalar(
        "DELETE FROM custom_attributes WHERE tenant_id = $1 AND name_key = $2 RETURNING name",
    )
    .bind(tenant)
    .bind(fold(name))
    .fetch_optional(tx.conn())
    .await?;
    let Some(name) = name else { return Ok(Deleted::Absent) };
    let users: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM users
             WHERE tenant_id = $1 AND created_at > '-infinity' AND resource #> $2 IS NOT NULL",
    )
    .bind(tenant)
    .bind(vec![CUSTOM_USER.to_owned(), name])
    .fetch_one(tx.conn())
    .await?;
    if users > 0 {
        return Ok(Deleted::InUse(users));
    }
    tx.commit().await?;
    Ok(Deleted::Done)
}
