//! Where values are stored: in columns, in lists of rows, or in `resource`.

use sqlx::{Postgres, QueryBuilder};
use usher_scim::filter::Place;
use usher_scim::schema::{Attribute, USHER_USER};

/// The table that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Users,
    Groups,
}

/// The reader of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a> {
    /// The beginning of URLs: the workspace's SCIM base URL.
    pub(crate) base: &'a str,
    /// The app that reads, which does not see the `externalId` of another app; `None` for admins, services and
    /// operators.
    pub(crate) client: Option<&'a str>,
}

/// Where the value of an attribute or a part of it is stored.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A value that every resource has.
    Always,
    /// A `uuid`.
    Id(&'static str),
    /// A `text`.
    Text(&'static str),
    /// The `externalId`, if it belongs to the reader.
    ExternalId,
    /// A `text` whose folded form is in another column.
    Keyed { text: &'static str, key: &'static str },
    /// A `boolean`.
    Boolean(&'static str),
    /// A `timestamptz`.
    Time(&'static str),
    /// A text that follows the workspace's SCIM base URL.
    Address(&'static str),
    /// A list of rows.
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
    /// The schema of groups.
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

    /// The number of the table in `milestones`.
    pub(crate) const fn list(self) -> i16 {
        match self {
            Self::Users => 1,
            Self::Groups => 2,
        }
    }

    /// The name of the id column.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Users => "r.user_id",
            Self::Groups => "r.group_id",
        }
    }

    /// Where the value of a place is stored.
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

    /// Pushes the value as `text`, or NULL if there is none.
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

    /// Pushes the value as `jsonb`. Only for values that are JSON.
    pub(super) fn push_json(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Json(path) => query.push("(r.resource #> ").push_bind(path.clone()).push(")"),
            Self::Part(Some(name)) => query.push("(e.v -> ").push_bind(name.clone()).push(")"),
            _ => query.push("e.v"),
        };
    }
}
