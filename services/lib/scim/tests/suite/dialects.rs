//! Sends the rows of `usher-dialects` to a directory in memory, which stands for the services, until a
//! service decides.

use http::HeaderMap;
use serde_json::Value;
use usher_dialects::fact::{Answer, judge};
use usher_dialects::kept::Kept;
use usher_dialects::row::{Body, Request, Row, Step, Workspace};
use usher_dialects::{Table, about_identity_providers, about_microsoft, about_standards_and_other_servers};
use usher_scim::Profile;

use crate::directory::{BASE, Directory, Sent};

/// How much of a row was checked.
#[derive(Debug, PartialEq)]
enum Held {
    Whole,
    /// The row was checked up to a step that only the services can decide.
    InPart,
    Wrong(String),
}

#[test]
fn every_row_about_microsoft_holds() {
    hold(about_microsoft(), 95);
}

#[test]
fn every_row_about_identity_providers_holds() {
    hold(about_identity_providers(), 85);
}

#[test]
fn every_row_about_standards_and_other_servers_holds() {
    hold(about_standards_and_other_servers(), 55);
}

/// Checks all rows, and that at least `wholly` percent of them could be checked to the end.
fn hold(tables: Vec<Table>, wholly: usize) {
    let (mut whole, mut count, mut faults) = (0, 0, Vec::new());
    for (table, row) in
        tables.into_iter().flat_map(|(table, rows)| rows.into_iter().map(move |row| (table, row)))
    {
        count += 1;
        match held(&row) {
            Held::Whole => whole += 1,
            Held::InPart => {}
            Held::Wrong(fault) => faults.push(format!("{table} {}\n  {fault}", row.source)),
        }
    }
    assert!(faults.is_empty(), "{} of {count} rows do not hold\n\n{}", faults.len(), faults.join("\n\n"));
    assert!(whole * 100 >= count * wholly, "only {whole} of {count} rows are held to their ends");
}

fn held(row: &Row) -> Held {
    if row.workspace != Workspace::Usual {
        return Held::InPart;
    }
    let mut directory = Directory::new(if row.strict { Profile::Strict } else { Profile::Default });
    let mut kept = Kept::default();
    kept.insert("base", BASE);
    for (at, step) in row.steps.iter().enumerate() {
        let Step::One { request, facts, keep } = step else { return Held::InPart };
        let Some(answer) = answered(&mut directory, request, &kept) else { return Held::InPart };
        if let Err(fault) = judge(&answer, facts, &kept) {
            return Held::Wrong(format!("step {}: {fault}\n  {} {}", at + 1, answer.status, answer.text));
        }
        for (name, pointer) in keep {
            match answer.body.pointer(pointer).and_then(Value::as_str) {
                Some(value) => kept.insert(name, value),
                None => return Held::Wrong(format!("step {}: nothing to keep at {pointer}", at + 1)),
            }
        }
    }
    Held::Whole
}

/// Returns `None` if only the services can decide, for example by tokens and preconditions.
fn answered(directory: &mut Directory, request: &Request, kept: &Kept) -> Option<Answer> {
    let foreign = |name: &str, value: &str| match name {
        "content-type" => !value.to_ascii_lowercase().contains("json"),
        "user-agent" => false,
        _ => true,
    };
    if request.token.is_some() || request.headers.iter().any(|(name, value)| foreign(name, value)) {
        return None;
    }
    let body = match &request.body {
        None => None,
        Some(Body::Json(value)) => Some(kept.value(value).to_string()),
        Some(Body::Text(text)) => Some((*text).to_owned()),
    };
    let path = kept.text(&request.path);
    let Sent { status, location, etag, document } =
        directory.answer(&request.method, &path, body.as_deref())?;
    let mut headers = HeaderMap::new();
    for (name, value) in [("location", location), ("etag", etag)] {
        if let Some(value) = value {
            headers.insert(name, value.parse().unwrap());
        }
    }
    headers.insert("content-type", "application/scim+json".parse().unwrap());
    let text = document.as_ref().map(Value::to_string).unwrap_or_default();
    Some(Answer { status: status.try_into().unwrap(), headers, body: document.unwrap_or_default(), text })
}

#[test]
fn a_failed_row_is_reported_with_its_step() {
    let ada = || usher_dialects::given::of_team("a row").get("/Users/{ada}");

    for row in [
        ada().is(204),
        ada().at("/userName", "eve@contoso.com"),
        ada().lacks("/userName"),
        ada().has("/groups", 2),
        ada().header("etag", "W/\"7\""),
        ada().holds("somebody else", |user| user.body["userName"] == "eve@contoso.com"),
        ada().get("/Groups/{team}").members(&["ada"]),
        ada().find("active eq true").finds(&["ada@contoso.com"]),
        ada().get("/Users/nobody"),
        ada().get("/Users/nobody").refused(404, "noTarget"),
        ada().get("/Users/nobody").is(404).told("everybody"),
        ada().get("/Users").keep("nothing", "/nothing"),
    ] {
        assert!(matches!(held(&row), Held::Wrong(fault) if fault.starts_with("step ")));
    }
    assert_eq!(held(&ada().is(200)), Held::Whole);
    assert_eq!(held(&ada().quick("/Users")), Held::InPart);
}
