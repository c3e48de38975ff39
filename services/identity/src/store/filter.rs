//! Translates filters to SQL. A bound filter becomes one condition on a row `r` of users or groups. All values, names
//! of attributes and the tenant are bound as parameters; text that is pushed is written in this module. Each test is
//! true or false, never NULL, so that `not` works as expected.

#[cfg(test)]
mod agreement;
mod list;
mod source;

use sqlx::{Postgres, QueryBuilder};
use usher_scim::filter::{Bound, Case, Order, Place, Test, TextOp};
use usher_store::Micros;
use uuid::Uuid;

pub(crate) use source::Reader;
pub(super) use source::{Source, Table};

use source::List;

use crate::query::Probe;

/// Appends conditions to a query.
pub(super) struct Condition<'q> {
    pub(super) query: &'q mut QueryBuilder<Postgres>,
    pub(super) table: Table,
    pub(super) tenant: Uuid,
    pub(super) reader: Reader<'q>,
}

/// Where the parts of an element are stored.
#[derive(Clone, Debug)]
enum Element {
    /// A row of a list.
    Row(List),
    /// The columns of `meta`.
    Meta,
    /// A JSON object: `e.v`.
    Json,
    /// A JSON object at a path of the resource.
    At(Vec<String>),
}

impl Condition<'_> {
    /// Pushes the condition of a filter.
    pub(super) fn push(&mut self, filter: &Bound<'_>) {
        match filter {
            Bound::And(left, right) => self.pair(left, " AND ", right),
            Bound::Or(left, right) => self.pair(left, " OR ", right),
            Bound::Not(inner) => {
                self.query.push("(NOT ");
                self.push(inner);
                self.query.push(")");
            }
            Bound::Some(place, test) => self.some(place, test),
            Bound::Element(place, inner) => self.element(place, inner),
        }
    }

    /// Pushes the required equalities again in a form that an index can answer; returns whether there are any. If
    /// there are none, the statement has to read the whole workspace, and must be marked as a scan.
    pub(super) fn push_indexed(&mut self, filter: &Bound<'_>) -> bool {
        if let Some(ids) = ids(filter, self.table) {
            // With an empty list the planner would choose to read everything.
            let ids = if ids.is_empty() { vec![Uuid::nil()] } else { ids };
            self.query.push(" AND ").push(self.table.id()).push(" = ANY (").push_bind(ids).push(")");
            return true;
        }
        match filter {
            Bound::And(left, right) => {
                let left = self.push_indexed(left);
                self.push_indexed(right) || left
            }
            Bound::Some(place, test @ Test::Text(TextOp::Order(Order::Eq), literal, _)) => {
                match (self.table.source(place), Probe::find(filter)) {
                    (Source::Keyed { key: column, .. } | Source::Text(column @ "r.external_id"), _) => {
                        self.query.push(" AND ").push(column).push(" = ").push_bind(literal.clone());
                        true
                    }
                    (Source::ExternalId, _) => {
                        self.query.push(" AND r.external_id = ").push_bind(literal.clone());
                        true
                    }
                    (_, Some(Probe::Email(address))) => self.address(&address, "other_emails"),
                    (Source::List(list), _) => self.indexed_membership(list, place.sub, test),
                    _ => false,
                }
            }
            Bound::Element(place, inner) => {
                match (self.table.source(place), Probe::find(filter), inner.as_ref()) {
                    (_, Some(Probe::WorkEmail(address)), _) => self.address(&address, "several_work_emails"),
                    (_, Some(Probe::Email(address)), _) => self.address(&address, "other_emails"),
                    (Source::List(list), _, Bound::Some(part, test)) => {
                        self.indexed_membership(list, part.sub, test)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Pushes an index condition for users with this address as their first address of type work, and one for users
    /// with it elsewhere.
    fn address(&mut self, address: &str, others: &'static str) -> bool {
        self.query
            .push(" AND r.user_id = ANY (ARRAY(SELECT w.user_id FROM users w WHERE w.tenant_id = ")
            .push_bind(self.tenant)
            .push(" AND w.work_email_key = ")
            .push_bind(address.to_owned())
            .push(" UNION ALL SELECT o.user_id FROM users o WHERE o.tenant_id = ")
            .push_bind(self.tenant)
            .push(" AND o.")
            .push(others)
            .push("))");
        true
    }

    fn indexed_membership(
        &mut self,
        list: List,
        sub: Option<&usher_scim::schema::Attribute>,
        test: &Test,
    ) -> bool {
        let Some(id) = list::by_id(list, sub, test) else { return false };
        self.query.push(" AND ").push(self.table.id()).push(" = ANY (ARRAY(");
        self.push_membership(list, id);
        self.query.push("))");
        true
    }

    /// Pushes the condition of a filter on the members of a group, whose rows are named as in [`List::Members`].
    pub(super) fn push_member(&mut self, filter: &Bound<'_>) {
        self.inner(filter, &Element::Row(List::Members));
    }

    fn pair(&mut self, left: &Bound<'_>, word: &'static str, right: &Bound<'_>) {
        self.query.push("(");
        self.push(left);
        self.query.push(word);
        self.push(right);
        self.query.push(")");
    }

    fn some(&mut self, place: &Place<'_>, test: &Test) {
        let source = self.table.source(place);
        match (source, test) {
            (Source::List(list), test) => {
                if !self.membership(list, place.sub, test) {
                    self.listed(list, |it| it.leaf(&list.part(place.sub), test));
                }
            }
            (Source::Json(path), test) if place.attribute.multi_valued => {
                self.elements(path, |it| it.leaf(&Source::element(place.sub), test));
            }
            (source, test) => self.leaf(&source, test),
        }
    }

    fn element(&mut self, place: &Place<'_>, inner: &Bound<'_>) {
        match self.table.source(place) {
            Source::List(list) => match inner {
                Bound::Some(part, test) if self.membership(list, part.sub, test) => {}
                _ => self.listed(list, |it| it.inner(inner, &Element::Row(list))),
            },
            Source::Json(path) if place.attribute.multi_valued => {
                self.elements(path, |it| it.inner(inner, &Element::Json));
            }
            Source::Json(path) => {
                self.query.push("((r.resource #> ").push_bind(path.clone()).push(") IS NOT NULL AND ");
                self.inner(inner, &Element::At(path));
                self.query.push(")");
            }
            // `meta` is the only complex attribute that is stored in columns.
            _ => self.inner(inner, &Element::Meta),
        }
    }

    fn inner(&mut self, filter: &Bound<'_>, element: &Element) {
        let pair = |it: &mut Self, left: &Bound<'_>, word: &'static str, right: &Bound<'_>| {
            it.query.push("(");
            it.inner(left, element);
            it.query.push(word);
            it.inner(right, element);
            it.query.push(")");
        };
        match filter {
            Bound::And(left, right) => pair(self, left, " AND ", right),
            Bound::Or(left, right) => pair(self, left, " OR ", right),
            Bound::Not(inner) => {
                self.query.push("(NOT ");
                self.inner(inner, element);
                self.query.push(")");
            }
            Bound::Some(place, test) => {
                let source = match element {
                    Element::Row(list) => list.part(place.sub),
                    Element::Meta => self.table.source(place),
                    Element::Json => Source::element(place.sub),
                    Element::At(path) => Source::below(path, place.sub),
                };
                self.leaf(&source, test);
            }
            // Elements can't contain this.
            Bound::Element(..) => {
                self.query.push("false");
            }
        }
    }

    /// Pushes the condition that some element of a JSON list meets a condition on `e.v`.
    fn elements(&mut self, path: Vec<String>, condition: impl FnOnce(&mut Self)) {
        self.query
            .push("EXISTS (SELECT 1 FROM jsonb_array_elements(r.resource #> ")
            .push_bind(path)
            .push(") e(v) WHERE ");
        condition(self);
        self.query.push(")");
    }

    /// Pushes the condition that a single value passes the test.
    fn leaf(&mut self, source: &Source, test: &Test) {
        match (source, test) {
            (Source::Always, _) => {
                self.query.push("true");
            }
            (Source::Json(_) | Source::Part(_), Test::Present) => {
                self.query.push("coalesce(");
                source.push_json(self.query);
                self.query.push(" NOT IN ('null', '\"\"', '[]', '{}'), false)");
            }
            (source, Test::Present) => {
                self.query.push("(");
                source.push_text(self.query, self.reader);
                self.query.push(") IS NOT NULL");
            }
            (Source::Id(column), Test::Text(TextOp::Order(Order::Eq), literal, _)) => {
                match canonical_uuid(literal) {
                    Some(id) => self.query.push(column).push(" = ").push_bind(id),
                    None => self.query.push("false"),
                };
            }
            (
                Source::Keyed { key, .. },
                Test::Text(TextOp::Order(Order::Eq), literal, Case::Folded | Case::UserName),
            ) => {
                self.query
                    .push("coalesce(")
                    .push(key)
                    .push(" = ")
                    .push_bind(literal.clone())
                    .push(", false)");
            }
            (Source::Boolean(column), Test::Boolean(value)) => {
                self.query.push("(").push(column).push(" = ").push_bind(*value).push(")");
            }
            (Source::Time(column), Test::Time(order, at)) => {
                self.query.push("(").push(column).push(sign(*order)).push_bind(Micros(*at)).push(")");
            }
            (source, test) => self.typed(source, test),
        }
    }

    fn typed(&mut self, source: &Source, test: &Test) {
        self.query.push("coalesce(");
        match test {
            Test::Text(op, literal, case) => self.text(source, *op, literal, *case),
            Test::Boolean(value) => {
                source.push_text(self.query, self.reader);
                self.query.push(" = ").push_bind(if *value { "true" } else { "false" });
            }
            Test::Time(order, at) => {
                self.query.push("(");
                source.push_text(self.query, self.reader);
                self.query.push(")::timestamptz").push(sign(*order)).push_bind(Micros(*at));
            }
            Test::Integer(order, number) => {
                self.query.push("(");
                source.push_text(self.query, self.reader);
                self.query.push(")::bigint").push(sign(*order)).push_bind(*number);
            }
            Test::Decimal(order, number) => {
                self.query.push("(");
                source.push_text(self.query, self.reader);
                self.query.push(")::float8").push(sign(*order)).push_bind(*number);
            }
            Test::Present => {
                self.query.push("true");
            }
        }
        self.query.push(", false)");
    }

    fn text(&mut self, source: &Source, op: TextOp, literal: &str, case: Case) {
        let value = |it: &mut Self| {
            if let (Case::UserName, Source::Keyed { key, .. }) = (case, source) {
                it.query.push("(").push(key).push(" COLLATE \"C\")");
                return;
            }
            it.query.push(if case == Case::Exact { "((" } else { "(fold_text(" });
            source.push_text(it.query, it.reader);
            it.query.push(") COLLATE \"C\")");
        };
        let literal = literal.to_owned();
        match op {
            TextOp::Order(order) => {
                value(self);
                self.query.push(sign(order)).push_bind(literal);
            }
            TextOp::Co => {
                self.query.push("strpos(");
                value(self);
                self.query.push(", ").push_bind(literal).push(") > 0");
            }
            TextOp::Sw => {
                self.query.push("starts_with(");
                value(self);
                self.query.push(", ").push_bind(literal).push(")");
            }
            TextOp::Ew => {
                self.query.push("right(");
                value(self);
                self.query.push(", length(").push_bind(literal.clone()).push(")) = ").push_bind(literal);
            }
        }
    }
}

const fn sign(order: Order) -> &'static str {
    match order {
        Order::Eq => " = ",
        Order::Gt => " > ",
        Order::Ge => " >= ",
        Order::Lt => " < ",
        Order::Le => " <= ",
    }
}

/// Returns the ids if a filter is a comparison with an id, or several of them joined by `or`.
fn ids(filter: &Bound<'_>, table: Table) -> Option<Vec<Uuid>> {
    let mut ids = Vec::new();
    let mut left = vec![filter];
    while let Some(part) = left.pop() {
        match part {
            Bound::Or(one, other) => left.extend([one.as_ref(), other.as_ref()]),
            Bound::Some(place, Test::Text(TextOp::Order(Order::Eq), literal, _))
                if matches!(table.source(place), Source::Id(_)) =>
            {
                ids.extend(canonical_uuid(literal));
            }
            _ => return None,
        }
    }
    Some(ids)
}

/// Parses an id in its canonical form only, because case matters.
pub(crate) fn canonical_uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text)
}
