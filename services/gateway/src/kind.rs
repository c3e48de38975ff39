//! Resource types.

use serde_json::Value;
use usher_scim::schema::{self, ResourceType};
use usher_scim::user::{self, Envelope};
use usher_scim::{Object, Profile, group};

/// A resource type that has an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
}

impl Kind {
    /// All types, in the order of a search over all of them.
    pub(crate) const ALL: [Self; 2] = [Self::User, Self::Group];

    /// `/Users`
    pub(crate) const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// `User`
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The schema, without custom attributes.
    pub(crate) fn resource_type(self) -> &'static ResourceType {
        match self {
            Self::User => schema::user(),
            Self::Group => schema::group(),
        }
    }

    /// The attribute that is expensive to read, and is left out unless it is requested.
    pub(crate) const fn membership(self) -> &'static str {
        match self {
            Self::User => "groups",
            Self::Group => "members",
        }
    }

    /// The document as sent to clients.
    pub(crate) fn render(self, attributes: Object, envelope: &Envelope<'_>) -> Object {
        match self {
            Self::User => user::render(attributes, envelope),
            Self::Group => group::render(attributes, envelope),
        }
    }

    /// Splits a path below the workspace's URL into the resource type and the rest.
    pub(crate) fn of_path(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|kind| {
            let rest = path.strip_prefix(kind.endpoint())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((kind, rest))
        })
    }
}

/// A resource as identity stores it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) attributes: Object,
    pub(crate) version: i64,
    /// RFC 3339.
    pub(crate) created: String,
    /// RFC 3339.
    pub(crate) modified: String,
    /// Whether this write made the user a Collaborator because no paid seat was free.
    pub(crate) degraded: bool,
}

impl Resource {
    /// The complete document as sent to clients. `base` is the workspace's URL as the client knows it.
    pub(crate) fn render(self, kind: Kind, base: &str) -> Object {
        let location = self.location(kind, base);
        let envelope = Envelope {
            id: &self.id,
            version: self.version,
            created: &self.created,
            last_modified: &self.modified,
            location: &location,
        };
        kind.render(self.attributes, &envelope)
    }

    /// The resource's own URL.
    pub(crate) fn location(&self, kind: Kind, base: &str) -> String {
        format!("{base}{}/{}", kind.endpoint(), self.id)
    }
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) resources: Vec<Resource>,
    pub(crate) total: u64,
    /// Empty on the last page, and with index-based paging.
    pub(crate) next_cursor: String,
    /// Empty on the first page, and with index-based paging.
    pub(crate) previous_cursor: String,
}

/// A list and one of its pages.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) filter: String,
    pub(crate) start_index: i64,
    pub(crate) count: i32,
    pub(crate) sort_by: String,
    pub(crate) descending: bool,
    pub(crate) cursor: Option<String>,
    /// Whether to leave out `groups` or `members`.
    pub(crate) without_membership: bool,
    pub(crate) base_url: String,
    /// The dialect of the filter.
    pub(crate) profile: Profile,
}

/// The documents of a page, with the requested attributes only.
pub(crate) fn documents(
    kind: Kind,
    resources: Vec<Resource>,
    base: &str,
    projection: &usher_scim::projection::Projection,
) -> Vec<Value> {
    resources
        .into_iter()
        .map(|resource| {
            let mut document = resource.render(kind, base);
            projection.apply(&mut document);
            Value::Object(document)
        })
        .collect()
}
