//! The types of resources.

use serde_json::Value;
use usher_scim::schema::{self, ResourceType};
use usher_scim::user::{self, Envelope};
use usher_scim::{Object, Profile, group};

/// A type of resource that has an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
}

impl Kind {
    /// All there are, in the order in which a search over all of them goes.
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

    /// Its schema, without a workspace's own attributes.
    pub(crate) fn resource_type(self) -> &'static ResourceType {
        match self {
            Self::User => schema::user(),
            Self::Group => schema::group(),
        }
    }

    /// The attribute whose reading costs what the rest does not: it is left out where nobody wants it.
    pub(crate) const fn membership(self) -> &'static str {
        match self {
            Self::User => "groups",
            Self::Group => "members",
        }
    }

    /// The document on the wire.
    pub(crate) fn render(self, attributes: Object, envelope: &Envelope<'_>) -> Object {
        match self {
            Self::User => user::render(attributes, envelope),
            Self::Group => group::render(attributes, envelope),
        }
    }

    /// The type of a path below the workspace's URL, and what follows it.
    pub(crate) fn of_path(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|kind| {
            let rest = path.strip_prefix(kind.endpoint())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((kind, rest))
        })
    }
}

/// A resource as identity keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) attributes: Object,
    pub(crate) version: i64,
    /// RFC 3339.
    pub(crate) created: String,
    /// RFC 3339.
    pub(crate) modified: String,
    /// Whether the write at hand made it a Collaborator because no paid seat was free.
    pub(crate) degraded: bool,
}

impl Resource {
    /// The document on the wire, whole. `base` is the workspace's URL as the client knows it.
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

    /// Its own address.
    pub(crate) fn location(&self, kind: Kind, base: &str) -> String {
        format!("{base}{}/{}", kind.endpoint(), self.id)
    }
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) resources: Vec<Resource>,
    pub(crate) total: u64,
    /// Empty on the last page, and where pages are asked for by index.
    pub(crate) next_cursor: String,
    /// Empty on the first page, and where pages are asked for by index.
    pub(crate) previous_cursor: String,
}

/// Which page of which list.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) filter: String,
    pub(crate) start_index: i64,
    pub(crate) count: i32,
    pub(crate) sort_by: String,
    pub(crate) descending: bool,
    pub(crate) cursor: Option<String>,
    /// Whether `groups` or `members` are left out.
    pub(crate) without_membership: bool,
    pub(crate) base_url: String,
    /// How strictly the filter is read.
    pub(crate) profile: Profile,
}

/// The documents of a page, projected.
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
