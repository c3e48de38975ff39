//! docs/scim-lessons.md §4, 19 to 39 and 45 to 50: complaints about access, returning users and mistaken
//! identity.

use serde_json::json;

use super::given::{MANAGER, USHER, ada, enterprise, named, of_ada, of_team};
use super::row::{Request, Row, Workspace, row};

pub(super) fn rows() -> Vec<Row> {
    [seats(), life_cycle(), security()].into_iter().flatten().collect()
}

fn seats() -> Vec<Row> {
    let activate = json!([{ "op": "replace", "path": "active", "value": true }]);
    let deactivate = json!([{ "op": "replace", "path": "active", "value": false }]);
    let at_two = |source| row(source).workspace(Workspace::BlockedAt(2)).given("a", "/Users", named("a"));
    let create = |name: &str| Request::post("/Users", named(name));
    let bulk = |names: &[&str]| {
        let one = |name: &&str| {
            json!({
                "method": "POST", "path": "/Users", "bulkId": name, "data": { "userName": name },
            })
        };
        json!({ "Operations": names.iter().map(one).collect::<Vec<_>>() })
    };
    vec![
        at_two("19 antifailure#446, 20 bagofwords#540: every way in is checked, nobody is put out")
            .given("b", "/Users", named("b"))
            .given("away", "/Users", json!({ "userName": "away", "active": false }))
            .given("free", "/Users", json!({ "userName": "free", USHER: { "userType": "Collaborator" } }))
            .post("/Users", named("c"))
            .refused(403, "")
            .told("seat limit")
            .patch("/Users/{away}", activate.clone())
            .refused(403, "")
            .put("/Users/{away}", json!({ "userName": "away", "active": true }))
            .refused(403, "")
            .patch(
                "/Users/{free}",
                json!([{ "op": "replace", "path": format!("{USHER}:userType"), "value": "Regular" }]),
            )
            .refused(403, "")
            .post("/Bulk", bulk(&["d"]))
            .at("/Operations/0/status", "403")
            .find("active eq true")
            .finds(&["a", "b", "free"]),
        at_two("21 SnapOtter#987, 24 restheart#683: two creates at once for one seat")
            .together(vec![create("b"), create("c")], &[201, 403]),
        at_two("22 litellm#33226: the inactive are not counted")
            .given("b", "/Users", named("b"))
            .patch("/Users/{b}", deactivate.clone())
            .post("/Users", named("c"))
            .is(201),
        at_two("23 Flagsmith#8370: a return beyond the limit, by the plan's policy")
            .given("b", "/Users", named("b"))
            .patch("/Users/{b}", deactivate.clone())
            .given("c", "/Users", named("c"))
            .patch("/Users/{b}", activate.clone())
            .refused(403, "")
            .told("seat limit"),
        row("23 which may let it go on")
            .workspace(Workspace::AllowedBeyond(1))
            .given("a", "/Users", json!({ "userName": "a", "active": false }))
            .given("b", "/Users", named("b"))
            .patch("/Users/{a}", activate)
            .is(200),
        at_two("19 in bulk, in order")
            .post("/Bulk", bulk(&["b", "c"]))
            .at("/Operations/0/status", "201")
            .at("/Operations/1/status", "403"),
        at_two("leaving is never refused")
            .given("b", "/Users", named("b"))
            .patch("/Users/{a}", deactivate)
            .is(200)
            .delete("/Users/{b}")
            .is(204),
    ]
}

fn life_cycle() -> Vec<Row> {
    let deactivate = json!([{ "op": "replace", "value": { "active": false } }]);
    vec![
        of_ada("26 Budibase#17628, 27 better-auth#11111: who is assigned again keeps the id")
            .patch("/Users/{ada}", deactivate.clone())
            .post("/Users", ada())
            .at("/id", "{ada}")
            .at("/active", true)
            .at("/title", "Countess"),
        of_ada("27 also under another name, with the same externalId and primary address")
            .patch("/Users/{ada}", deactivate.clone())
            .post(
                "/Users",
                json!({
                    "userName": "al@contoso.com", "externalId": "Ada-1",
                    "emails": [{ "type": "work", "primary": true, "value": "Ada@contoso.com" }],
                }),
            )
            .at("/id", "{ada}")
            .at("/userName", "al@contoso.com"),
        of_ada("28 rancher#55220: but active, it is 409").post("/Users", ada()).refused(409, "uniqueness"),
        of_ada("29 lightdash#22402: a creation that fails leaves no trace")
            .post("/Users", ada())
            .refused(409, "uniqueness")
            .get("/Users/{ada}")
            .at("/meta/version", "W/\"1\"")
            .post("/Users", json!({ "userName": "x", "active": "perhaps" }))
            .refused(400, "invalidValue")
            .get("/Users")
            .finds(&["ada@contoso.com"]),
        of_team("30 fusionauth-issues#3244: soft deletion keeps id and groups")
            .patch("/Users/{ada}", deactivate.clone())
            .post("/Users", named("ada@contoso.com"))
            .at("/id", "{ada}")
            .at("/groups/0/value", "{team}"),
        row(
            "31 pulumi#5310, appsmith#25668: people who were there before SCIM are adopted when they come back",
        )
            .given("ada", "/Users", json!({ "userName": "ada@contoso.com", "active": false }))
            .post("/Users", ada())
            .at("/id", "{ada}")
            .at("/externalId", "Ada-1")
            .find("externalId eq \"Ada-1\"")
            .finds(&["ada@contoso.com"]),
        of_ada("31 and while they are active, are found and linked by PATCH")
            .find("userName eq \"ada@contoso.com\"")
            .finds(&["ada@contoso.com"])
            .patch("/Users/{ada}", json!([{ "op": "Add", "path": "externalId", "value": "Ada-2" }]))
            .at("/externalId", "Ada-2"),
    ]
}

fn security() -> Vec<Row> {
    let contoso =
        |source| row(source).workspace(Workspace::Domains(&["contoso.com"])).given("ada", "/Users", ada());
    let refused = |row: Row| row.refused(403, "").told("evil.example");
    let rename = |name: &str| json!([{ "op": "Replace", "path": "userName", "value": name }]);
    let readdress =
        json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ada@evil.example" }]);
    vec![
        refused(
            contoso("33 PostHog#52372: another domain by POST").post("/Users", named("eve@evil.example")),
        ),
        refused(contoso("33 by PATCH of the name").patch("/Users/{ada}", rename("ada@evil.example")))
            .get("/Users/{ada}")
            .at("/userName", "ada@contoso.com"),
        refused(contoso("33 by PATCH of the address").patch("/Users/{ada}", readdress))
            .get("/Users/{ada}")
            .at("/emails/0/value", "ada@contoso.com"),
        refused(contoso("33 by PUT").put("/Users/{ada}", named("ada@evil.example"))),
        contoso("34 vouch#826: names that only look like it")
            .post("/Users", named("eve@contoso.com.evil.example"))
            .refused(403, "")
            .post("/Users", named("eve@mail.contoso.com"))
            .refused(403, "")
            .post("/Users", named("EVE@CONTOSO.COM"))
            .is(201),
        refused(
            contoso("35 sim#7567: by coming back")
                .patch("/Users/{ada}", json!([{ "op": "replace", "path": "active", "value": false }]))
                .post("/Users", json!({ "userName": "ada@evil.example", "externalId": "Ada-1" })),
        )
        .get("/Users/{ada}")
        .at("/active", false),
        of_ada("36 ciso-assistant#4658, Infisical#4936: an address alone adopts nobody")
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "active", "value": false }]))
            .post(
                "/Users",
                json!({
                    "userName": "mallory", "externalId": "m",
                    "emails": [{ "type": "work", "value": "ada@contoso.com" }],
                }),
            )
            .is(201)
            .keep("mallory", "/id")
            .get("/Users")
            .finds(&["ada@contoso.com", "mallory"])
            .get("/Users/{ada}")
            .at("/active", false),
        of_ada("36 nor does a name with another externalId")
            .patch("/Users/{ada}", json!([{ "op": "replace", "path": "active", "value": false }]))
            .post("/Users", json!({ "userName": "ada@contoso.com", "externalId": "other" }))
            .refused(409, "uniqueness"),
        of_ada("39 CVE-2025-41115: an externalId is no id")
            .given("eve", "/Users", json!({ "userName": "eve", "externalId": "{ada}" }))
            .get("/Users/{ada}")
            .at("/userName", "ada@contoso.com")
            .find("id eq \"{ada}\"")
            .finds(&["ada@contoso.com"])
            .find("externalId eq \"{ada}\"")
            .finds(&["eve"])
            .given("one", "/Users", json!({ "userName": "one", "externalId": "1" }))
            .get("/Users/1")
            .refused(404, ""),
        of_ada("48 a manager is a reference and gives nothing")
            .patch(
                "/Users/{ada}",
                json!([{ "op": "add", "path": MANAGER, "value": { "value": "26", "displayName": "Boss" } }]),
            )
            .lacks(enterprise("manager/displayName")),
    ]
}
