//! Query parameters, and the same in the body of `.search` (RFC 7644 sections 3.4.2 and 3.4.3).

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde_json::{Number, Value};
use usher_base::Reason;
use usher_scim::discovery::{DEFAULT_COUNT, MAX_COUNT};
use usher_scim::projection::Projection;
use usher_scim::schema::ResourceType;
use usher_scim::{Object, ScimError, ScimType};

use crate::problem::Problem;

/// What a client asks of a list, and of the resources in any answer. Unknown parameters, such as
/// Entra's `aadOptscim062020`, are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// Empty where there is none.
    pub(crate) filter: String,
    /// At least 1.
    pub(crate) start_index: i64,
    /// Within bounds.
    pub(crate) count: i32,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(sent): Query<Vec<(String, String)>> = Query::try_from_uri(&parts.uri)
            .map_err(|_| Problem::new(Reason::InvalidSyntax, "the query of the URL can't be read"))?;
        if sent.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(Problem::new(Reason::InvalidValue, "the query contains a NUL character"));
        }
        let value = |name: &str| {
            sent.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let number = |name: &'static str| value(name).map(|text| integer(name, text)).transpose();
        Ok(Self {
            filter: value("filter").unwrap_or_default().to_owned(),
            start_index: start_index(number("startIndex")?),
            count: count(number("count")?),
            attributes: value("attributes").map(str::to_owned),
            excluded_attributes: value("excludedAttributes").map(str::to_owned),
        })
    }
}

impl ListQuery {
    /// Reads the body of a search.
    ///
    /// # Errors
    /// A member is of another type than it must be.
    pub(crate) fn from_search(body: &str) -> Result<Self, ScimError> {
        let invalid = |detail: String| ScimError::new(ScimType::InvalidSyntax, detail);
        let Ok(Value::Object(body)) = serde_json::from_str(body) else {
            return Err(invalid("the body must be a SearchRequest object".to_owned()));
        };
        let text = |name: &str| match member(&body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid(format!("{name} must be a string"))),
        };
        let number = |name: &'static str| match member(&body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => Ok(Some(saturated(number))),
            Some(Value::String(text)) => integer(name, text).map(Some),
            Some(_) => Err(invalid(format!("{name} must be a number"))),
        };
        // A list of names, or, as in a URL, one text with commas.
        let names = |name: &str| match member(&body, name) {
            Some(Value::Array(names)) => {
                let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
                let names = names.ok_or_else(|| invalid(format!("{name} must be a list of strings")))?;
                Ok(Some(names.join(",")))
            }
            _ => text(name),
        };
        Ok(Self {
            filter: text("filter")?.unwrap_or_default(),
            start_index: start_index(number("startIndex")?),
            count: count(number("count")?),
            attributes: names("attributes")?,
            excluded_attributes: names("excludedAttributes")?,
        })
    }

    /// Which attributes an answer has.
    pub(crate) fn projection(&self, resource_type: &ResourceType) -> Projection {
        Projection::parse(self.attributes.as_deref(), self.excluded_attributes.as_deref(), resource_type)
    }
}

fn member<'a>(body: &'a Object, name: &str) -> Option<&'a Value> {
    body.get(name).or_else(|| body.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// A value less than 1 means 1 (RFC 7644 section 3.4.2.4).
fn start_index(sent: Option<i64>) -> i64 {
    sent.unwrap_or(1).max(1)
}

/// A negative value means 0, a large one what there is at the most.
fn count(sent: Option<i64>) -> i32 {
    let count = sent.unwrap_or(i64::from(DEFAULT_COUNT)).clamp(0, i64::from(MAX_COUNT));
    i32::try_from(count).unwrap_or_default()
}

fn integer(name: &str, text: &str) -> Result<i64, ScimError> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ScimError::new(
            ScimType::InvalidValue,
            format!("{name} must be a whole number, not {:?}", text.chars().take(40).collect::<String>()),
        ));
    }
    // A number too large to count with is still a number.
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
    async fn numbers_are_clamped_and_what_is_none_is_refused() {
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
    async fn a_nul_in_the_query_is_refused() {
        assert_eq!(read("filter=userName+eq+%22a%00%22").await.unwrap_err().status, 400);
    }

    #[test]
    fn a_search_says_the_same_in_its_body() {
        let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "attributes":["userName","name.givenName"],"filter":"active eq true","startIndex":2,"count":1e9}"#;

        let read = ListQuery::from_search(body).unwrap();

        assert_eq!(read.attributes.as_deref(), Some("userName,name.givenName"));
        assert_eq!((read.filter.as_str(), read.start_index, read.count), ("active eq true", 2, 200));
        assert!(ListQuery::from_search("[]").is_err());
        assert!(ListQuery::from_search(r#"{"filter":1}"#).is_err());
    }
}
