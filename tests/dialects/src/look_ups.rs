//! Filters that identity providers were seen to send: docs/scim-clients.md §1.2, §1.4, §2.2, §2.4 and §6.6,
//! docs/scim-lessons.md §3 to §5. Each finds exactly whom it means, or is refused; none finds nobody or
//! everybody instead.

use serde_json::json;

use super::given::{ENTERPRISE, USHER, named, of_team};
use super::row::{Row, row};

const FORD: &[&str] = &["Ford_Purdy@contoso.com"];
const OLAF: &[&str] = &["Olaf"];
const BOTH: &[&str] = &["Ford_Purdy@contoso.com", "Olaf"];
const NOBODY: &[&str] = &[];

pub(super) fn rows() -> Vec<Row> {
    vec![
        names(),
        letters(),
        members(),
        addresses(),
        other_attributes(),
        times_and_booleans(),
        logic(),
        refused(),
    ]
}

/// Two people who differ in every attribute.
fn of_two(source: &'static str) -> Row {
    row(source)
        .given(
            "ford",
            "/Users",
            json!({
                "userName": "Ford_Purdy@contoso.com", "externalId": "jyoung", "displayName": "BobIsAmazing",
                "title": "Analyst", "name": { "familyName": "Employee", "givenName": "Ford" }, "active": true,
                "emails": [
                    { "type": "work", "value": "ford@example.com", "primary": true },
                    { "type": "home", "value": "ford@home.example" },
                ],
                "roles": [{ "value": "Admin", "primary": true }], "userType": "External",
                ENTERPRISE: { "department": "Engines", "manager": { "value": "26" } },
            }),
        )
        .given(
            "olaf",
            "/Users",
            json!({
                "userName": "Olaf", "externalId": "B2", "displayName": "Bob", "active": false,
                "name": { "familyName": "Worker" },
                "emails": [
                    { "type": "work", "value": "b1@example.net" },
                    { "type": "work", "value": "b2@example.net" },
                ],
                "phoneNumbers": [{ "type": "mobile", "value": "+1 555" }],
            }),
        )
}

fn each(row: Row, filters: &[(&str, &[&'static str])]) -> Row {
    filters.iter().fold(row, |row, (filter, people)| row.find(filter).finds(people))
}

fn names() -> Row {
    each(
        of_two("names and ids"),
        &[
            (r#"userName eq "7d420df3-0000-4000-8000-000000000000""#, NOBODY),
            (r#"userName eq "FORD_PURDY@CONTOSO.COM""#, FORD),
            (r#"userName eq "ford""#, NOBODY),
            ("externalId eq jyoung", FORD),
            ("externalId eq JYOUNG", NOBODY),
            (r#"DisplayName eq "BobIsAmazing""#, FORD),
            ("userName sw O", OLAF),
            (r#"userName ne "olaf""#, FORD),
            (r#"name.familyName gt "f""#, OLAF),
            (r#"userName co "%""#, NOBODY),
            (r#"userName co "d_p""#, FORD),
            (r#"id eq "{ford}" and manager eq "26""#, FORD),
            ("id eq {olaf}", OLAF),
            ("id eq 7", NOBODY),
        ],
    )
}

/// A + in an address is %2B in a URL, where + means a space; names in every alphabet are compared without
/// case.
fn letters() -> Row {
    row("letters")
        .given("plus", "/Users", named("ada+scim@contoso.com"))
        .given("other", "/Users", named("ÜNAL o'neill 山田"))
        .get("/Users?filter=userName+eq+%22ada%2Bscim%40contoso.com%22")
        .finds(&["ada+scim@contoso.com"])
        .get("/Users?filter=userName+eq+%22ada+scim%40contoso.com%22")
        .finds(&[])
        .find("userName eq \"ünal O'NEILL 山田\"")
        .finds(&["ÜNAL o'neill 山田"])
        .post("/Users", named("ünal o'neill 山田"))
        .refused(409, "uniqueness")
}

fn members() -> Row {
    let group = |row: Row, filter: &str, names: &[&'static str]| row.find_groups(filter).finds(names);
    let row = of_team("members of groups").given("empty", "/Groups", json!({ "displayName": "Empty" }));
    [
        ("members[value eq \"{ada}\"]", &["Team"][..]),
        ("members.value eq \"{ada}\"", &["Team"]),
        ("members eq \"{eve}\"", &[]),
        ("members pr", &["Team"]),
        ("not (members pr)", &["Empty"]),
        ("displayName sw \"t\" and members[type eq \"User\"]", &["Team"]),
        ("displayName eq \"Team\" or displayName eq \"Empty\"", &["Team", "Empty"]),
    ]
    .into_iter()
    .fold(row, |row, (filter, names)| group(row, filter, names))
    .find("groups.value eq \"{team}\"")
    .finds(&["ada@contoso.com", "bob@contoso.com"])
}

fn addresses() -> Row {
    each(
        of_two("addresses"),
        &[
            (r#"emails[type eq "work"] eq "ford@example.com""#, FORD),
            (r#"emails[type eq "work"].value eq "FORD@example.com""#, FORD),
            (r#"emails[type eq "work"].value eq "b2@example.net""#, OLAF),
            (r#"emails[type eq "home"].value eq "ford@example.com""#, NOBODY),
            (r#"emails[value eq "ford@home.example"]"#, FORD),
            (r#"emails[type eq "work" and value eq "b1@example.net"]"#, OLAF),
            (r#"emails co "example.net""#, OLAF),
            (r#"emails.value eq "ford@home.example""#, FORD),
            (r#"phoneNumbers[type eq "mobile" and value sw "+1"]"#, OLAF),
            (r#"roles[primary EQ "True"]"#, FORD),
            (
                "name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)",
                FORD,
            ),
        ],
    )
}

fn other_attributes() -> Row {
    let enterprise = |rest: &str| format!("{ENTERPRISE}:{rest}");
    each(
        of_two("extensions, user types, what every resource has"),
        &[
            (&enterprise(r#"manager.value eq "26""#), FORD),
            (&enterprise(r#"department ew "ines""#), FORD),
            (r#"manager eq "26""#, FORD),
            (&format!(r#"{USHER}:userType eq "external""#), FORD),
            (&format!(r#"{USHER}:userType eq "Regular""#), OLAF),
            (r#"userType eq "external""#, FORD),
            (r"userType eq 'External'", FORD),
            ("not (userType pr)", OLAF),
            (r#"meta.resourceType eq "User" and meta.version eq "W/\"1\"""#, BOTH),
            (&format!(r#"schemas eq "{ENTERPRISE}""#), FORD),
        ],
    )
}

fn times_and_booleans() -> Row {
    each(
        of_two("times and booleans"),
        &[
            ("meta.Created gt 2015-10-10T14:38:21.8617979-07:00", BOTH),
            (
                r#"active eq true and (meta.lastModified ge "2015-10-10T00:00:00Z" and meta.lastModified le "2999-01-01T00:00:00Z")"#,
                FORD,
            ),
            ("ActiVe eq true", FORD),
            (r#"active eq "False""#, OLAF),
            ("active eq True", FORD),
            (r#"active eq "True" and externalId eq "jyoung""#, FORD),
            (r#"active eq false and userName eq "ford_purdy@contoso.com""#, NOBODY),
        ],
    )
}

fn logic() -> Row {
    each(
        of_two("logic"),
        &[
            ("not(title pr)", OLAF),
            (r#"USERNAME EQ "olaf" AND ACTIVE EQ FALSE"#, OLAF),
            ("title eq null", OLAF),
            ("name pr and not (name.givenName pr)", OLAF),
            (r#"title pr or active eq false and userName eq "nobody""#, FORD),
        ],
    )
}

/// Filters that can't be answered: authentik#25837, Keycloak.
fn refused() -> Row {
    [
        r#"nope eq "x""#,
        "customAttribute pr",
        r#"name.nope eq "x""#,
        r#"emails[nope eq "x"]"#,
        r#"urn:example:2.0:User:tag eq "x""#,
        "members pr",
        "userName",
        "userName eq",
        r#"userName is "x""#,
        r#"userName eq "a"#,
        r#"(userName eq "a""#,
        r#"emails[type eq "work""#,
        "active gt true",
        "active eq maybe",
        "meta.created gt yesterday",
        r#"name eq "x""#,
        r#"userName eq "a" userName eq "b""#,
        " and ",
    ]
    .into_iter()
    .fold(of_two("what can't be answered"), |row, filter| row.find(filter).refused(400, "invalidFilter"))
}
