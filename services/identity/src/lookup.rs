//! From a filter to the cheapest way of answering it: one index probe where a comparison names
//! somebody, a counted page otherwise.

use serde_json::Value;
use usher_scim::filter::{CompareOp, Comparison, Filter, Literal, check};
use usher_scim::schema::{AttrPath, USHER_USER};
use usher_scim::{Object, ScimError, ScimType, eval, schema};
use usher_store::ScopedDatabase;

use crate::error::UserError;
use crate::store::users as store;
use crate::user::{User, key};
use crate::users::Page;

/// A filter that can be answered.
#[derive(Debug)]
pub(crate) struct Lookup {
    filter: Option<Filter>,
    probe: Option<Probe>,
    conditions: store::Conditions,
}

/// An equality that an index answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Probe {
    Id(String),
    UserName(String),
    ExternalId(String),
    WorkEmail(String),
    DisplayName(String),
}

impl Lookup {
    /// No filter.
    pub(crate) fn everybody() -> Self {
        Self { filter: None, probe: None, conditions: store::Conditions::default() }
    }

    /// Takes a filter apart: comparisons with `eq`, joined by `and`.
    pub(crate) fn of(filter: &Filter) -> Result<Self, ScimError> {
        check(filter, schema::user())?;
        let mut lookup = Self { filter: Some(filter.clone()), ..Self::everybody() };
        lookup.take_in(filter)?;
        Ok(lookup)
    }

    fn take_in(&mut self, filter: &Filter) -> Result<(), ScimError> {
        match filter {
            Filter::And(left, right) => {
                self.take_in(left)?;
                self.take_in(right)
            }
            Filter::Compare(comparison) if comparison.op == CompareOp::Eq => self.compare(comparison),
            Filter::ValuePath(path, inner) => {
                let address = work_address(path, inner).ok_or_else(unsupported)?;
                self.probe.get_or_insert(Probe::WorkEmail(key(address)));
                Ok(())
            }
            _ => Err(unsupported()),
        }
    }

    fn compare(&mut self, comparison: &Comparison) -> Result<(), ScimError> {
        let found = comparison.path.resolve_in_filter(schema::user())?;
        let text = text(&comparison.value);
        let probe = match (found.extension, found.attribute.name, found.sub) {
            (None, "active", None) => {
                let wanted = matches!(text.to_ascii_lowercase().as_str(), "true");
                self.conditions.active.get_or_insert(wanted);
                return Ok(());
            }
            (None, "id", None) => Probe::Id(text),
            (None, "userName", None) => Probe::UserName(key(&text)),
            (None, "externalId", None) => Probe::ExternalId(text),
            (None, "displayName", None) => Probe::DisplayName(key(&text)),
            _ => return Err(unsupported()),
        };
        // The one that finds the fewest comes first.
        let rank = |probe: &Probe| match probe {
            Probe::Id(_) => 0,
            Probe::UserName(_) => 1,
            Probe::ExternalId(_) => 2,
            Probe::WorkEmail(_) => 3,
            Probe::DisplayName(_) => 4,
        };
        if self.probe.as_ref().is_none_or(|held| rank(&probe) < rank(held)) {
            self.probe = Some(probe);
        }
        Ok(())
    }

    /// Answers it. What a probe finds is judged by the whole filter in memory.
    pub(crate) async fn run(
        &self,
        database: &ScopedDatabase,
        offset: i64,
        count: i32,
    ) -> Result<Page, UserError> {
        let Some(probe) = &self.probe else {
            return store::page(database, &self.conditions, offset, count).await;
        };
        let mut users = store::probe(database, probe).await?;
        if let Some(filter) = self.filter.as_ref().filter(|filter| !matches!(filter, Filter::Compare(_))) {
            users.retain(|user| eval::matches(filter, &document(user), schema::user()));
        }
        let total = i64::try_from(users.len()).unwrap_or(i64::MAX);
        let users = users
            .into_iter()
            .skip(usize::try_from(offset).unwrap_or(usize::MAX))
            .take(usize::try_from(count).unwrap_or_default())
            .collect();
        Ok(Page { users, total })
    }
}

fn unsupported() -> ScimError {
    ScimError::new(
        ScimType::InvalidFilter,
        "this filter is not supported; supported are `eq` on userName, externalId, id, active, displayName and \
         emails[type eq \"work\"].value, joined by `and`",
    )
}

/// The address of `emails[type eq "work" and value eq "…"]`.
fn work_address<'f>(path: &AttrPath, inner: &'f Filter) -> Option<&'f str> {
    let found = path.resolve(schema::user())?;
    let terms = inner.conjunction()?;
    if found.attribute.name != "emails"
        || found.sub.is_some()
        || terms.iter().any(|term| term.op != CompareOp::Eq)
    {
        return None;
    }
    let value_of = |name: &str| {
        let mut named = terms.iter().filter(|term| term.path.name.eq_ignore_ascii_case(name));
        match (named.next()?, named.next()) {
            (Comparison { value: Literal::String(text), .. }, None) => Some(text.as_str()),
            _ => None,
        }
    };
    let work = terms.len() == 2 && value_of("type").is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
    if work { value_of("value") } else { None }
}

fn text(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => text.clone(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Null => String::new(),
    }
}

/// The resource as a filter sees it.
fn document(user: &User) -> Object {
    let mut document = user.attributes.to_resource();
    document.insert("id".to_owned(), Value::from(user.id.to_string()));
    let user_type = document.get(USHER_USER).and_then(|extension| extension.get("userType")).cloned();
    document.insert("userType".to_owned(), user_type.unwrap_or_default());
    document
}

#[cfg(test)]
mod tests {
    use usher_scim::filter::parse;

    use super::*;

    fn probe(text: &str) -> Option<Probe> {
        Lookup::of(&parse(text).unwrap()).unwrap().probe
    }

    #[test]
    fn the_comparison_that_finds_the_fewest_is_probed() {
        assert_eq!(probe(r#"userName eq "ADA@x""#), Some(Probe::UserName("ada@x".into())));
        assert_eq!(
            probe(r#"displayName eq "A" and active eq true and userName eq "b""#),
            Some(Probe::UserName("b".into()))
        );
        assert_eq!(probe(r#"emails[type eq "work"].value eq "A@x""#), Some(Probe::WorkEmail("a@x".into())));
        assert_eq!(probe("externalId eq 007"), Some(Probe::ExternalId("007".into())));
        assert_eq!(probe("active eq \"True\""), None);
    }

    #[test]
    fn what_is_not_answered_yet_is_refused_and_never_answered_wrongly() {
        for text in [
            "userName sw \"a\"",
            "not (userName eq \"a\")",
            "userName eq \"a\" or active eq true",
            "title eq \"a\"",
            "emails[type eq \"home\"].value eq \"a\"",
            "emails.value eq \"a\"",
            "userName pr",
            "nope eq \"a\"",
            "emails[type eq \"work\" and value eq \"a\" and value eq \"b\"]",
        ] {
            let refused = Lookup::of(&parse(text).unwrap()).unwrap_err();
            assert_eq!(refused.scim_type, ScimType::InvalidFilter, "{text}");
        }
    }
}
