//! Where values are: in columns, in lists of rows, or in `resource`.

use sqlx::{Postgres, QueryBuilder};
use usher_scim::filter::Place;
use usher_scim::schema::{Attribute, USHER_USER};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Users,
    Groups,
}

/// Who reads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a> {
    /// What addresses begin with: the workspace's SCIM base.
    pub(crate) base: &'a str,
    /// The API app that reads, which has no other app's `externalId`; none for who administers.
    pub(crate) client: Option<&'a str>,
}

/// Where the value of an attribute, or of a part, is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A value that every resource has.
    Always,
    /// A `uuid`.
    Id(&'static str),
    /// A `text`.
    Text(&'static str),
    /// The `externalId`, where it is the reader's own.
    ExternalId,
    /// A `text` that has its folded form in a column of its own.
    Keyed { text: &'static str, key: &'static str },
    /// A `boolean`.
    Boolean(&'static str),
    /// A `timestamptz`.
    Time(&'static str),
    /// A text after the workspace's SCIM base.
    Address(&'static str),
    /// Rows.
    List(List),
    /// At a path of `r.resource`.
    Json(Vec<String>),
    /// In an element of a JSON list: the part of that name, or the element itself.
    Part(Option<String>),
}

/// A list whose elements are rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// The schemas that a user uses.
    UserSchemas,
    /// The one that a group uses.
    GroupSchemas,
    /// The groups that a user is in.
    Groups,
    /// The members of a group.
    Members,
}

impl Table {
    /// The table, as row `r`.
    pub(crate) const fn from(self) -> &'static str {
        match self {
            Self::Users => " FROM users r",
            Self::Groups => " FROM groups r",
        }
    }

    /// The number of its list in `milestones`.
    pub(crate) const fn list(self) -> i16 {
        match self {
            Self::Users => 1,
            Self::Groups => 2,
        }
    }

    /// The column with the id.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Users => "r.user_id",
            Self::Groups => "r.group_id",
        }
    }

    /// Where a place's value is.
    pub(crate) fn source(self, place: &Place<'_>) -> Source {
        let name = place.attribute.name.as_ref();
        match (self, place.extension, name) {
            (_, None, "id") => Source::Id(self.id()),
            (_, None, "externalId") => Source::ExternalId,
            (_, None, "meta") => self.meta(place.sub),
            (Self::Users, None, "userName") => Source::Keyed { text: "r.user_name", key: "r.user_name_key" },
            (Self::Users, None, "displayName") => {
                Source::Keyed { text: "(r.resource ->> 'displayName')", key: "r.display_name_key" }
            }
            (Self::Users, None, "active") => Source::Boolean("r.active"),
            (Self::Users, Some(USHER_USER), _) => Source::Text("r.user_type"),
            (Self::Users, None, "schemas") => Source::List(List::UserSchemas),
            (Self::Users, None, "groups") => Source::List(List::Groups),
            (Self::Groups, None, "displayName") => {
                Source::Keyed { text: "r.display_name", key: "r.display_name_key" }
            }
            (Self::Groups, None, "schemas") => Source::List(List::GroupSchemas),
            (Self::Groups, None, "members") => Source::List(List::Members),
            (_, extension, name) => {
                let mut path: Vec<String> = extension.map(str::to_owned).into_iter().collect();
                path.push(name.to_owned());
                if let Some(sub) = place.sub.filter(|_| !place.attribute.multi_valued) {
                    path.push(sub.name.to_string());
                }
                Source::Json(path)
            }
        }
    }

    fn meta(self, sub: Option<&Attribute>) -> Source {
        match (self, sub.map(|sub| sub.name.as_ref())) {
            (_, None) => Source::Always,
            (_, Some("created")) => Source::Time("r.created_at"),
            (_, Some("lastModified")) => Source::Time("r.updated_at"),
            (_, Some("version")) => Source::Text("'W/\"' || r.version || '\"'"),
            (Self::Users, Some("resourceType")) => Source::Text("'User'"),
            (Self::Users, Some(_)) => Source::Address("'/Users/' || r.user_id"),
            (Self::Groups, Some("resourceType")) => Source::Text("'Group'"),
            (Self::Groups, Some(_)) => Source::Address("'/Groups/' || r.group_id"),
        }
    }
}

impl Source {
    /// A part of an element `e.v`, or the element itself.
    pub(super) fn element(sub: Option<&Attribute>) -> Self {
        Self::Part(sub.map(|sub| sub.name.to_string()))
    }

    /// A part of the object at a path of the resource.
    pub(super) fn below(path: &[String], sub: Option<&Attribute>) -> Self {
        let part = sub.map(|sub| sub.name.to_string());
        Self::Json(path.iter().cloned().chain(part).collect())
    }

    /// The value as `text`; NULL where there is none.
    pub(crate) fn push_text(&self, query: &mut QueryBuilder<Postgres>, reader: Reader<'_>) {
        match self {
            Self::Always | Self::List(_) => query.push("NULL::text"),
            Self::Id(column) | Self::Boolean(column) | Self::Time(column) => {
                query.push(column).push("::text")
            }
            Self::Text(text) | Self::Keyed { text, .. } => query.push("(").push(text).push(")"),
            Self::ExternalId => match reader.client {
                None => query.push("(r.external_id)"),
                Some(client) => query
                    .push("(CASE WHEN r.connection = ")
                    .push_bind(client.to_owned())
                    .push(" THEN r.external_id END)"),
            },
            Self::Address(rest) => {
                query.push("(").push_bind(reader.base.to_owned()).push(" || ").push(rest).push(")")
            }
            Self::Json(path) => query.push("(r.resource #>> ").push_bind(path.clone()).push(")"),
            Self::Part(Some(name)) => query.push("(e.v ->> ").push_bind(name.clone()).push(")"),
            Self::Part(None) => query.push("(e.v #>> '{}')"),
        };
    }

    /// The value as `jsonb`; only for what is JSON.
    pub(super) fn push_json(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Json(path) => query.push("(r.resource #> ").push_bind(path.clone()).push(")"),
            Self::Part(Some(name)) => query.push("(e.v -> ").push_bind(name.clone()).push(")"),
            _ => query.push("e.v"),
        };
    }
}
