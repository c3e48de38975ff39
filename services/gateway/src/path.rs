//! Normalises paths as identity providers write them.

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

/// Rewrites a path to the form of the routes: `//` becomes `/`, a trailing slash is removed, and so are `scim` and
/// `v2` after the workspace, which some clients append to the tenant URL.
pub(crate) fn normalize(mut request: Request) -> Request {
    if let Some(path) = normal(request.uri().path()) {
        let target = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Ok(target) = target.parse::<PathAndQuery>() {
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            parts.path_and_query = Some(target);
            // The parts come from a valid URI, so they form one again.
            *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        }
    }
    request
}

/// The normalised path, if it differs.
fn normal(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let ["scim", "v2", _, ..] = segments.as_slice() {
        let added = segments[3..].iter().take(2).take_while(|part| matches!(**part, "scim" | "v2")).count();
        segments.drain(3..3 + added);
    }
    let normal = format!("/{}", segments.join("/"));
    (normal != path).then_some(normal)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn normalized(target: &str) -> String {
        let request = Request::builder().uri(target).body(Body::empty()).unwrap();
        normalize(request).uri().to_string()
    }

    #[test]
    fn extra_slashes_and_prefixes_are_removed() {
        for (sent, meant) in [
            ("/scim/v2/acme/Users", "/scim/v2/acme/Users"),
            ("/scim/v2/acme/Users/", "/scim/v2/acme/Users"),
            ("/scim/v2/acme//Users?aadOptscim062020", "/scim/v2/acme/Users?aadOptscim062020"),
            ("//scim/v2/acme/", "/scim/v2/acme"),
            ("/scim/v2/acme/scim/v2/Users?count=1", "/scim/v2/acme/Users?count=1"),
            ("/scim/v2/acme/scim/Users/1", "/scim/v2/acme/Users/1"),
            ("/scim/v2/scim/Users", "/scim/v2/scim/Users"),
            ("http://host:1/scim/v2/acme/Users//", "http://host:1/scim/v2/acme/Users"),
            ("/", "/"),
        ] {
            assert_eq!(normalized(sent), meant, "{sent}");
        }
    }
}
