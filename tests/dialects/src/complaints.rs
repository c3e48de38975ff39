//! docs/scim-lessons.md §4, the other numbers: complaints of other servers' users, as far as they concern
//! SCIM.

use serde_json::{Value, json};

use super::given::{CORE, ENTERPRISE, USHER, ada, of_ada, of_team, patched, regrouped};
use super::row::{Request, Row, row};

pub(super) fn rows() -> Vec<Row> {
    [dialects(), filters(), scale()].into_iter().flatten().collect()
}

fn dialects() -> Vec<Row> {
    let unknown = |source, operation: Value| {
        of_team(source)
            .patch("/Groups/{team}", json!([operation]))
            .is(400)
            .get("/Groups/{team}")
            .members(&["ada", "bob"])
    };
    vec![
        regrouped(
            "1 authentik#25686, #24173: a filtered removal was answered and not done",
            json!([{ "op": "remove", "path": "members[value eq \"{ada}\"]" }]),
        )
        .members(&["bob"])
        .get("/Users/{ada}")
        .lacks("/groups"),
        regrouped(
            "2 agent-bom#3533: a filtered removal took all, an addition the rest",
            json!([
                { "op": "remove", "path": "members[value eq \"{ada}\"]" },
                { "op": "add", "path": "members", "value": [{ "value": "{eve}" }] },
            ]),
        )
        .members(&["bob", "eve"]),
        unknown(
            "3 langwatch#7136: members without an id",
            json!({ "op": "replace", "path": "members", "value": [{ "display": "x" }] }),
        ),
        unknown("3 a number for members", json!({ "op": "replace", "path": "members", "value": 5 })),
        unknown("3 a text for attributes", json!({ "op": "replace", "value": "members" })),
        unknown("3 an operation that is none", json!({ "op": "clear", "path": "members" })),
        unknown(
            "3 a part of a member that is none",
            json!({ "op": "remove", "path": "members[nope eq \"x\"]" }),
        ),
        regrouped(
            "4 scim-for-keycloak#144: replace members",
            json!([{ "op": "replace", "path": "members", "value": [{ "value": "{eve}" }] }]),
        )
        .members(&["eve"]),
        of_team("5 SCIM-SDK#419: members without a type")
            .given(
                "outer",
                "/Groups",
                json!({ "displayName": "Outer", "members": [{ "value": "{ada}" }, { "value": "{team}" }] }),
            )
            .members(&["ada", "team"])
            .holds("their types are looked up", |group| {
                let members = group.body["members"].as_array().cloned().unwrap_or_default();
                let of = |kind: &str| members.iter().filter(|member| member["type"] == kind).count();
                of("User") == 1 && of("Group") == 1
            }),
        patched(
            "6 scim-patch#872, scimmy#51, SRC#21: \"False\"",
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        )
        .at("/active", false),
        patched(
            "7 oneuptime#3852, Cogtrix#122: active=false was answered and not done",
            json!([{ "op": "replace", "value": { "active": false } }]),
        )
        .get("/Users/{ada}")
        .at("/active", false)
        .find("active eq true")
        .finds(&[]),
        patched(
            "8 elimity-com/scim#112: dotted keys without a path",
            json!([{ "op": "replace", "value": { "name.familyName": "L" } }]),
        )
        .at("/name/familyName", "L"),
        of_ada("8 are refused in the strict profile where they mean nothing")
            .strict()
            .patch("/Users/{ada}", json!([{ "op": "replace", "value": { "name.nope": "L" } }]))
            .refused(400, "invalidPath"),
        patched("9 scimmy#59: empty Operations", json!([])).refused(400, "invalidSyntax"),
        patched(
            "10 Cogtrix#432: an unknown path",
            json!([{ "op": "replace", "path": "unknown", "value": 1 }]),
        )
        .refused(400, "invalidPath")
        .told("unknown"),
        of_ada("11 ssoready#155: one truth about active")
            .put("/Users/{ada}", json!({ "userName": "ada@contoso.com", "active": false }))
            .at("/active", false)
            .find("active eq false")
            .at("/Resources/0/active", false)
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "active", "value": true }]))
            .find("active eq false")
            .finds(&[]),
        row("12 authentik#25056: ServiceProviderConfig has every member")
            .get("/ServiceProviderConfig")
            .is(200)
            .at("/changePassword/supported", false)
            .holds("they are booleans and numbers", |config| {
                let supported = ["patch", "bulk", "filter", "changePassword", "sort", "etag"];
                let numbers = ["/bulk/maxOperations", "/bulk/maxPayloadSize", "/filter/maxResults"];
                supported.iter().all(|name| config.body[*name]["supported"].is_boolean())
                    && numbers.iter().all(|pointer| config.body.pointer(pointer).is_some_and(Value::is_u64))
            })
            .has("/authenticationSchemes", 1),
    ]
}

fn filters() -> Vec<Row> {
    vec![
        of_ada("13 OctopusDeploy#9841, 14 better-auth#10419: externalId eq")
            .find("externalId eq \"Ada-1\"")
            .finds(&["ada@contoso.com"]),
        of_ada("15 langwatch#6973: other attributes, without quotes")
            .get("/Users?filter=userName eq ada@contoso.com")
            .finds(&["ada@contoso.com"])
            .get("/Users?filter=displayName eq \"Ada Lovelace\"")
            .finds(&["ada@contoso.com"])
            .get("/Users?filter=title eq Countess")
            .finds(&["ada@contoso.com"]),
        of_ada("16 authentik#25837: an attribute that is none")
            .find("shoeSize eq 7")
            .refused(400, "invalidFilter"),
        row("17 keycloak#50366: brackets, sorting")
            .people(3)
            .given("ada", "/Users", ada())
            .find("emails[type eq \"home\" and value ew \"home.example\"]")
            .finds(&["ada@contoso.com"])
            .get("/Users?sortBy=userName&sortOrder=descending&count=2")
            .at("/Resources/0/userName", "u3@contoso.com")
            .at("/Resources/1/userName", "u2@contoso.com"),
        of_ada("18 azure-docs#83855: Microsoft's own example")
            .find("emails[type eq \"work\"] eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"]),
    ]
}

fn scale() -> Vec<Row> {
    vec![
        of_team("53 product-is#8498, 55 SimpleIdServer#570: excludedAttributes=members")
            .get("/Groups/{team}?excludedAttributes=members")
            .lacks("/members")
            .get("/Users/{ada}?excludedAttributes=groups")
            .lacks("/groups"),
        of_team("57 fleet#50724, 58 scim-for-keycloak#90: members that are written at once")
            .together(
                ["{ada}", "{bob}", "{eve}"]
                    .map(|id| {
                        Request::patch(
                            "/Groups/{team}",
                            json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]),
                        )
                    })
                    .into(),
                &[204, 204, 204],
            )
            .get("/Groups/{team}")
            .members(&["ada", "bob", "eve"]),
        row("59 polis#4054, django-scim2#208: itemsPerPage is that of the page")
            .people(3)
            .get("/Users?count=100")
            .at("/itemsPerPage", 3)
            .get("/Users?startIndex=3&count=2")
            .at("/itemsPerPage", 1)
            .get("/Users?startIndex=4&count=2")
            .at("/itemsPerPage", 0),
        row("60 product-is#9957, #13752, #4944: pages do not overlap, totals are right")
            .people(4)
            .get("/Users?startIndex=1&count=2")
            .at("/totalResults", 4)
            .at("/Resources/1/userName", "u2@contoso.com")
            .get("/Users?startIndex=3&count=2")
            .at("/totalResults", 4)
            .at("/Resources/0/userName", "u3@contoso.com")
            .get("/Users?filter=userName+sw+%22u1%22&startIndex=1&count=2")
            .finds(&["u1@contoso.com"]),
        row("ZITADEL: a count that is too large is clamped and no error")
            .people(1)
            .get("/Users?count=5000")
            .finds(&["u1@contoso.com"]),
        row("extensions only where there is something in them")
            .post("/Users", json!({ "schemas": [CORE, ENTERPRISE], "userName": "u", ENTERPRISE: {} }))
            .is(201)
            .at("/schemas", json!([CORE, USHER]))
            .lacks(format!("/{ENTERPRISE}")),
    ]
}
