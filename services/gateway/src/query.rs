//! Query parameters, and the same in the body of `.search` (RFC 7644 sections 3.4.2 and 3.4.3).

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde_json::{Number, Value};
use usher_base::Reason;
use usher_scim::Profile;
use usher_scim::discovery::{DEFAULT_COUNT, MAX_COUNT};
use usher_scim::projection::Projection;
use usher_scim::schema::ResourceType;

use crate::kind::Selection;
use crate::problem::Problem;

/// The attributes that a client requests. All operations that return resources have these parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    only: Option<String>,
    excluded: Option<String>,
}

/// The parameters of a list. Unknown ones, such as Entra's `aadOptscim062020`, are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// Empty if there is none.
    pub(crate) filter: String,
    /// At least 1.
    pub(crate) start_index: i64,
    /// Limited to the supported range.
    pub(crate) count: i32,
    /// Empty if there is none.
    pub(crate) sort_by: String,
    pub(crate) descending: bool,
    /// Empty for the first page; `None` with index-based paging.
    pub(crate) cursor: Option<String>,
    pub(crate) attributes: Attributes,
}

impl<S: Sync> FromRequestParts<S> for Attributes {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(&Parameters::in_url(parts)?)
    }
}

impl<S: Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(&Parameters::in_url(parts)?)
    }
}

impl Attributes {
    fn read(sent: &Parameters) -> Result<Self, Problem> {
        Ok(Self { only: sent.list("attributes")?, excluded: sent.list("excludedAttributes")? })
    }

    /// Only these attributes.
    pub(crate) fn only(names: &str) -> Self {
        Self { only: Some(names.to_owned()), excluded: None }
    }

    /// Whether the client requests no particular attributes.
    pub(crate) fn is_empty(&self) -> bool {
        let said = |list: &Option<String>| list.as_ref().is_some_and(|list| !list.trim().is_empty());
        !said(&self.only) && !said(&self.excluded)
    }

    /// The attributes of a response.
    pub(crate) fn projection(&self, resource_type: &ResourceType) -> Projection {
        Projection::parse(self.only.as_deref(), self.excluded.as_deref(), resource_type)
    }
}

impl ListQuery {
    /// Parses the body of a search.
    ///
    /// # Errors
    /// A member has the wrong type.
    pub(crate) fn from_search(body: &str) -> Result<Self, Problem> {
        Self::read(&Parameters::in_search(body)?)
    }

    fn read(sent: &Parameters) -> Result<Self, Problem> {
        let number = |name: &'static str| sent.get(name).map(|text| integer(name, text)).transpose();
        let cursor = sent.get("cursor").map(str::to_owned);
        let asked = number("count").map_err(|problem| match cursor {
            // RFC 9865 section 2.1 defines its own error type for this.
            Some(_) => problem.called("invalidCount"),
            None => problem,
        })?;
        let order = sent.get("sortOrder").unwrap_or_default();
        let descending = order.eq_ignore_ascii_case("descending");
        if !descending && !order.is_empty() && !order.eq_ignore_ascii_case("ascending") {
            return Err(Problem::new(Reason::InvalidValue, "sortOrder must be ascending or descending"));
        }
        Ok(Self {
            filter: sent.get("filter").unwrap_or_default().to_owned(),
            start_index: start_index(number("startIndex")?),
            count: count(asked),
            sort_by: sent.get("sortBy").unwrap_or_default().to_owned(),
            descending,
            cursor,
            attributes: Attributes::read(sent)?,
        })
    }

    /// The list as identity is asked for it.
    pub(crate) fn selection(self, without_membership: bool, base: &str, profile: Profile) -> Selection {
        Selection {
            filter: self.filter,
            start_index: self.start_index,
            count: self.count,
            sort_by: self.sort_by,
            descending: self.descending,
            cursor: self.cursor,
            without_membership,
            base_url: base.to_owned(),
            profile,
        }
    }
}

/// The maximum length of a list of names, in bytes: several times the length of all names.
const MAX_NAMES: usize = 16 << 10;

/// The parameters as sent, with names in any case. If a name is repeated, the first one counts, except for lists.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn in_url(parts: &Parts) -> Result<Self, Problem> {
        let Query(sent): Query<Vec<(String, String)>> = Query::try_from_uri(&parts.uri)
            .map_err(|_| Problem::new(Reason::InvalidSyntax, "the query of the URL can't be parsed"))?;
        if sent.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(Problem::new(Reason::InvalidValue, "the query contains a NUL character"));
        }
        Ok(Self(sent))
    }

    fn in_search(body: &str) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::new(Reason::InvalidSyntax, detail);
        let Ok(Value::Object(body)) = serde_json::from_str(body) else {
            return Err(invalid("the body must be a SearchRequest object".to_owned()));
        };
        let mut sent = Vec::with_capacity(body.len());
        for (name, value) in body {
            let list =
                ["attributes", "excludedAttributes"].iter().any(|known| known.eq_ignore_ascii_case(&name));
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => saturated(&number).to_string(),
                // A list of names becomes one text with commas, as in a URL.
                Value::Array(names) if list => {
                    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
                    names.ok_or_else(|| invalid(format!("{name} must be a list of strings")))?.join(",")
                }
                _ if name.eq_ignore_ascii_case("schemas") => continue,
                _ => return Err(invalid(format!("{name} must be a string or a number"))),
            };
            sent.push((name, text));
        }
        Ok(Self(sent))
    }

    /// A list of names. Repeated parameters form one list.
    fn list(&self, name: &str) -> Result<Option<String>, Problem> {
        let sent = self.0.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name));
        let lists: Vec<&str> = sent.map(|(_, list)| list.as_str()).collect();
        if lists.iter().map(|list| list.len()).sum::<usize>() > MAX_NAMES {
            let detail = format!("{name} is a list of more than {MAX_NAMES} bytes; name fewer attributes");
            return Err(Problem::new(Reason::InvalidValue, detail));
        }
        Ok((!lists.is_empty()).then(|| lists.join(",")))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A value less than 1 means 1 (RFC 7644 section 3.4.2.4).
fn start_index(sent: Option<i64>) -> i64 {
    sent.unwrap_or(1).max(1)
}

/// A negative value means 0; a large one is limited to the maximum.
fn count(sent: Option<i64>) -> i32 {
    let count = sent.unwrap_or(i64::from(DEFAULT_COUNT)).clamp(0, i64::from(MAX_COUNT));
    i32::try_from(count).unwrap_or_default()
}

fn integer(name: &str, text: &str) -> Result<i64, Problem> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::new(
            Reason::InvalidValue,
            format!("{name} must be a whole number, not {:?}", text.chars().take(40).collect::<String>()),
        ));
    }
    // A number that is too large for the type is still a number.
    Ok(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

#[expect(clippy::cast_possible_truncation, reason = "a conversion from f64 saturates")]
fn saturated(number: &Number) -> i64 {
    number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or_default() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(query: &str) -> Result<ListQuery, Problem> {
        let request = http::Request::builder().uri(format!("/Users?{query}")).body(()).unwrap();
        ListQuery::from_request_parts(&mut request.into_parts().0, &()).await
    }

    #[tokio::test]
    async fn plus_and_percent_20_are_both_a_space_and_unknown_parameters_nothing() {
        for query in [
            "aadOptscim062020&filter=userName+eq+%22a%40b.test%22",
            "filter=userName%20eq%20%22a@b.test%22&aadOptscim062020=",
            "FILTER=userName+eq%20%22a@b.test%22",
        ] {
            assert_eq!(read(query).await.unwrap().filter, "userName eq \"a@b.test\"", "{query}");
        }
    }

    #[tokio::test]
    async fn numbers_are_clamped_and_other_values_are_refused() {
        for (query, start_index, count) in [
            ("", 1, 100),
            ("startIndex=0&count=-1", 1, 0),
            ("startIndex=6&count=5", 6, 5),
            ("startindex=-3&count=99999999999999999999999", 1, 200),
        ] {
            let read = read(query).await.unwrap();
            assert_eq!((read.start_index, read.count), (start_index, count), "{query}");
        }
        for query in ["count=ten", "startIndex=1.5", "count="] {
            let problem = read(query).await.unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.scim_type), (400, Some("invalidValue")), "{query}");
        }
    }

    #[tokio::test]
    async fn a_bare_cursor_requests_the_first_page_and_invalid_parameters_have_specific_errors() {
        let first = read("cursor&count=10&sortBy=name.familyName&sortOrder=Descending").await.unwrap();
        assert_eq!((first.cursor.as_deref(), first.sort_by.as_str()), (Some(""), "name.familyName"));
        assert!(first.descending);
        assert_eq!(read("count=10").await.unwrap().cursor, None);

        for (query, word) in [("cursor=&count=x", "invalidCount"), ("sortBy=id&sortOrder=up", "invalidValue")]
        {
            assert_eq!(read(query).await.unwrap_err().scim_type, Some(word), "{query}");
        }
    }

    #[tokio::test]
    async fn lists_of_attributes_sent_several_times_are_one_list() {
        let read =
            read("attributes=userName&count=1&Attributes=emails,title&excludedAttributes=id").await.unwrap();
        assert_eq!(read.attributes.only.as_deref(), Some("userName,emails,title"));
        assert_eq!(read.attributes.excluded.as_deref(), Some("id"));
    }

    #[tokio::test]
    async fn a_list_of_attributes_has_a_maximum_length() {
        let problem = read(&format!("attributes={}", "x".repeat(MAX_NAMES + 1))).await.unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.scim_type), (400, Some("invalidValue")));
    }

    #[tokio::test]
    async fn a_nul_in_the_query_is_refused() {
        assert_eq!(read("filter=userName+eq+%22a%00%22").await.unwrap_err().status, 400);
    }

    #[test]
    fn a_search_has_the_same_parameters_in_its_body() {
        let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "attributes":["userName","name.givenName"],"filter":"active eq true","startIndex":2,"count":1e9}"#;

        let read = ListQuery::from_search(body).unwrap();

        assert_eq!(read.attributes.only.as_deref(), Some("userName,name.givenName"));
        assert_eq!((read.filter.as_str(), read.start_index, read.count), ("active eq true", 2, 200));
        assert!(ListQuery::from_search("[]").is_err());
        assert!(ListQuery::from_search(r#"{"filter":{}}"#).is_err());
    }
}
