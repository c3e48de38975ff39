//! docs/scim-clients.md §6.1: pages by cursor, RFC 9865.

use serde_json::json;

use super::row::{Row, row};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("6.1 pages by cursor, there and back")
            .people(5)
            .get("/Users?filter=userName+co+%22contoso%22&cursor&count=2")
            .is(200)
            .at("/itemsPerPage", 2)
            .at("/totalResults", 5)
            .at("/Resources/0/userName", "u1@contoso.com")
            .lacks("/startIndex")
            .lacks("/previousCursor")
            .holds("only unreserved characters of RFC 3986", |page| {
                let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
                page.body["nextCursor"].as_str().is_some_and(|cursor| cursor.chars().all(unreserved))
            })
            .keep("next", "/nextCursor")
            .get("/Users?filter=userName+co+%22contoso%22&cursor={next}&count=2")
            .at("/Resources/0/userName", "u3@contoso.com")
            .keep("next", "/nextCursor")
            .get("/Users?filter=userName+co+%22contoso%22&cursor={next}&count=2")
            .at("/Resources/0/userName", "u5@contoso.com")
            .at("/itemsPerPage", 1)
            .lacks("/nextCursor")
            .keep("previous", "/previousCursor")
            .get("/Users?filter=userName+co+%22contoso%22&cursor={previous}&count=2")
            .at("/Resources/0/userName", "u3@contoso.com"),
        row("6.1 a last page that is full is the last all the same")
            .people(4)
            .get("/Users?cursor&count=2")
            .keep("next", "/nextCursor")
            .get("/Users?cursor={next}&count=2")
            .at("/itemsPerPage", 2)
            .lacks("/nextCursor"),
        row("6.1 pages by cursor in an order, downwards")
            .people(3)
            .get("/Users?cursor&count=2&sortBy=userName&sortOrder=descending")
            .at("/Resources/0/userName", "u3@contoso.com")
            .at("/Resources/1/userName", "u2@contoso.com")
            .keep("next", "/nextCursor")
            .get("/Users?cursor={next}&count=2&sortBy=userName&sortOrder=descending")
            .at("/Resources/0/userName", "u1@contoso.com")
            .lacks("/nextCursor")
            .get("/Users?cursor={next}&count=2&sortBy=userName&sortOrder=ascending")
            .refused(400, "invalidCursor"),
        row("6.1 an empty cursor is the first page; a negative count is 0; 0 gives the total alone")
            .people(2)
            .get("/Users?cursor=&count=1")
            .at("/Resources/0/userName", "u1@contoso.com")
            .get("/Users?cursor=&count=-5")
            .at("/totalResults", 2)
            .at("/itemsPerPage", 0)
            .get("/Users?cursor=&count=0")
            .at("/totalResults", 2)
            .has("/Resources", 0),
        row("6.1 invalidCursor, invalidCount; a cursor of another query is none")
            .people(3)
            .get("/Users?cursor=VZUTiyhEQJ94IR&count=1")
            .refused(400, "invalidCursor")
            .get("/Users?cursor=&count=many")
            .refused(400, "invalidCount")
            .get("/Users?cursor=&count=1")
            .keep("next", "/nextCursor")
            .get("/Users?filter=active+eq+true&cursor={next}&count=1")
            .refused(400, "invalidCursor")
            .get("/Groups?cursor={next}&count=1")
            .refused(400, "invalidCursor"),
        row("6.1 POST /Users/.search with a cursor")
            .people(3)
            .post(
                "/Users/.search",
                json!({ "schemas": [SEARCH], "filter": "userName sw \"u\"", "cursor": "", "count": 2 }),
            )
            .is(200)
            .has("/Resources", 2)
            .keep("next", "/nextCursor")
            .post(
                "/Users/.search",
                json!({ "schemas": [SEARCH], "filter": "userName sw \"u\"", "cursor": "{next}", "count": 2 }),
            )
            .at("/Resources/0/userName", "u3@contoso.com")
            .lacks("/nextCursor"),
        row("6.1 ServiceProviderConfig, where the index stays the default")
            .get("/ServiceProviderConfig")
            .at("/pagination/cursor", true)
            .at("/pagination/index", true)
            .at("/pagination/defaultPaginationMethod", "index")
            .at("/pagination/cursorTimeout", 3600)
            .holds("page sizes are there", |config| {
                config.body["pagination"]["defaultPageSize"].is_u64()
                    && config.body["pagination"]["maxPageSize"].is_u64()
            }),
        walked_while_deleted(),
    ]
}

/// Keycloak skips users here when a client pages by index (docs/scim-lessons.md §2); paging by cursor skips
/// nobody.
fn walked_while_deleted() -> Row {
    let first = row("6.1 rows that go while a list is walked make nobody be missed")
        .people(6)
        .get("/Users?cursor&count=2")
        .keep("gone", "/Resources/0/id")
        .keep("too", "/Resources/1/id")
        .keep("next", "/nextCursor");
    first
        .delete("/Users/{gone}")
        .delete("/Users/{too}")
        .get("/Users?cursor={next}&count=2")
        .at("/Resources/0/userName", "u3@contoso.com")
        .at("/Resources/1/userName", "u4@contoso.com")
        .keep("next", "/nextCursor")
        .get("/Users?cursor={next}&count=2")
        .at("/Resources/0/userName", "u5@contoso.com")
        .at("/Resources/1/userName", "u6@contoso.com")
}
