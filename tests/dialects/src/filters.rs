//! docs/scim-lessons.md §5: faults of other servers' filter parsers.

use serde_json::json;

use super::given::{CORE, ENTERPRISE, MANAGER, named, of_ada, of_team};
use super::row::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    let refused = |source, filter: &str| of_ada(source).find(filter).refused(400, "invalidFilter");
    let finds = |source, filter: &str| {
        of_ada(source)
            .given(
                "john",
                "/Users",
                json!({
                    "userName": "john",
                    "emails": [{ "type": "home", "primary": true, "value": "j@home.example" }],
                    ENTERPRISE: { "manager": { "value": "26" } },
                }),
            )
            .find(filter)
    };
    let nested = |depth: usize| format!("{}active eq true{}", "(".repeat(depth), ")".repeat(depth));
    let terms = |count: usize| vec!["active eq true"; count].join(" and ");
    vec![
        finds("USERNAME EQ \"john\"", "USERNAME EQ \"john\"").finds(&["john"]),
        finds("urn:…:User:manager.value eq \"26\"", &format!("{MANAGER}.value eq \"26\"")).finds(&["john"]),
        finds("the core URN", &format!("{CORE}:userName eq \"john\"")).finds(&["john"]),
        refused("x eq 12.5e3, where x is unknown", "x eq 12.5e3"),
        finds("a number with an exponent, as a text", "title eq 12.5e3").finds(&[]),
        row("\"a\\\"b\\\\c\\u00e9\"")
            .given("odd", "/Users", named("a\"b\\cé"))
            .find("userName eq \"a\\\"b\\\\c\\u00e9\"")
            .finds(&["a\"b\\cé"]),
        finds("not(a pr)", "not(title pr)").finds(&["john"]),
        finds(
            "emails[type eq \"work\"].value eq \"x\"",
            "emails[type eq \"work\"].value eq \"ada@contoso.com\"",
        )
        .finds(&["ada@contoso.com"]),
        of_team("members.$ref eq \"x\"")
            .find_groups("members.$ref eq \"{base}/Users/{ada}\"")
            .finds(&["Team"])
            .find_groups("members.$ref eq \"{base}/Users/{eve}\"")
            .finds(&[]),
        finds(
            "emails[primary eq true and not (type eq \"home\")]",
            "emails[primary eq true and not (type eq \"home\")]",
        )
        .finds(&["ada@contoso.com"]),
        finds("active eq True", "active eq True").finds(&["ada@contoso.com", "john"]),
        finds("x pr and y pr or a pr: and binds more than or", "title pr and nickName pr or userName pr")
            .finds(&["ada@contoso.com", "john"]),
        finds("nested brackets cost nothing", &nested(20)).finds(&["ada@contoso.com", "john"]),
        refused("but have a depth", &nested(40)),
        finds("many terms", &terms(150)).finds(&["ada@contoso.com", "john"]),
        refused("but not any number", &terms(300)),
        refused("trailing input", "userName eq \"a\" nonsense").told("byte 16"),
        of_ada("the strict profile takes only what the grammar has")
            .strict()
            .find("active eq True")
            .refused(400, "invalidFilter")
            .find("active eq true")
            .finds(&["ada@contoso.com"]),
        of_ada("an error says where")
            .find("userName eq \"a\" and and title pr")
            .refused(400, "invalidFilter")
            .holds("at an offset", |answer| {
                answer.body["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains(|c: char| c.is_ascii_digit()))
            }),
        of_ada("an empty filter is none").get("/Users?filter=").finds(&["ada@contoso.com"]),
    ]
}
