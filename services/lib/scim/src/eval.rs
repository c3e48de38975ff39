//! Evaluates a bound filter on a resource in memory.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::marker::PhantomData;

use serde_json::Value;

use crate::Object;
use crate::filter::{Bound, Case, Order, Place, Test, TextOp};
use crate::time::stored_moment;

/// Returns whether a whole resource, as rendered, matches the filter.
pub fn matches(filter: &Bound<'_>, resource: &Object) -> bool {
    resource_holds(filter, resource, &mut Folded::default())
}

/// Returns whether one element of a multi-valued attribute matches the filter of a value path.
pub fn matches_element(filter: &Bound<'_>, element: &Object) -> bool {
    element_holds(filter, element, &mut Folded::default())
}

/// Caches the forms in which values are compared, by the address of the value. Each form is computed once,
/// however many terms and values there are.
#[derive(Default)]
struct Folded<'r>(HashMap<(usize, usize, Case), String>, PhantomData<&'r str>);

impl<'r> Folded<'r> {
    fn of(&mut self, case: Case, text: &'r str) -> &str {
        if case == Case::Exact {
            return text;
        }
        let at = (text.as_ptr().addr(), text.len(), case);
        self.0.entry(at).or_insert_with(|| case.form(text).into_owned())
    }
}

fn resource_holds<'r>(filter: &Bound<'_>, resource: &'r Object, folded: &mut Folded<'r>) -> bool {
    match filter {
        Bound::And(left, right) => {
            resource_holds(left, resource, folded) && resource_holds(right, resource, folded)
        }
        Bound::Or(left, right) => {
            resource_holds(left, resource, folded) || resource_holds(right, resource, folded)
        }
        Bound::Not(inner) => !resource_holds(inner, resource, folded),
        Bound::Some(place, test) => elements(place, resource).iter().any(|value| match place.sub {
            None => holds(test, value, folded),
            Some(sub) => value.get(sub.name.as_ref()).is_some_and(|part| holds(test, part, folded)),
        }),
        Bound::Element(place, inner) => elements(place, resource)
            .iter()
            .filter_map(Value::as_object)
            .any(|element| element_holds(inner, element, folded)),
    }
}

fn element_holds<'r>(filter: &Bound<'_>, element: &'r Object, folded: &mut Folded<'r>) -> bool {
    match filter {
        Bound::And(left, right) => {
            element_holds(left, element, folded) && element_holds(right, element, folded)
        }
        Bound::Or(left, right) => {
            element_holds(left, element, folded) || element_holds(right, element, folded)
        }
        Bound::Not(inner) => !element_holds(inner, element, folded),
        Bound::Some(place, test) => {
            element.get(place.leaf().name.as_ref()).is_some_and(|value| holds(test, value, folded))
        }
        // A multi-valued attribute can't be inside an element.
        Bound::Element(..) => false,
    }
}

/// Returns the value of an attribute, or its values if it is a list.
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

fn holds<'r>(asked: &Test, value: &'r Value, folded: &mut Folded<'r>) -> bool {
    match (asked, value) {
        (Test::Present, Value::String(text)) => !text.is_empty(),
        (Test::Present, Value::Array(elements)) => !elements.is_empty(),
        (Test::Present, Value::Object(parts)) => !parts.is_empty(),
        (Test::Present, value) => !value.is_null(),
        (Test::Text(op, literal, case), Value::String(text)) => {
            text_holds(*op, folded.of(*case, text), literal)
        }
        (Test::Boolean(literal), Value::Bool(value)) => literal == value,
        (Test::Time(order, literal), Value::String(text)) => {
            stored_moment(text).is_some_and(|at| order_holds(*order, at.cmp(literal)))
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
        // An empty value counts as absent, so that no comparison with it holds.
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
