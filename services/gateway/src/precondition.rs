//! `If-Match` and `If-None-Match` (RFC 7644 section 3.14, RFC 9110 section 13.1).

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use usher_base::Reason;

use crate::problem::Problem;

/// No resource has this version: versions start at 1.
const NEVER: i64 = 0;

/// The versions in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// Versions. Tags in another format than ours are left out.
    Versions(Vec<i64>),
}

impl Tags {
    fn read(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        Self::Versions(text.split(',').filter_map(version).collect())
    }

    /// The versions for a write; empty means any.
    fn into_versions(self) -> Vec<i64> {
        match self {
            Self::Any => Vec::new(),
            Self::Versions(versions) if versions.is_empty() => vec![NEVER],
            Self::Versions(versions) => versions,
        }
    }

    fn hold(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// The versions that a write is limited to; empty means any.
pub(crate) fn if_versions(headers: &HeaderMap) -> Vec<i64> {
    tags(headers, &IF_MATCH).map_or_else(Vec::new, Tags::into_versions)
}

/// The same for the `version` of a bulk operation.
pub(crate) fn versions(text: &str) -> Vec<i64> {
    Tags::read(text).into_versions()
}

/// Whether If-None-Match excludes some versions from a write.
pub(crate) fn excludes(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH)
}

/// The versions that such a write is limited to, given the resource's current version.
///
/// # Errors
/// 412: If-None-Match names the current version, or is `*`; or If-Match does not name it.
pub(crate) fn except(headers: &HeaderMap, version: i64) -> Result<Vec<i64>, Problem> {
    if is_known(headers, version)? {
        let detail = "the resource has a version that If-None-Match excludes";
        return Err(Problem::new(Reason::EtagMismatch, detail));
    }
    Ok(vec![version])
}

/// Checks a read. Returns `true` if the client already has this version.
///
/// # Errors
/// 412: If-Match does not name this version.
pub(crate) fn is_known(headers: &HeaderMap, version: i64) -> Result<bool, Problem> {
    if tags(headers, &IF_MATCH).is_some_and(|tags| !tags.hold(version)) {
        return Err(Problem::new(
            Reason::EtagMismatch,
            "the resource's version is not one that If-Match names",
        ));
    }
    Ok(tags(headers, &IF_NONE_MATCH).is_some_and(|tags| tags.hold(version)))
}

fn tags(headers: &HeaderMap, name: &http::HeaderName) -> Option<Tags> {
    let mut found: Option<Vec<i64>> = None;
    for value in headers.get_all(name) {
        match Tags::read(value.to_str().unwrap_or_default()) {
            Tags::Any => return Some(Tags::Any),
            Tags::Versions(versions) => found.get_or_insert_default().extend(versions),
        }
    }
    found.map(Tags::Versions)
}

/// Parses a weak or strong tag. Some clients leave the quotes out.
fn version(tag: &str) -> Option<i64> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
    tag.trim_matches('"').parse().ok().filter(|version| *version > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_write_is_for_the_versions_that_it_names() {
        for (value, versions) in [
            ("W/\"3\"", vec![3]),
            ("\"3\", W/\"4\"", vec![3, 4]),
            ("3", vec![3]),
            ("*", vec![]),
            ("W/\"other\"", vec![NEVER]),
            ("W/\"-1\"", vec![NEVER]),
            ("", vec![NEVER]),
        ] {
            assert_eq!(if_versions(&headers(IF_MATCH, value)), versions, "{value}");
        }
        assert!(if_versions(&HeaderMap::new()).is_empty());
    }

    #[test]
    fn a_write_is_not_for_the_versions_that_if_none_match_names() {
        assert!(excludes(&headers(IF_NONE_MATCH, "*")) && !excludes(&headers(IF_MATCH, "*")));
        assert_eq!(except(&headers(IF_NONE_MATCH, "W/\"1\""), 2).unwrap(), [2]);
        for excluded in ["*", "W/\"2\"", "\"1\", \"2\""] {
            assert_eq!(except(&headers(IF_NONE_MATCH, excluded), 2).unwrap_err().status, 412, "{excluded}");
        }
    }

    #[test]
    fn a_known_version_is_not_sent_again_and_a_foreign_one_is_412() {
        assert!(is_known(&headers(IF_NONE_MATCH, "W/\"2\""), 2).unwrap());
        assert!(is_known(&headers(IF_NONE_MATCH, "*"), 2).unwrap());
        assert!(!is_known(&headers(IF_NONE_MATCH, "W/\"1\""), 2).unwrap());
        assert!(!is_known(&headers(IF_MATCH, "W/\"2\""), 2).unwrap());
        assert_eq!(is_known(&headers(IF_MATCH, "W/\"1\""), 2).unwrap_err().status, 412);
    }
}
