//! The size of a page in bytes.

use serde_json::Value;
use usher_scim::Object;

/// The maximum size of the resources of a page, approximately as they are sent.
const MAX_PAGE_BYTES: usize = 8 << 20;
/// The overhead of a name or a value: quotes, a colon, a comma.
const PAGE_OVERHEAD_BYTES: usize = 6;
/// The approximate size of a member of a group: id, name, type and URL.
pub(crate) const MEMBER: usize = 200;
/// Counting may stop at this number of members, because the groups do not fit then.
pub(crate) const MAX_MEMBERS: usize = MAX_PAGE_BYTES / MEMBER + 1;

/// The number of resources that fit into a page, given their sizes; at least one. The client gets the others with the
/// next page.
pub(crate) fn fitting(sizes: impl IntoIterator<Item = usize>) -> usize {
    fitting_into(MAX_PAGE_BYTES, sizes)
}

/// The same for a page of another size.
pub(crate) fn fitting_into(max: usize, sizes: impl IntoIterator<Item = usize>) -> usize {
    let mut left = max;
    let fit = sizes.into_iter().take_while(|size| {
        let fits = *size <= left;
        left = left.saturating_sub(*size);
        fits
    });
    fit.count().max(1)
}

/// The approximate size of an object as it is sent. The exact size would require serialising each page twice.
pub(crate) fn size(object: &Object) -> usize {
    object.iter().map(|(name, value)| name.len() + size_of_value(value) + PAGE_OVERHEAD_BYTES).sum()
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + PAGE_OVERHEAD_BYTES,
        Value::Array(elements) => elements.iter().map(size_of_value).sum::<usize>() + PAGE_OVERHEAD_BYTES,
        Value::Object(object) => size(object),
        Value::Null | Value::Bool(_) | Value::Number(_) => PAGE_OVERHEAD_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_ends_before_the_resource_that_does_not_fit_and_is_never_empty() {
        assert_eq!(fitting([MAX_PAGE_BYTES / 2, MAX_PAGE_BYTES / 2, 1, 1]), 2);
        assert_eq!(fitting([MAX_PAGE_BYTES + 1, 1]), 1);
        assert_eq!(fitting([1; 200]), 200);
        assert_eq!(fitting([MAX_PAGE_BYTES, 0, 1, 0]), 2);
    }

    #[test]
    fn a_size_is_close_to_what_is_sent() {
        let document = json!({
            "userName": "ada@example.com", "active": true, "x": "y".repeat(10_000),
            "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
        });
        let Value::Object(object) = &document else { unreachable!() };

        let (about, exact) = (size(object), document.to_string().len());

        assert!(about >= exact && about < exact + 200, "{about} for {exact}");
    }
}
