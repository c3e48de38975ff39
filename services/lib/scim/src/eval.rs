//! Judging a bound filter on a resource in memory.

use std::cmp::Ordering;

use jiff::{Timestamp, TimestampRound, Unit};
use serde_json::Value;

use crate::Object;
use crate::filter::{Bound, Order, Place, Test, TextOp};

/// Whether a whole resource, as rendered, fulfils the filter.
pub fn matches(filter: &Bound<'_>, resource: &Object) -> bool {
    match filter {
        Bound::And(left, right) => matches(left, resource) && matches(right, resource),
        Bound::Or(left, right) => matches(left, resource) || matches(right, resource),
        Bound::Not(inner) => !matches(inner, resource),
        Bound::Some(place, test) => elements(place, resource).iter().any(|value| match place.sub {
            None => holds(test, value),
            Some(sub) => value.get(sub.name.as_ref()).is_some_and(|part| holds(test, part)),
        }),
        Bound::Element(place, inner) => elements(place, resource)
            .iter()
            .filter_map(Value::as_object)
            .any(|element| matches_element(inner, element)),
    }
}

/// Whether one element of a multi-valued attribute fulfils the filter of a value path.
pub fn matches_element(filter: &Bound<'_>, element: &Object) -> bool {
    match filter {
        Bound::And(left, right) => matches_element(left, element) && matches_element(right, element),
        Bound::Or(left, right) => matches_element(left, element) || matches_element(right, element),
        Bound::Not(inner) => !matches_element(inner, element),
        Bound::Some(place, test) => {
            element.get(place.leaf().name.as_ref()).is_some_and(|value| holds(test, value))
        }
        // There is no such thing in an element.
        Bound::Element(..) => false,
    }
}

/// The value of an attribute, or its values where it is a list.
fn elements<'r>(place: &Place<'_>, resource: &'r Object) -> &'r [Value] {
    let holder = match place.extension {
        None => Some(resource),
        Some(urn) => resource.get(urn).and_then(Value::as_object),
    };
    match holder.and_then(|holder| holder.get(place.attribute.name.as_ref())) {
        None => &[],
        Some(Value::Array(elements)) => elements,
        Some(value) => std::slice::from_ref(value),
    }
}

fn holds(asked: &Test, value: &Value) -> bool {
    match (asked, value) {
        (Test::Present, Value::String(text)) => !text.is_empty(),
        (Test::Present, Value::Array(elements)) => !elements.is_empty(),
        (Test::Present, Value::Object(parts)) => !parts.is_empty(),
        (Test::Present, value) => !value.is_null(),
        (Test::Text(op, literal, case), Value::String(text)) => text_holds(*op, &case.form(text), literal),
        (Test::Boolean(literal), Value::Bool(value)) => literal == value,
        (Test::Time(order, literal), Value::String(text)) => {
            in_microseconds(text).is_some_and(|at| order_holds(*order, at.cmp(&literal.as_microsecond())))
        }
        (Test::Integer(order, literal), Value::Number(number)) => {
            number.as_i64().is_some_and(|number| order_holds(*order, number.cmp(literal)))
        }
        (Test::Decimal(order, literal), Value::Number(number)) => number
            .as_f64()
            .and_then(|number| number.partial_cmp(literal))
            .is_some_and(|ordering| order_holds(*order, ordering)),
        _ => false,
    }
}

fn text_holds(op: TextOp, text: &str, literal: &str) -> bool {
    match op {
        // Nothing is equal to "": what is empty is not there.
        TextOp::Order(_) if text.is_empty() => false,
        TextOp::Order(order) => order_holds(order, text.cmp(literal)),
        TextOp::Co => text.contains(literal),
        TextOp::Sw => text.starts_with(literal),
        TextOp::Ew => text.ends_with(literal),
    }
}

const fn order_holds(order: Order, ordering: Ordering) -> bool {
    match order {
        Order::Eq => ordering.is_eq(),
        Order::Gt => ordering.is_gt(),
        Order::Ge => ordering.is_ge(),
        Order::Lt => ordering.is_lt(),
        Order::Le => ordering.is_le(),
    }
}

/// As PostgreSQL reads it, which keeps microseconds.
fn in_microseconds(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    Some(at.round(TimestampRound::new().smallest(Unit::Microsecond)).unwrap_or(at).as_microsecond())
}
