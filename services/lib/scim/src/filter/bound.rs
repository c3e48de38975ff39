//! A filter bound to a resource type: every path is an attribute, every value has its type. What
//! judges in memory and what is translated to SQL both start from here.

use std::borrow::Cow;

use super::ast::{CompareOp, Comparison, Filter, Literal};
use crate::Profile;
use crate::coerce::boolean_text;
use crate::error::{ScimError, ScimType, short};
use crate::schema::{AttrPath, Attribute, Kind, Resolved, ResourceType};
use crate::text::{canonical_id, fold, user_name_key, user_name_part};
use crate::time::moment;

/// A bound filter. `ne` is `Not` of `eq`, and a comparison with `null` is one of presence.
#[derive(Clone, Debug)]
pub enum Bound<'s> {
    /// Both.
    And(Box<Bound<'s>>, Box<Bound<'s>>),
    /// Either.
    Or(Box<Bound<'s>>, Box<Bound<'s>>),
    /// Not.
    Not(Box<Bound<'s>>),
    /// Some value at the place stands the test.
    Some(Place<'s>, Test),
    /// One element of the place's attribute fulfils all of it; its places are parts of the element.
    Element(Place<'s>, Box<Bound<'s>>),
}

/// Where a value is: an attribute of the core or an extension, or a part of it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'s> {
    /// URN of the extension that holds the attribute; none for core attributes.
    pub extension: Option<&'static str>,
    /// The attribute.
    pub attribute: &'s Attribute,
    /// Its part; that is `value` where a comparison names a complex attribute alone.
    pub sub: Option<&'s Attribute>,
}

impl<'s> Place<'s> {
    /// What describes the value itself.
    pub fn leaf(&self) -> &'s Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// How texts at the place are compared.
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

/// What a value must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is there, and not empty.
    Present,
    /// A text, a reference or binary data. Where case does not matter, the value to compare with is
    /// folded, and what is compared with it is to be folded too.
    Text(TextOp, String, Case),
    /// Equal.
    Boolean(bool),
    /// Compared to the microsecond: microseconds since 1970.
    Time(Order, i64),
    /// A whole number.
    Integer(Order, i64),
    /// Any number.
    Decimal(Order, f64),
}

/// Whether case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// It does.
    Exact,
    /// Texts are compared folded.
    Folded,
    /// User names are compared in the form that decides who is the same user.
    UserName,
}

impl Case {
    /// The form in which a whole text is compared.
    pub fn form(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(text),
            Self::Folded => Cow::Owned(fold(text)),
            Self::UserName => Cow::Owned(user_name_key(text)),
        }
    }
}

/// How two ordered values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum Order {
    Eq,
    Gt,
    Ge,
    Lt,
    Le,
}

/// How two texts compare; their order is that of their code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum TextOp {
    Order(Order),
    Co,
    Sw,
    Ew,
}

/// Binds a filter.
///
/// # Errors
/// `invalidFilter`: an attribute is unknown, or can't be compared so.
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

/// Binds a filter on the elements of one attribute.
///
/// # Errors
/// As [`bind`].
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
        (Literal::Null, _) => return Err(mismatch(comparison, "null goes with eq and ne only")),
        _ => test(comparison, &place)?,
    };
    let test = match test {
        // Each of the service's ids has one spelling, and is known by every one.
        Test::Text(op @ TextOp::Order(Order::Eq), id, case) if is_own_id(&place) => {
            Test::Text(op, canonical_id(&id), case)
        }
        test => test,
    };
    let bound = Bound::Some(place, test);
    Ok(if negated { Bound::Not(Box::new(bound)) } else { bound })
}

/// Whether the values at a place are ids that the service made.
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
        Kind::Complex => Err(mismatch(comparison, "it has parts; name one of them")),
        Kind::Boolean => match (order, boolean_text(&text)) {
            (Some(Order::Eq), Some(value)) => Ok(Test::Boolean(value)),
            (Some(Order::Eq), None) => Err(mismatch(comparison, "it is true or false")),
            _ => Err(mismatch(comparison, "it is true or false; use eq or ne")),
        },
        Kind::DateTime => {
            let order =
                order.ok_or_else(|| mismatch(comparison, "it is a time; co, sw and ew are for texts"))?;
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
                return Err(mismatch(comparison, "no value has a NUL character"));
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

/// `ne` is the negation of `eq`; none for the operators that are for texts only.
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
    refused(format!("{} can't be compared so in {:?}: {why}", short(&path), short(&whole)))
}

fn without_parts(path: &str) -> ScimError {
    refused(format!("{} has no parts, so nothing can be asked in brackets", short(path)))
}

fn refused(detail: String) -> ScimError {
    ScimError::new(ScimType::InvalidFilter, detail)
}
