//! Pages of ids by keyset: from a position, which a cursor contains or an index stands for.

use sqlx::{FromRow, Postgres, QueryBuilder};
use usher_scim::filter::{Bound, Place};
use usher_scim::schema::Kind;
use usher_store::{Error, TenantTx};
use uuid::Uuid;

pub(crate) use super::filter::Reader;
use super::filter::{Condition, Source, Table};

/// A page to read.
pub(crate) struct Listing<'a> {
    pub(crate) filter: Option<&'a Bound<'a>>,
    /// `None` means by creation time.
    pub(crate) order: Option<Order<'a>>,
    pub(crate) window: Window<'a>,
    /// The maximum number.
    pub(crate) count: i64,
    pub(crate) reader: Reader<'a>,
}

/// The sorting. Resources without a value come last, in descending order first.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) descending: bool,
}

/// The part of the list to read.
pub(crate) enum Window<'a> {
    /// After a number of resources, with the position of the previous page's end if it is known.
    Index(i64, Option<&'a Position>),
    /// After or before a position; from the start if there is none.
    Cursor(Option<&'a Position>),
}

/// A position between two resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Whether to read what precedes it, and not what follows.
    pub(crate) backward: bool,
    /// The value that the list is sorted by, as text.
    pub(crate) key: Option<String>,
    pub(crate) id: Uuid,
    /// The total number when the first page was read.
    pub(crate) total: i64,
}

pub(crate) struct Page {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) total: i64,
    /// The position after the last resource.
    pub(crate) end: Option<Position>,
    /// The same, if more resources follow.
    pub(crate) next: Option<Position>,
    /// The position before the first resource, if others precede it.
    pub(crate) previous: Option<Position>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    key: Option<String>,
}

impl Listing<'_> {
    /// Reads the ids of a page, in order.
    pub(crate) async fn read(&self, tx: &mut TenantTx, table: Table) -> Result<Page, Error> {
        // With an ordered index scan only a page is read; a bitmap scan would read all rows behind the position.
        sqlx::raw_sql("SET LOCAL enable_bitmapscan = off").execute(tx.conn()).await?;
        match self.window {
            Window::Index(offset, after) => self.by_index(tx, table, offset, after).await,
            Window::Cursor(position) => {
                let total = match position {
                    None => self.total(tx, table).await?,
                    Some(position) => position.total,
                };
                self.from(tx, table, position, 0, total).await
            }
        }
    }

    /// For an unfiltered list, milestones give the number of resources before a position. Any other list is counted
    /// once, and a page whose position is unknown is reached by reading those before it.
    async fn by_index(
        &self,
        tx: &mut TenantTx,
        table: Table,
        offset: i64,
        after: Option<&Position>,
    ) -> Result<Page, Error> {
        if self.filter.is_none() && self.order.is_none() {
            let (start, total): (Option<Uuid>, i64) =
                sqlx::query_as("SELECT * FROM list_start($1, $2, $3, $4)")
                    .bind(tx.tenant())
                    .bind(table.list())
                    .bind(offset)
                    .bind(after.map(|position| position.id))
                    .fetch_one(tx.conn())
                    .await?;
            if offset > 0 && start.is_none() {
                return Ok(Page { ids: Vec::new(), total, end: None, next: None, previous: None });
            }
            let start = start.map(|id| Position { backward: false, key: None, id, total });
            return self.from(tx, table, start.as_ref(), 0, total).await;
        }
        if let Some(position) = after {
            return self.from(tx, table, Some(position), 0, position.total).await;
        }
        let total = self.total(tx, table).await?;
        self.from(tx, table, None, offset, total).await
    }

    /// Reads the page after or before a position, after skipping a number of resources.
    async fn from(
        &self,
        tx: &mut TenantTx,
        table: Table,
        position: Option<&Position>,
        skipped: i64,
        total: i64,
    ) -> Result<Page, Error> {
        let mut page = Page { ids: Vec::new(), total, end: None, next: None, previous: None };
        if self.count == 0 || skipped > 0 && skipped >= total {
            return Ok(page);
        }
        let backward = position.is_some_and(|position| position.backward);
        let mut query = self.select(tx, table);
        if let Some(position) = position {
            self.push_position(&mut query, table, position);
        }
        self.push_order(&mut query, table, backward);
        query.push(" OFFSET ").push_bind(skipped).push(" LIMIT ").push_bind(self.count + 1);
        let mut rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > self.count;
        if more {
            rows.pop();
        }
        if backward {
            rows.reverse();
        }
        let at = |row: &Row, backward| Position { backward, key: row.key.clone(), id: row.id, total };
        page.end = rows.last().map(|row| at(row, false));
        // When reading backward, a page always follows: the one that the client comes from.
        if more || backward {
            page.next.clone_from(&page.end);
        }
        if if backward { more } else { position.is_some() } {
            page.previous = rows.first().map(|row| at(row, true));
        }
        page.ids = rows.into_iter().map(|row| row.id).collect();
        Ok(page)
    }

    async fn total(&self, tx: &mut TenantTx, table: Table) -> Result<i64, Error> {
        if self.filter.is_none() {
            return Ok(sqlx::query_scalar("SELECT total FROM list_start($1, $2, 0, NULL)")
                .bind(tx.tenant())
                .bind(table.list())
                .fetch_one(tx.conn())
                .await?);
        }
        let mut query = QueryBuilder::new("SELECT count(*)");
        self.push_condition(&mut query, tx.tenant(), table);
        Ok(query.build_query_scalar().fetch_one(tx.conn()).await?)
    }

    fn select(&self, tx: &TenantTx, table: Table) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(table.id()).push(" AS id, ");
        match self.order {
            None => {
                query.push("NULL::text");
            }
            Some(order) => {
                query.push("(");
                self.push_key(&mut query, table, order.place);
                query.push(")::text");
            }
        }
        query.push(" AS key");
        self.push_condition(&mut query, tx.tenant(), table);
        query
    }

    fn push_condition(&self, query: &mut QueryBuilder<Postgres>, tenant: Uuid, table: Table) {
        query.push(table.from()).push(" WHERE r.tenant_id = ").push_bind(tenant);
        let mut condition = Condition { query, table, tenant, reader: self.reader };
        if !self.filter.is_some_and(|filter| condition.push_indexed(filter)) {
            // Always true. The condition makes the planner read the workspace in order (migration 0030).
            condition.query.push(" AND r.created_at > '-infinity'");
        }
        if let Some(filter) = self.filter {
            condition.query.push(" AND ");
            condition.push(filter);
        }
    }

    fn push_order(&self, query: &mut QueryBuilder<Postgres>, table: Table, backward: bool) {
        query.push(" ORDER BY ");
        if let Some(order) = self.order {
            self.push_key(query, table, order.place);
            query.push(if order.descending == backward {
                " ASC NULLS LAST, "
            } else {
                " DESC NULLS FIRST, "
            });
        }
        query.push(table.id()).push(if backward { " DESC" } else { " ASC" });
    }

    /// Pushes the condition for what follows or precedes a position.
    fn push_position(&self, query: &mut QueryBuilder<Postgres>, table: Table, position: &Position) {
        query.push(" AND (");
        let beyond = if position.backward { " < " } else { " > " };
        let Some(order) = self.order else {
            query.push(table.id()).push(beyond).push_bind(position.id).push(")");
            return;
        };
        // In ascending order, NULL is greater than all values.
        let upward = order.descending == position.backward;
        if let Some(key) = &position.key {
            let place = order.place;
            self.push_key(query, table, place);
            query.push(if upward { " > " } else { " < " });
            query.push_bind(key.clone()).push("::text").push(cast(place));
            query.push(" OR (");
            self.push_key(query, table, place);
            query.push(" = ").push_bind(key.clone()).push("::text").push(cast(place)).push(" AND ");
            query.push(table.id()).push(beyond).push_bind(position.id).push(")");
            if upward {
                query.push(" OR ");
                self.push_key(query, table, place);
                query.push(" IS NULL");
            }
        } else {
            query.push("(");
            self.push_key(query, table, order.place);
            query.push(" IS NULL AND ").push(table.id()).push(beyond).push_bind(position.id).push(")");
            if !upward {
                query.push(" OR ");
                self.push_key(query, table, order.place);
                query.push(" IS NOT NULL");
            }
        }
        query.push(")");
    }

    /// Pushes the sort key: texts by code point, folded if case does not matter; for a list the primary element's
    /// value, otherwise the first one's (RFC 7644 section 3.4.2.3).
    fn push_key(&self, query: &mut QueryBuilder<Postgres>, table: Table, place: Place<'_>) {
        let leaf = place.leaf();
        let text = matches!(leaf.kind, Kind::String | Kind::Reference | Kind::Binary);
        query.push(match (text, leaf.case_exact) {
            (true, true) => "(((",
            (true, false) => "((fold_text((",
            (false, _) => "((",
        });
        match table.source(&place) {
            Source::Json(path) if place.attribute.multi_valued => {
                query.push("SELECT ");
                Source::Part(place.sub.map(|sub| sub.name.to_string())).push_text(query, self.reader);
                query.push(" FROM jsonb_array_elements(r.resource #> ").push_bind(path);
                query.push(
                    ") WITH ORDINALITY e(v, n) ORDER BY coalesce((e.v ->> 'primary')::boolean, false) DESC, n LIMIT 1",
                );
            }
            source => source.push_text(query, self.reader),
        }
        query.push(match (text, leaf.case_exact) {
            (true, true) => ") COLLATE \"C\"))",
            (true, false) => ")) COLLATE \"C\"))",
            (false, _) => ")",
        });
        if !text {
            query.push(cast(place)).push(")");
        }
    }
}

/// The type to which the text of a value is cast.
fn cast(place: Place<'_>) -> &'static str {
    match place.leaf().kind {
        Kind::Boolean => "::boolean",
        Kind::DateTime => "::timestamptz",
        Kind::Integer => "::bigint",
        Kind::Decimal => "::float8",
        Kind::String | Kind::Reference | Kind::Binary | Kind::Complex => "",
    }
}
