//! An attribute and its characteristics (RFC 7643 section 2.2).

use std::borrow::Cow;

/// The maximum length of a text whose attribute sets no other limit, in bytes.
const MAX_TEXT: usize = 4 << 10;
/// The maximum length of a name that an index looks up, in bytes.
pub(super) const MAX_NAME: usize = 1 << 10;
/// The maximum length of a picture or certificate, in bytes.
pub(super) const MAX_BLOB: usize = 64 << 10;
/// The maximum number of values of a list whose attribute sets no other limit.
const MAX_VALUES: usize = 100;

/// The data type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Kind {
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Reference,
    Binary,
    Complex,
}

impl Kind {
    /// Returns the name in `/Schemas`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Reference => "reference",
            Self::Binary => "binary",
            Self::Complex => "complex",
        }
    }
}

/// Who may change an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
}

impl Mutability {
    /// Returns the name in `/Schemas`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
        }
    }
}

/// When a response includes an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Returned {
    Always,
    Default,
}

impl Returned {
    /// Returns the name in `/Schemas`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Default => "default",
        }
    }
}

/// Within which scope the values of an attribute are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Uniqueness {
    None,
    Server,
}

impl Uniqueness {
    /// Returns the name in `/Schemas`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
        }
    }
}

/// Whether an attribute takes values besides its canonical ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// The canonical values are suggestions; other values are accepted.
    Open,
    /// Only the canonical values are accepted, in any case.
    Closed,
}

/// The definition of an attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name as it is spelled on the wire.
    pub name: Cow<'static, str>,
    /// The data type of the values.
    pub kind: Kind,
    /// Whether the attribute is a list.
    pub multi_valued: bool,
    /// What the attribute is for.
    pub description: Cow<'static, str>,
    /// Whether every resource must have the attribute.
    pub required: bool,
    /// Whether comparisons regard case.
    pub case_exact: bool,
    /// Who may change the attribute.
    pub mutability: Mutability,
    /// When a response includes the attribute.
    pub returned: Returned,
    /// Within which scope the values are unique.
    pub uniqueness: Uniqueness,
    /// The canonical values; `vocabulary` says whether others are accepted.
    pub canonical_values: Vec<Cow<'static, str>>,
    /// Whether other values are accepted.
    pub vocabulary: Vocabulary,
    /// The maximum length of a text, in bytes.
    pub max_bytes: usize,
    /// The maximum number of values of a list.
    pub max_values: usize,
    /// The types of resources that a reference may name.
    pub reference_types: &'static [&'static str],
    /// The sub-attributes of a complex attribute.
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    pub(super) const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind,
            multi_valued: false,
            description: Cow::Borrowed(description),
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: Vec::new(),
            vocabulary: Vocabulary::Open,
            max_bytes: MAX_TEXT,
            max_values: MAX_VALUES,
            reference_types: &[],
            sub_attributes: Vec::new(),
        }
    }

    pub(super) const fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::String, description)
    }

    pub(super) fn complex(name: &'static str, description: &'static str, parts: Vec<Self>) -> Self {
        Self { sub_attributes: parts, ..Self::new(name, Kind::Complex, description) }
    }

    pub(super) fn multi(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    pub(super) fn read_only(self) -> Self {
        let sub_attributes = self.sub_attributes.into_iter().map(Self::read_only).collect();
        Self { mutability: Mutability::ReadOnly, sub_attributes, ..self }
    }

    pub(super) fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    pub(super) fn always(self) -> Self {
        Self { returned: Returned::Always, ..self }
    }

    pub(super) fn unique(self) -> Self {
        Self { uniqueness: Uniqueness::Server, ..self }
    }

    pub(super) fn canonical(self, values: &'static [&'static str]) -> Self {
        Self { canonical_values: values.iter().copied().map(Cow::Borrowed).collect(), ..self }
    }

    /// Accepts the canonical values only.
    pub(super) fn closed(self) -> Self {
        Self { vocabulary: Vocabulary::Closed, ..self }
    }

    /// Sets the maximum length of a text, in bytes.
    pub(super) fn up_to(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    pub(super) fn refers_to(self, types: &'static [&'static str]) -> Self {
        Self { reference_types: types, ..self }
    }

    /// Returns the sub-attribute with that name, compared without case.
    pub fn sub(&self, name: &str) -> Option<&Self> {
        self.sub_attributes.iter().find(|part| part.name.eq_ignore_ascii_case(name))
    }

    /// Returns whether the attribute is a list of objects with a `value`.
    pub fn has_value(&self) -> bool {
        self.sub("value").is_some()
    }
}

/// Defines `externalId`, which is also published with each core schema.
pub(super) fn external_id() -> Attribute {
    Attribute::string("externalId", "The resource's id at the client").exact().up_to(MAX_NAME)
}

/// Defines the attributes that every resource has (RFC 7643 section 3.1).
pub(super) fn common() -> Vec<Attribute> {
    vec![
        Attribute::new("schemas", Kind::Reference, "The schemas that the resource uses")
            .exact()
            .multi()
            .read_only()
            .always()
            .refers_to(&["uri"]),
        Attribute::string("id", "The resource's id, made by the service")
            .exact()
            .read_only()
            .always()
            .unique(),
        external_id(),
        Attribute::complex(
            "meta",
            "About the resource",
            vec![
                Attribute::string("resourceType", "Its type").exact(),
                Attribute::new("created", Kind::DateTime, "When it was created"),
                Attribute::new("lastModified", Kind::DateTime, "When it was last changed"),
                Attribute::new("location", Kind::Reference, "Its address").exact().refers_to(&["uri"]),
                Attribute::string("version", "Its weak ETag").exact(),
            ],
        )
        .read_only(),
    ]
}
