//! Finds the cheapest way to answer a list: one index probe if a comparison identifies few resources, otherwise a
//! page.

use std::collections::BTreeSet;

use usher_base::CallContext;
use usher_scim::filter::{self, Bound, Case, Filter, Order, Test, TextOp, bind};
use usher_scim::schema::{AttrPath, Kind, ResourceType};
use usher_scim::{Profile, ScimError, ScimType, short};

use uuid::Uuid;

use crate::connection::connection;
use crate::cursor::{Cursors, Purpose};
use crate::error::IdentityError;
use crate::store::canonical_uuid;
use crate::store::listing::{self, Listing, Position, Reader, Window};

/// The maximum number of comparisons with a substring in a filter. Each of them searches the attribute of all
/// resources.
const MAX_SUBSTRING_TESTS: usize = 4;
/// The maximum length of `sortBy`, in bytes.
const MAX_SORT_BY: usize = 1 << 10;

/// The parameters of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    pub(crate) filter: String,
    pub(crate) start_index: i64,
    pub(crate) count: i32,
    pub(crate) sort_by: String,
    pub(crate) descending: bool,
    /// `Some` with cursor-based paging; empty for the first page.
    pub(crate) cursor: Option<String>,
    /// The beginning of URLs.
    pub(crate) base: String,
    /// The dialect of the filter.
    pub(crate) profile: Profile,
}

/// The parsed parameters, bound to a resource type.
pub(crate) struct Query<'s> {
    pub(crate) filter: Option<Bound<'s>>,
    order: Option<listing::Order<'s>>,
    count: i64,
    offset: i64,
    base: String,
    client: Option<String>,
}

/// The cursors of the next and the previous page.
#[derive(Debug, Default)]
pub(crate) struct PageLinks {
    pub(crate) next: String,
    pub(crate) previous: String,
}

impl<'s> Query<'s> {
    /// Parses the filter and the sorting.
    pub(crate) fn read(asked: &ListQuery, resource_type: &'s ResourceType) -> Result<Self, ScimError> {
        let filter = match asked.filter.trim() {
            "" => None,
            text => Some(bind(&filter::parse(text, asked.profile)?, resource_type, asked.profile)?),
        };
        if filter.as_ref().map_or(0, inner_parts) > MAX_SUBSTRING_TESTS {
            return Err(ScimError::new(
                ScimType::TooMany,
                format!("the filter uses co and ew more than {MAX_SUBSTRING_TESTS} times; use eq or sw"),
            ));
        }
        let order = match asked.sort_by.trim() {
            "" => None,
            name if name.len() > MAX_SORT_BY => {
                let detail = format!("sortBy has {} bytes; it can have at most {MAX_SORT_BY}", name.len());
                return Err(ScimError::new(ScimType::InvalidValue, detail));
            }
            name => Some(sorting(name, asked.descending, resource_type)?),
        };
        let max = i64::from(usher_scim::discovery::MAX_COUNT);
        Ok(Self {
            filter,
            order,
            count: i64::from(asked.count).clamp(0, max),
            offset: asked.offset(),
            base: asked.base.clone(),
            client: None,
        })
    }

    /// The query of a client, which does not see the `externalId` of another client.
    pub(crate) fn for_client(self, client: Option<String>) -> Self {
        Self { client, ..self }
    }

    /// The part of a probe's result that belongs on the page.
    pub(crate) fn window<T>(&self, found: Vec<T>) -> Vec<T> {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        found.into_iter().skip(offset).take(usize::try_from(self.count).unwrap_or_default()).collect()
    }

    /// The same query with fewer resources per page.
    #[must_use]
    pub(crate) fn shortened(self, count: usize) -> Self {
        Self { count: i64::try_from(count).unwrap_or(i64::MAX).min(self.count), ..self }
    }

    /// Whether it has a filter or sorting.
    pub(crate) const fn is_selective(&self) -> bool {
        self.filter.is_some() || self.order.is_some()
    }

    /// Whether the order does not matter. A probe returns its few resources in the order of creation.
    pub(crate) fn is_plain(&self, asked: &ListQuery) -> bool {
        self.order.is_none() && asked.cursor.is_none()
    }

    /// The database query, by cursor or by index, with the position where the page begins.
    pub(crate) fn listing<'a>(&'a self, by_cursor: bool, position: Option<&'a Position>) -> Listing<'a> {
        let window = if by_cursor { Window::Cursor(position) } else { Window::Index(self.offset, position) };
        Listing {
            filter: self.filter.as_ref(),
            order: self.order,
            window,
            count: self.count,
            reader: Reader { base: &self.base, client: self.client.as_deref() },
        }
    }
}

impl ListQuery {
    /// The number of resources before an index-based page.
    pub(crate) const fn offset(&self) -> i64 {
        let offset = self.start_index.saturating_sub(1);
        if offset > 0 { offset } else { 0 }
    }

    /// What the cursors of this query can be used for. A stored one is bound to the client.
    pub(crate) fn purpose(&self, ctx: &CallContext, list: &str) -> Result<Purpose, IdentityError> {
        let order = if self.descending { "descending" } else { "ascending" };
        let client =
            if self.cursor.is_some() { String::new() } else { format!("index {}", connection(ctx.actor())) };
        let query = [list, self.filter.trim(), self.sort_by.trim(), order, &client];
        Ok(Purpose::new(ctx.workspace()?, query))
    }
}

impl PageLinks {
    /// Encrypts the positions before and after a page.
    pub(crate) fn seal(
        page: &listing::Page,
        cursors: &Cursors,
        purpose: &Purpose,
        ctx: &CallContext,
    ) -> Self {
        let seal = |position: &Option<Position>| {
            position.as_ref().and_then(|it| cursors.seal(purpose, it, ctx.now())).unwrap_or_default()
        };
        Self { next: seal(&page.next), previous: seal(&page.previous) }
    }
}

/// The number of comparisons with a substring or a suffix, which no index supports.
fn inner_parts(filter: &Bound<'_>) -> usize {
    match filter {
        Bound::And(left, right) | Bound::Or(left, right) => inner_parts(left) + inner_parts(right),
        Bound::Not(inner) | Bound::Element(_, inner) => inner_parts(inner),
        Bound::Some(_, test) => usize::from(matches!(test, Test::Text(TextOp::Co | TextOp::Ew, ..))),
    }
}

fn sorting<'s>(
    name: &str,
    descending: bool,
    resource_type: &'s ResourceType,
) -> Result<listing::Order<'s>, ScimError> {
    let refused =
        |why: &str| ScimError::new(ScimType::InvalidValue, format!("sortBy {:?}: {why}", short(name)));
    let mut place = AttrPath::parse(name)
        .resolve(resource_type)
        .map(filter::Place::from)
        .ok_or_else(|| refused("there is no such attribute"))?;
    place.sub = place.sub.or_else(|| place.attribute.sub("value"));
    if matches!(place.attribute.name.as_ref(), "groups" | "members" | "schemas") {
        return Err(refused("it can't be sorted by"));
    }
    if place.leaf().kind == Kind::Complex {
        return Err(refused("it is a complex attribute; name one of its parts"));
    }
    Ok(listing::Order { place, descending })
}

/// An equality that an index can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Id(String),
    /// One of these ids: several comparisons with ids, joined by `or`.
    Ids(BTreeSet<Uuid>),
    UserName(String),
    ExternalId(String),
    WorkEmail(String),
    Email(String),
    DisplayName(String),
}

impl Probe {
    /// Selects the best of the equalities that the filter requires: the one that finds the fewest resources.
    pub(crate) fn find(filter: &Bound<'_>) -> Option<Self> {
        match filter {
            Bound::And(left, right) => {
                [Self::find(left), Self::find(right)].into_iter().flatten().min_by_key(Self::rank)
            }
            Bound::Or(..) => ids(filter).map(Self::Ids),
            Bound::Some(place, Test::Text(TextOp::Order(Order::Eq), text, _))
                if place.extension.is_none() =>
            {
                let text = text.clone();
                match place.attribute.name.as_ref() {
                    "id" => Some(Self::Id(text)),
                    "userName" => Some(Self::UserName(text)),
                    "externalId" => Some(Self::ExternalId(text)),
                    "displayName" => Some(Self::DisplayName(text)),
                    "emails" if place.leaf().name == "value" => Some(Self::Email(text)),
                    _ => None,
                }
            }
            Bound::Element(place, inner) if place.attribute.name == "emails" => {
                let (work, address) = address(inner);
                address.map(if work { Self::WorkEmail } else { Self::Email })
            }
            _ => None,
        }
    }

    /// Returns the equality if the filter consists of nothing else.
    pub(crate) fn alone(filter: &Bound<'_>) -> Option<Self> {
        matches!(filter, Bound::Some(..) | Bound::Or(..)).then(|| Self::find(filter)).flatten()
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Id(_) | Self::Ids(_) => 0,
            Self::UserName(_) => 1,
            Self::ExternalId(_) => 2,
            Self::WorkEmail(_) => 3,
            Self::Email(_) => 4,
            Self::DisplayName(_) => 5,
        }
    }
}

/// Returns whether an element must have `type eq "work"`, and the address in `value eq "…"`, whatever else it must
/// have.
fn address(element: &Bound<'_>) -> (bool, Option<String>) {
    let mut work = false;
    let mut address = None;
    let mut left = vec![element];
    while let Some(part) = left.pop() {
        match part {
            Bound::And(one, other) => left.extend([one.as_ref(), other.as_ref()]),
            Bound::Some(place, Test::Text(TextOp::Order(Order::Eq), text, Case::Folded)) => {
                match place.leaf().name.as_ref() {
                    "type" => work |= text == "work",
                    "value" => address = Some(text.clone()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    (work, address)
}

/// Returns the ids in `id eq "…" or id eq "…"` if the filter consists of nothing else. A text that is not an id
/// matches nothing.
fn ids(filter: &Bound<'_>) -> Option<BTreeSet<Uuid>> {
    match filter {
        Bound::Or(left, right) => {
            let mut all = ids(left)?;
            all.extend(ids(right)?);
            Some(all)
        }
        Bound::Some(place, Test::Text(TextOp::Order(Order::Eq), text, _))
            if place.extension.is_none() && place.attribute.name == "id" =>
        {
            Some(canonical_uuid(text).into_iter().collect())
        }
        _ => None,
    }
}

/// Parses a filter on the members of a group.
pub(crate) fn members(filter: &Filter) -> Result<Bound<'static>, ScimError> {
    let members = usher_scim::schema::group().schema.attribute("members");
    let members = members.ok_or_else(|| ScimError::new(ScimType::InvalidPath, "groups have no members"))?;
    filter::bind_element(filter, members)
}

#[cfg(test)]
mod tests {
    use usher_scim::schema;

    use super::*;

    fn probe(text: &str) -> Option<Probe> {
        Probe::find(
            &bind(&filter::parse(text, Profile::Default).unwrap(), schema::user(), Profile::Default).unwrap(),
        )
    }

    #[test]
    fn the_comparison_that_finds_the_fewest_is_probed() {
        assert_eq!(probe(r#"userName eq "ADA@x""#), Some(Probe::UserName("ada@x".into())));
        assert_eq!(
            probe(r#"displayName eq "A" and active eq true and userName eq "b""#),
            Some(Probe::UserName("b".into()))
        );
        assert_eq!(probe(r#"emails[type eq "work"].value eq "A@x""#), Some(Probe::WorkEmail("a@x".into())));
        assert_eq!(probe(r#"emails[type eq "work"] eq "A@x""#), Some(Probe::WorkEmail("a@x".into())));
        for text in
            [r#"emails.value eq "A@x""#, r#"emails eq "A@x""#, r#"emails[value eq "A@x" and type eq "home"]"#]
        {
            assert_eq!(probe(text), Some(Probe::Email("a@x".into())), "{text}");
        }
        let (one, other) = ("01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002");
        assert_eq!(
            probe(&format!(r#"id eq "{other}" or id eq "{one}" or id eq "nobody" or id eq "{one}""#)),
            Some(Probe::Ids([one, other].map(|id| id.parse().unwrap()).into()))
        );
        assert_eq!(probe("externalId eq 007"), Some(Probe::ExternalId("007".into())));
        assert_eq!(probe("title co \"x\" and id eq \"1\""), Some(Probe::Id("1".into())));
    }

    #[test]
    fn a_filter_can_search_for_substrings_only_a_few_times() {
        let read = |terms: &[&str]| {
            let asked = ListQuery { filter: terms.join(" or "), ..ListQuery::default() };
            Query::read(&asked, schema::user()).map(drop).map_err(|error| error.scim_type)
        };
        let (inner, end) = (r#"title co "x""#, r#"emails[value ew "x" and type eq "work"]"#);

        assert_eq!(read(&[inner, end, inner, end]), Ok(()));
        assert_eq!(read(&[inner, end, inner, end, inner]), Err(ScimType::TooMany));
        assert_eq!(read(&[r#"title eq "x""#; 8]), Ok(()));
    }

    #[test]
    fn a_filter_that_identifies_nobody_is_not_probed() {
        for text in [
            "userName sw \"a\"",
            "not (userName eq \"a\")",
            "userName eq \"a\" or active eq true",
            "id eq \"a\" or active eq true",
            "userName ne \"a\"",
            "active eq \"True\"",
            "emails[type eq \"work\" or value eq \"a\"]",
            "emails.display eq \"a\"",
            "userName pr",
        ] {
            assert_eq!(probe(text), None, "{text}");
        }
    }
}
