//! How much a page holds.

use serde_json::Value;
use usher_scim::Object;

/// Bytes of the resources of a page, about as they are written.
const MOST: usize = 8 << 20;
/// What is written around a name or a value: quotes, a colon, a comma.
const AROUND: usize = 6;
/// About what a member of a group takes: id, name, type and address.
pub(crate) const MEMBER: usize = 200;
/// With more members than this, counting may stop: the groups do not fit.
pub(crate) const MOST_MEMBERS: usize = MOST / MEMBER + 1;

/// How many of the resources with these sizes make a page, from the first on: as many as fit, and always one.
/// A client asks for the others as for any next page.
pub(crate) fn fitting(sizes: impl IntoIterator<Item = usize>) -> usize {
    fitting_into(MOST, sizes)
}

/// The same for pages of another size.
pub(crate) fn fitting_into(most: usize, sizes: impl IntoIterator<Item = usize>) -> usize {
    let mut left = most;
    let fit = sizes.into_iter().take_while(|size| {
        let fits = *size <= left;
        left = left.saturating_sub(*size);
        fits
    });
    fit.count().max(1)
}

/// About how many bytes an object takes when it is written. Not exact, because a second writing of each page would
/// cost more than is gained.
pub(crate) fn size(object: &Object) -> usize {
    object.iter().map(|(name, value)| name.len() + size_of_value(value) + AROUND).sum()
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + AROUND,
        Value::Array(elements) => elements.iter().map(size_of_value).sum::<usize>() + AROUND,
        Value::Object(object) => size(object),
        Value::Null | Value::Bool(_) | Value::Number(_) => AROUND,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_ends_before_the_resource_that_does_not_fit_and_is_never_empty() {
        assert_eq!(fitting([MOST / 2, MOST / 2, 1, 1]), 2);
        assert_eq!(fitting([MOST + 1, 1]), 1);
        assert_eq!(fitting([1; 200]), 200);
        assert_eq!(fitting([MOST, 0, 1, 0]), 2);
    }

    #[test]
    fn a_size_is_about_what_is_written() {
        let document = json!({
            "userName": "ada@example.com", "active": true, "x": "y".repeat(10_000),
            "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
        });
        let Value::Object(object) = &document else { unreachable!() };

        let (about, exact) = (size(object), document.to_string().len());

        assert!(about >= exact && about < exact + 200, "{about} for {exact}");
    }
}
