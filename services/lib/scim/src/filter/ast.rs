//! The syntax tree of a filter, and its canonical text.

use std::fmt;

use crate::schema::AttrPath;

/// The syntax tree of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Both filters hold.
    And(Box<Filter>, Box<Filter>),
    /// One of the filters holds, or both.
    Or(Box<Filter>, Box<Filter>),
    /// The filter does not hold.
    Not(Box<Filter>),
    /// `pr`: the attribute has a value.
    Present(AttrPath),
    /// The comparison holds.
    Compare(Comparison),
    /// `emails[…]`: one element matches the whole filter.
    ValuePath(AttrPath, Box<Filter>),
}

/// A comparison: `path op value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The attribute whose values are compared.
    pub path: AttrPath,
    /// How the values are compared.
    pub op: CompareOp,
    /// The value to compare with.
    pub value: Literal,
}

/// An operator of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum CompareOp {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

impl CompareOp {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Eq, "eq"),
        (Self::Ne, "ne"),
        (Self::Co, "co"),
        (Self::Sw, "sw"),
        (Self::Ew, "ew"),
        (Self::Gt, "gt"),
        (Self::Ge, "ge"),
        (Self::Lt, "lt"),
        (Self::Le, "le"),
    ];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(op, _)| *op)
    }
}

impl fmt::Display for CompareOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(op, _)| op == self).map_or("", |(_, name)| name))
    }
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A string; dates and references are strings too.
    String(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A JSON number, as the client wrote it.
    Number(String),
    /// `null`: the attribute has no value.
    Null,
}

impl Literal {
    /// Returns the value as a text, whatever its type is.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::String(text) | Self::Number(text) => text.clone(),
            Self::Boolean(value) => value.to_string(),
            Self::Null => String::new(),
        }
    }
}

impl Filter {
    /// Returns the number of comparisons.
    pub fn terms(&self) -> usize {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.terms() + right.terms(),
            Self::Not(inner) | Self::ValuePath(_, inner) => inner.terms(),
            Self::Present(_) | Self::Compare(_) => 1,
        }
    }

    /// Returns the comparisons that must all hold, or `None` if the filter is more than comparisons joined by
    /// `and`.
    pub fn conjunction(&self) -> Option<Vec<&Comparison>> {
        match self {
            Self::Compare(comparison) => Some(vec![comparison]),
            Self::And(left, right) => {
                let mut all = left.conjunction()?;
                all.extend(right.conjunction()?);
                Some(all)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Chains of one operator that nest to the left need no brackets; everything else gets them.
        let left = |f: &mut fmt::Formatter<'_>, part: &Self, bare: bool| {
            if bare { write!(f, "{part}") } else { write!(f, "({part})") }
        };
        match self {
            Self::And(a, b) => {
                left(f, a, !matches!(**a, Self::Or(..)))?;
                f.write_str(" and ")?;
                left(f, b, !matches!(**b, Self::And(..) | Self::Or(..)))
            }
            Self::Or(a, b) => {
                left(f, a, !matches!(**a, Self::And(..)))?;
                f.write_str(" or ")?;
                left(f, b, !matches!(**b, Self::And(..) | Self::Or(..)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(Comparison { path, op, value }) => write!(f, "{path} {op} {value}"),
            Self::ValuePath(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Null => f.write_str("null"),
        }
    }
}
