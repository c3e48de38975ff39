//! Binds a filter to a resource type: every path becomes an attribute, and every value gets its type. The
//! evaluator in memory and the translation to SQL both start from a bound filter.

use std::borrow::Cow;

use super::ast::{CompareOp, Comparison, Filter, Literal};
use crate::Profile;
use crate::coerce::boolean_text;
use crate::error::{ScimError, ScimType, short};
use crate::schema::{AttrPath, Attribute, Kind, Resolved, ResourceType};
use crate::text::{canonical_id, fold, user_name_key, user_name_part};
use crate::time::moment;

/// A bound filter. `ne` becomes `Not` of `eq`, and a comparison with `null` becomes a test for presence.
#[derive(Clone, Debug)]
pub enum Bound<'s> {
    /// Both filters hold.
    And(Box<Bound<'s>>, Box<Bound<'s>>),
    /// One of the filters holds, or both.
    Or(Box<Bound<'s>>, Box<Bound<'s>>),
    /// The filter does not hold.
    Not(Box<Bound<'s>>),
    /// At least one value at the place passes the test.
    Some(Place<'s>, Test),
    /// One element of the place's attribute matches the whole filter, whose places are sub-attributes of the
    /// element.
    Element(Place<'s>, Box<Bound<'s>>),
}

/// The place of a value: an attribute of the core schema or of an extension, or a sub-attribute of it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'s> {
    /// The URN of the extension that holds the attribute; `None` for core attributes.
    pub extension: Option<&'static str>,
    /// The attribute that holds the value.
    pub attribute: &'s Attribute,
    /// The sub-attribute. It is `value` if a comparison names a complex attribute alone.
    pub sub: Option<&'s Attribute>,
}

impl<'s> Place<'s> {
    /// Returns the definition of the value itself: the sub-attribute if there is one, else the attribute.
    pub fn leaf(&self) -> &'s Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// Returns how texts at the place are compared.
    fn case(&self) -> Case {
        if self.leaf().case_exact {
            Case::Exact
        } else if self.extension.is_none() && self.sub.is_none() && self.attribute.name == "userName" {
            Case::UserName
        } else {
            Case::Folded
        }
    }
}

impl<'s> From<Resolved<'s>> for Place<'s> {
    fn from(found: Resolved<'s>) -> Self {
        Self { extension: found.extension, attribute: found.attribute, sub: found.sub }
    }
}

/// A test of one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value is present and not empty.
    Present,
    /// The value is a text, a reference or binary data. If case does not matter, the literal is already
    /// folded, and the value must be folded before the comparison.
    Text(TextOp, String, Case),
    /// The value equals this.
    Boolean(bool),
    /// The value is a time, compared in microseconds since 1970.
    Time(Order, i64),
    /// The value is a whole number.
    Integer(Order, i64),
    /// The value is any number.
    Decimal(Order, f64),
}

/// Whether case matters when texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// Case matters.
    Exact,
    /// Texts are folded before they are compared.
    Folded,
    /// User names are compared in the form that decides whether two names are the same.
    UserName,
}

impl Case {
    /// Returns the form in which a whole text is compared.
    pub fn form(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(text),
            Self::Folded => Cow::Owned(fold(text)),
            Self::UserName => Cow::Owned(user_name_key(text)),
        }
    }
}

/// How two values that have an order are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum Order {
    Eq,
    Gt,
    Ge,
    Lt,
    Le,
}

/// How two texts are compared. They are ordered by code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum TextOp {
    Order(Order),
    Co,
    Sw,
    Ew,
}

/// Binds a filter to a resource type.
///
/// # Errors
/// `invalidFilter` if an attribute is unknown, or can't be compared in this way.
pub fn bind<'s>(
    filter: &Filter,
    resource_type: &'s ResourceType,
    profile: Profile,
) -> Result<Bound<'s>, ScimError> {
    match filter {
        Filter::And(left, right) => Ok(Bound::And(
            Box::new(bind(left, resource_type, profile)?),
            Box::new(bind(right, resource_type, profile)?),
        )),
        Filter::Or(left, right) => Ok(Bound::Or(
            Box::new(bind(left, resource_type, profile)?),
            Box::new(bind(right, resource_type, profile)?),
        )),
        Filter::Not(inner) => Ok(Bound::Not(Box::new(bind(inner, resource_type, profile)?))),
        Filter::Present(path) => {
            Ok(Bound::Some(path.resolve_in_filter(resource_type, profile)?.into(), Test::Present))
        }
        Filter::Compare(comparison) => {
            compare(comparison, comparison.path.resolve_in_filter(resource_type, profile)?.into())
        }
        Filter::ValuePath(path, inner) => {
            let place = Place::from(path.resolve_in_filter(resource_type, profile)?);
            if place.sub.is_some() || place.attribute.kind != Kind::Complex {
                return Err(without_parts(&path.to_string()));
            }
            Ok(Bound::Element(place, Box::new(bind_element(inner, place.attribute)?)))
        }
    }
}

/// Binds a filter to the elements of one attribute.
///
/// # Errors
/// Those of [`bind`].
pub fn bind_element<'s>(filter: &Filter, attribute: &'s Attribute) -> Result<Bound<'s>, ScimError> {
    let part = |path: &AttrPath| {
        let known = path.urn.is_none() && path.sub.is_none();
        known.then(|| attribute.sub(&path.name)).flatten().map_or_else(
            || {
                let path = short(&path.to_string());
                Err(refused(format!("the filter names an unknown attribute: {}.{path}", attribute.name)))
            },
            |sub| Ok(Place { extension: None, attribute, sub: Some(sub) }),
        )
    };
    match filter {
        Filter::And(left, right) => Ok(Bound::And(
            Box::new(bind_element(left, attribute)?),
            Box::new(bind_element(right, attribute)?),
        )),
        Filter::Or(left, right) => {
            Ok(Bound::Or(Box::new(bind_element(left, attribute)?), Box::new(bind_element(right, attribute)?)))
        }
        Filter::Not(inner) => Ok(Bound::Not(Box::new(bind_element(inner, attribute)?))),
        Filter::Present(path) => Ok(Bound::Some(part(path)?, Test::Present)),
        Filter::Compare(comparison) => compare(comparison, part(&comparison.path)?),
        Filter::ValuePath(path, _) => Err(without_parts(&format!("{}.{path}", attribute.name))),
    }
}

fn compare<'s>(comparison: &Comparison, place: Place<'s>) -> Result<Bound<'s>, ScimError> {
    let negated = comparison.op == CompareOp::Ne;
    // `emails eq "x"` compares the values (RFC 7644 section 3.4.2.2).
    let place = Place { sub: place.sub.or_else(|| place.attribute.sub("value")), ..place };
    let test = match (&comparison.value, comparison.op) {
        (Literal::Null, CompareOp::Eq | CompareOp::Ne) => {
            let present = Bound::Some(place, Test::Present);
            return Ok(if negated { present } else { Bound::Not(Box::new(present)) });
        }
        (Literal::Null, _) => return Err(mismatch(comparison, "null works with eq and ne only")),
        _ => test(comparison, &place)?,
    };
    let test = match test {
        // Each id that the service made has one spelling, and a client may use any other.
        Test::Text(op @ TextOp::Order(Order::Eq), id, case) if is_own_id(&place) => {
            Test::Text(op, canonical_id(&id), case)
        }
        test => test,
    };
    let bound = Bound::Some(place, test);
    Ok(if negated { Bound::Not(Box::new(bound)) } else { bound })
}

/// Returns whether the values at a place are ids that the service made.
fn is_own_id(place: &Place<'_>) -> bool {
    match place.attribute.name.as_ref() {
        "id" => place.extension.is_none(),
        "members" | "groups" => place.leaf().name == "value",
        _ => false,
    }
}

fn test(comparison: &Comparison, place: &Place<'_>) -> Result<Test, ScimError> {
    let leaf = place.leaf();
    let text = comparison.value.text();
    let order = order(comparison.op);
    match leaf.kind {
        Kind::Complex => Err(mismatch(comparison, "it has sub-attributes; name one of them")),
        Kind::Boolean => match (order, boolean_text(&text)) {
            (Some(Order::Eq), Some(value)) => Ok(Test::Boolean(value)),
            (Some(Order::Eq), None) => Err(mismatch(comparison, "it is true or false")),
            _ => Err(mismatch(comparison, "it is true or false; use eq or ne")),
        },
        Kind::DateTime => {
            let order =
                order.ok_or_else(|| mismatch(comparison, "it is a time; co, sw and ew are for strings"))?;
            let value = moment(&text)
                .ok_or_else(|| mismatch(comparison, "it is a time, such as \"2026-06-01T12:00:00Z\""))?;
            Ok(Test::Time(order, value))
        }
        Kind::Integer => {
            let order = order.ok_or_else(|| mismatch(comparison, "it is a number"))?;
            let value = text.parse().map_err(|_| mismatch(comparison, "it is a whole number"))?;
            Ok(Test::Integer(order, value))
        }
        Kind::Decimal => {
            let order = order.ok_or_else(|| mismatch(comparison, "it is a number"))?;
            let value = text.parse().ok().filter(|value: &f64| value.is_finite());
            Ok(Test::Decimal(order, value.ok_or_else(|| mismatch(comparison, "it is a number"))?))
        }
        Kind::Binary if !matches!(order, None | Some(Order::Eq)) => {
            Err(mismatch(comparison, "it is binary data, which has no order"))
        }
        Kind::String | Kind::Reference | Kind::Binary => {
            if text.contains('\0') {
                return Err(mismatch(comparison, "the filter contains a NUL character"));
            }
            let op = match comparison.op {
                CompareOp::Co => TextOp::Co,
                CompareOp::Sw => TextOp::Sw,
                CompareOp::Ew => TextOp::Ew,
                _ => TextOp::Order(order.unwrap_or(Order::Eq)),
            };
            let case = place.case();
            let literal = match (case, op) {
                (Case::UserName, TextOp::Co | TextOp::Sw | TextOp::Ew) => user_name_part(&text),
                _ => case.form(&text).into_owned(),
            };
            Ok(Test::Text(op, literal, case))
        }
    }
}

/// Returns `None` for operators that apply to texts only. `ne` is handled as the negation of `eq`.
const fn order(op: CompareOp) -> Option<Order> {
    match op {
        CompareOp::Eq | CompareOp::Ne => Some(Order::Eq),
        CompareOp::Gt => Some(Order::Gt),
        CompareOp::Ge => Some(Order::Ge),
        CompareOp::Lt => Some(Order::Lt),
        CompareOp::Le => Some(Order::Le),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => None,
    }
}

fn mismatch(comparison: &Comparison, why: &str) -> ScimError {
    let (path, whole) = (comparison.path.to_string(), Filter::Compare(comparison.clone()).to_string());
    refused(format!("{} can't be compared this way in {:?}: {why}", short(&path), short(&whole)))
}

fn without_parts(path: &str) -> ScimError {
    refused(format!("{} has no sub-attributes to filter by", short(path)))
}

fn refused(detail: String) -> ScimError {
    ScimError::new(ScimType::InvalidFilter, detail)
}
