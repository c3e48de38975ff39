//! Changes that somebody with all rights makes in the database, without the service.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::harness::Billing;

/// Tables that prove nothing: locks, and the times of jobs.
const NO_PROOF: [&str; 3] = ["accounts", "jobs", "_sqlx_migrations"];
/// Columns of `ledgers` with identity's progress at its last call; the next call sends it again.
const PASSING: [&str; 9] = [
    "watermark_at",
    "watermark_sequence",
    "span_since",
    "span_first",
    "span_until",
    "span_last",
    "span_behind",
    "digest_wanted",
    "compared_at",
];

pub async fn owner(billing: &Billing) -> PgConnection {
    PgConnection::connect(&billing.database.owner_url()).await.unwrap()
}

pub async fn run(owner: &mut PgConnection, sql: String) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(owner).await
}

/// Tables whose faults do not name the row.
const LOOSE: [&str; 6] = ["intervals", "seats", "ledgers", "records", "record_heads", "signed_heads"];

/// The tables to which a verification writes.
pub const OWN: [&str; 3] = ["records", "record_heads", "verifications"];

/// Saves copies of the tables to which a verification writes.
pub async fn keep(owner: &mut PgConnection) {
    for own in OWN {
        run(owner, format!("CREATE TEMP TABLE own_{own} AS TABLE {own}")).await.unwrap();
    }
}

/// Returns the statements that restore what [`keep`] saved.
pub fn own_back() -> String {
    OWN.map(|own| format!("DELETE FROM {own}; INSERT INTO {own} SELECT * FROM own_{own};")).concat()
}

/// What is changed in a table: a column of its first row, or of its first fact of a kind.
pub type Spot<'c> = (&'c Column, &'static str);

/// A changed value, and what is needed to restore it.
pub struct Change<'c> {
    pub spot: Spot<'c>,
    /// The current location of the row (`ctid`).
    row: String,
    was: Option<String>,
    /// The beginning of a fault about the row; `None` if it is not known.
    told_as: Option<String>,
}

impl<'c> Change<'c> {
    /// Changes a value; returns `None` if there is no row. A constraint of the database that prevents the
    /// change is as good as a fault.
    pub async fn make(owner: &mut PgConnection, spot: Spot<'c>) -> Result<Option<Self>, sqlx::Error> {
        let (Column { table, name, kind }, of) = spot;
        let (number, of) = match of {
            "" => ("NULL", String::new()),
            of => ("'fact ' || sequence || ' '", format!("WHERE kind = '{of}'")),
        };
        let first =
            format!("SELECT ctid::text, {name}::text, {number} FROM {table} {of} ORDER BY ctid LIMIT 1");
        let first: Option<(String, Option<String>, Option<String>)> =
            sqlx::query_as(AssertSqlSafe(first)).fetch_optional(&mut *owner).await?;
        let Some((row, was, number)) = first else { return Ok(None) };
        let Some(other) = other(name, kind) else { panic!("{table}.{name} is of type {kind}") };
        let change = format!("UPDATE {table} SET {name} = {other} WHERE ctid = '{row}' RETURNING ctid::text");
        let row = run(owner, change).await?.unwrap();
        let told_as = match table.as_str() {
            // A wrong hash is also reported for the next fact, and a wrong number for others.
            "events" => number.filter(|_| !["hash", "sequence", "tenant_id"].contains(&name.as_str())),
            loose if LOOSE.contains(&loose) => None,
            table => Some(format!("{table} ")),
        };
        Ok(Some(Self { spot, row, was, told_as }))
    }

    pub fn is_told(&self, faults: &[String]) -> bool {
        let of_row = |told_as: &String| faults.iter().any(|fault| fault.starts_with(told_as.as_str()));
        self.told_as.as_ref().is_some_and(of_row)
    }

    pub async fn undo(&self, owner: &mut PgConnection) {
        let Column { table, name, kind } = self.spot.0;
        if !OWN.contains(&table.as_str()) {
            let back = format!("UPDATE {table} SET {name} = $1::{kind} WHERE ctid = '{}'", self.row);
            sqlx::query(AssertSqlSafe(back)).bind(&self.was).execute(owner).await.unwrap();
        }
    }
}

/// Groups changes so that one verification reports all of a group: a column of each table whose faults name
/// the row, a column of a fact of each kind, and every other column alone.
pub fn rounds(columns: &[Column]) -> Vec<Vec<Spot<'_>>> {
    let (mut together, mut rounds) = (Vec::<Vec<Spot<'_>>>::new(), Vec::new());
    let (mut table, mut number) = ("", 0);
    for column in columns.iter().filter(|column| column.proves()) {
        number = if column.table == table { number + 1 } else { 0 };
        table = &column.table;
        if table == "events" {
            rounds.push(["state", "correction", "link"].map(|of| (column, of)).to_vec());
        } else if LOOSE.contains(&table) {
            rounds.push(vec![(column, "")]);
        } else {
            together.resize(together.len().max(number + 1), Vec::new());
            together[number].push((column, ""));
        }
    }
    rounds.extend(together);
    rounds
}

#[derive(sqlx::FromRow)]
pub struct Column {
    pub table: String,
    pub name: String,
    /// The type of the column.
    pub kind: String,
}

impl Column {
    /// Returns whether a verification must report a change of the column.
    fn proves(&self) -> bool {
        let Self { table, name, .. } = self;
        // The exported signed heads reveal that a head was removed.
        let passing = (table == "ledgers" && PASSING.contains(&name.as_str()))
            || (table == "signed_heads" && name == "tenant_id");
        !NO_PROOF.contains(&table.as_str()) && !passing
    }
}

pub async fn columns(owner: &mut PgConnection) -> Vec<Column> {
    let columns = sqlx::query_as(
        "SELECT c.relname::text AS table, a.attname::text AS name, format_type(a.atttypid, NULL) AS kind
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY 1, a.attnum",
    );
    columns.fetch_all(owner).await.unwrap()
}

/// Returns another value of the type of a column.
pub fn other(column: &str, kind: &str) -> Option<String> {
    Some(match kind {
        "text" => format!("coalesce({column}, '') || 'x'"),
        "bigint" | "integer" | "smallint" => format!("coalesce({column}, 0) + 1"),
        "timestamp with time zone" => format!("coalesce({column}, to_timestamp(0)) + interval '1 second'"),
        "date" => format!("{column} + 1"),
        "uuid" => "gen_random_uuid()".to_owned(),
        "boolean" => format!("NOT {column}"),
        "bytea" => format!("coalesce(set_byte({column}, 0, get_byte({column}, 0) # 1), '\\x00')"),
        "jsonb" => format!("{column} || '{{\"x\": 1}}'"),
        "bigint[]" => format!("{column}[1:0] || ({column}[1] + 1) || {column}[2:]"),
        "text[]" => format!("{column} || 'x'::text"),
        "uuid[]" => format!("coalesce({column}, '{{}}') || gen_random_uuid()"),
        _ => return None,
    })
}

/// Returns the tables that prove something, each with the last column of its primary key.
pub async fn keyed_tables(owner: &mut PgConnection) -> Vec<Column> {
    let tables = sqlx::query_as(
        "SELECT c.relname::text AS table, a.attname::text AS name, format_type(a.atttypid, NULL) AS kind
         FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[i.indnatts - 1]
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname::text <> ALL ($1)
         ORDER BY 1",
    );
    tables.bind(NO_PROOF).fetch_all(owner).await.unwrap()
}
