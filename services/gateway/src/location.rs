//! The URLs in responses.

use http::{HeaderMap, Uri};

/// How clients reach this gateway.
#[derive(Clone, Debug)]
pub(crate) struct Locations {
    /// Without a trailing slash. Empty means the URL of each request.
    pub(crate) public_url: String,
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-Host` are trusted.
    pub(crate) trust_forwarded: bool,
}

impl Locations {
    /// `https://host/scim/v2/workspace`, as the client knows it.
    pub(crate) fn base(&self, headers: &HeaderMap, uri: &Uri, workspace: &str) -> String {
        if !self.public_url.is_empty() {
            return format!("{}/scim/v2/{workspace}", self.public_url.trim_end_matches('/'));
        }
        let scheme = if self.is_https(headers) { "https" } else { "http" };
        let host = self
            .forwarded(headers, "x-forwarded-host")
            .or_else(|| first(headers, "host"))
            .or_else(|| uri.authority().map(http::uri::Authority::as_str))
            .filter(|host| is_host(host));
        match host {
            Some(host) => format!("{scheme}://{host}/scim/v2/{workspace}"),
            // A client that names no host gets URLs relative to the one that it used.
            None => format!("/scim/v2/{workspace}"),
        }
    }

    /// Whether clients use HTTPS.
    pub(crate) fn is_https(&self, headers: &HeaderMap) -> bool {
        if !self.public_url.is_empty() {
            return self.public_url.starts_with("https://");
        }
        self.forwarded(headers, "x-forwarded-proto")
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    fn forwarded<'a>(&self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        self.trust_forwarded.then(|| first(headers, name)).flatten()
    }
}

/// The first element of a list: what the client sent to the outermost proxy.
fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim).filter(|value| !value.is_empty())
}

fn is_host(host: &str) -> bool {
    host.len() <= 255 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn base(public_url: &str, trust_forwarded: bool, headers: &[(&'static str, &str)]) -> String {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let locations = Locations { public_url: public_url.to_owned(), trust_forwarded };
        locations.base(&headers, &Uri::from_static("/scim/v2/acme/Users"), "acme")
    }

    #[test]
    fn the_public_address_wins_over_what_a_request_says() {
        let headers = [("host", "evil.test"), ("x-forwarded-host", "evil.test")];

        assert_eq!(
            base("https://scim.example.com/", true, &headers),
            "https://scim.example.com/scim/v2/acme"
        );
    }

    #[test]
    fn forwarded_headers_count_only_where_they_are_trusted() {
        let headers = [
            ("host", "inner:8080"),
            ("x-forwarded-host", "outer.test, inner"),
            ("x-forwarded-proto", "https"),
        ];

        assert_eq!(base("", false, &headers), "http://inner:8080/scim/v2/acme");
        assert_eq!(base("", true, &headers), "https://outer.test/scim/v2/acme");
    }

    #[test]
    fn an_invalid_host_is_not_repeated() {
        assert_eq!(base("", false, &[("host", "a\"><script>")]), "/scim/v2/acme");
        assert_eq!(base("", false, &[]), "/scim/v2/acme");
    }
}
