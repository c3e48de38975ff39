//! Filters and matching as identity providers use them, row by row, each named after where it was seen.

use serde_json::json;
use usher_base::Reason;

use crate::site::{Caller, Site, document};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn people(app: &Caller) -> (String, String) {
    let ada = json!({
        "userName": "Ford_Purdy@acme.example", "externalId": "jyoung", "displayName": "BobIsAmazing", "title": "Analyst",
        "name": {"familyName": "Employee", "givenName": "Ada"}, "active": true,
        "emails": [{"type": "work", "value": "ada@example.com", "primary": true}, {"type": "home", "value": "ada@home.example"}],
        "roles": [{"value": "Admin", "primary": true}], "userType": "External",
        (ENTERPRISE): {"department": "Engines", "manager": {"value": "26"}},
    });
    let bob = json!({
        "userName": "Olaf", "externalId": "B2", "displayName": "Bob", "active": false, "name": {"familyName": "Worker"},
        "emails": [{"type": "work", "value": "b1@example.net"}, {"type": "work", "value": "b2@example.net"}],
        "phoneNumbers": [{"type": "mobile", "value": "+1 555"}],
    });
    let ada = app.create(&ada).await.unwrap().user.unwrap().id;
    let bob = app.create(&bob).await.unwrap().user.unwrap().id;
    (ada, bob)
}

#[tokio::test]
async fn every_filter_that_was_seen_finds_who_is_meant() {
    const ADA: &[&str] = &["Ford_Purdy@acme.example"];
    const BOB: &[&str] = &["Olaf"];
    const BOTH: &[&str] = &["Ford_Purdy@acme.example", "Olaf"];
    const NOBODY: &[&str] = &[];
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let (ada, bob) = people(&app).await;

    for (source, filter, expected) in [
        ("TUT test connection", r#"userName eq "7d420df3-0000-4000-8000-000000000000""#, NOBODY),
        ("validator 5: another case", r#"userName eq "FORD_PURDY@ACME.EXAMPLE""#, ADA),
        ("TUT unquoted", "externalId eq jyoung", ADA),
        ("scim2-server: externalId is exact", "externalId eq JYOUNG", NOBODY),
        ("azure-docs#83855", r#"emails[type eq "work"] eq "ada@example.com""#, ADA),
        ("Entra, not in the ABNF", r#"emails[type eq "work"].value eq "ADA@example.com""#, ADA),
        ("the second work address", r#"emails[type eq "work"].value eq "b2@example.net""#, BOB),
        ("IPSIE", r#"emails[value eq "ada@home.example"]"#, ADA),
        ("IPSIE work", r#"emails[type eq "work" and value eq "b1@example.net"]"#, BOB),
        ("another type", r#"emails[type eq "home"].value eq "ada@example.com""#, NOBODY),
        ("list without a part", r#"emails co "example.net""#, BOB),
        ("SRC attribute in any case", r#"DisplayName eq "BobIsAmazing""#, ADA),
        (
            "SRC garbage",
            "name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)",
            ADA,
        ),
        ("SRC sw", "userName sw O", BOB),
        ("SRC dates", "meta.Created gt 2015-10-10T14:38:21.8617979-07:00", BOTH),
        (
            "SRC Inbound",
            r#"active eq true and (meta.lastModified ge "2015-10-10T00:00:00Z" and meta.lastModified le "2999-01-01T00:00:00Z")"#,
            ADA,
        ),
        ("SRC Inbound active", "ActiVe eq true", ADA),
        ("string boolean", r#"active eq "False""#, BOB),
        ("boolean word", "active eq True", ADA),
        ("directory-scimple#1213", r#"roles[primary EQ "True"]"#, ADA),
        ("not without a space", "not(title pr)", BOB),
        ("operators in any case", r#"USERNAME EQ "olaf" AND ACTIVE EQ FALSE"#, BOB),
        (
            "URN with a part",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"26\"",
            ADA,
        ),
        ("manager alone", r#"manager eq "26""#, ADA),
        (
            "extension attribute",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department ew \"ines\"",
            ADA,
        ),
        (
            "own extension",
            r#"urn:ietf:params:scim:schemas:extension:usher:2.0:User:userType eq "external""#,
            ADA,
        ),
        ("default user type", r#"userType eq "Regular""#, BOB),
        ("ne", r#"userName ne "olaf""#, ADA),
        ("order of texts", r#"name.familyName gt "f""#, BOB),
        ("phones", r#"phoneNumbers[type eq "mobile" and value sw "+1"]"#, BOB),
        ("null", "title eq null", BOB),
        ("whole name", "name pr and not (name.givenName pr)", BOB),
        ("precedence", r#"title pr or active eq false and userName eq "nobody""#, ADA),
        ("wildcards are letters", r#"userName co "%""#, NOBODY),
        ("underscore is a letter", r#"userName co "d_p""#, ADA),
        ("resource type", r#"meta.resourceType eq "User" and meta.version eq "W/\"1\"""#, BOTH),
        ("schemas", "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"", ADA),
    ] {
        assert_eq!(app.found(filter).await.unwrap(), expected, "{source}: {filter}");
    }
    let reference_check = format!("id eq \"{ada}\" and manager eq \"26\"");
    assert_eq!(app.found(&reference_check).await.unwrap(), ADA, "TUT reference check");
    assert_eq!(app.found(&format!("id eq {bob}")).await.unwrap(), BOB);
    assert_eq!(app.found("id eq 7").await.unwrap(), NOBODY);
}

#[tokio::test]
async fn a_filter_that_cannot_be_answered_is_refused_and_never_answered_with_nobody_or_everybody() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    people(&app).await;

    for (source, filter) in [
        ("authentik#25837", r#"nope eq "x""#),
        ("Keycloak", "customAttribute pr"),
        ("unknown part", r#"name.nope eq "x""#),
        ("unknown in brackets", r#"emails[nope eq "x"]"#),
        ("unknown extension", r#"urn:example:2.0:User:tag eq "x""#),
        ("another type's attribute", "members pr"),
        ("no operator", "userName"),
        ("no value", "userName eq"),
        ("unknown operator", r#"userName is "x""#),
        ("open bracket", r#"emails[type eq "work""#),
        ("a boolean has no order", "active gt true"),
        ("a boolean is one", "active eq maybe"),
        ("a date is one", "meta.created gt yesterday"),
        ("a complex attribute has no value", r#"name eq "x""#),
        ("two filters", r#"userName eq "a" userName eq "b""#),
    ] {
        let refused = app.found(filter).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidFilter, "{source}: {filter}");
        assert!(!refused.message.is_empty());
    }
}

#[tokio::test]
async fn what_the_validators_do_with_a_user_works() {
    let site = Site::start().await;
    let app = site.app("validator").await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "userName": "v@acme.example", "active": true,
        "displayName": "D", "title": "T", "emails": [{"type": "work", "value": "v@acme.example", "primary": true}],
        "name": {"givenName": "G", "familyName": "F", "formatted": "GF", "middleName": "M", "honorificPrefix": "P", "honorificSuffix": "S"},
        "addresses": [{"type": "work", "formatted": "a", "streetAddress": "b", "locality": "c", "region": "d", "postalCode": "e", "primary": true, "country": "f"}],
        "phoneNumbers": [{"type": "work", "value": "1"}, {"type": "mobile", "value": "2"}, {"type": "fax", "value": "3"}],
        "roles": [{"primary": "True", "display": "d", "value": "v", "type": "t"}], "userType": "Regular", "nickName": "N",
        "locale": "RJWNTUNNOHNZ", "timezone": "X", "profileUrl": "BAPNQLJSRQGD", "preferredLanguage": "Y",
        (ENTERPRISE): {"employeeNumber": "1", "department": "2", "costCenter": "3", "organization": "4", "division": "5", "manager": {"value": "XYMKVVRYDIOO"}},
    });
    let id = app.create(&body).await.unwrap().user.unwrap().id;
    let shown = document(&app.get(&id).await.unwrap().resource_json);
    for (name, value) in body.as_object().unwrap() {
        if !matches!(name.as_str(), "schemas" | "roles" | "userType") {
            assert_eq!(&shown[name], value, "{name} comes back as sent");
        }
    }
    assert_eq!(app.create(&body).await.unwrap_err().reason, Reason::UserNameTaken, "validator 2");

    let cleared = json!([
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": ""},
        {"op": "replace", "path": "addresses[type eq \"work\"].locality", "value": null},
        {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": ""},
        {"op": "replace", "value": {"title": "", "name.givenName": "", (format!("{ENTERPRISE}:manager")): ""}},
    ]);
    let shown = document(&app.patch(&id, &cleared).await.unwrap().resource_json);
    assert!(shown.get("emails").is_none() && shown.get("title").is_none(), "SCIM_Null_Update");
    assert_eq!(
        shown[ENTERPRISE],
        json!({"employeeNumber": "1", "costCenter": "3", "organization": "4", "division": "5"})
    );
    assert_eq!(shown["addresses"][0].get("locality"), None);

    app.patch(&id, &json!([{"op": "Replace", "path": "active", "value": "False"}])).await.unwrap();
    let shown = document(&app.get(&id).await.unwrap().resource_json);
    assert_eq!(shown["active"], json!(false), "a disabled user is shown so");
    app.patch(&id, &json!([{"op": "Replace", "path": "active", "value": "True"}])).await.unwrap();
    assert_eq!(app.found("active eq true").await.unwrap(), ["v@acme.example"], "Restore_User");
}
