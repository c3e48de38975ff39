//! `usher admin report`, with the real program: reports as files, and the names of people in them.

use std::collections::BTreeMap;
use std::process::Output;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use strum::VariantArray as _;
use tokio::process::Command;
use usher_base::{Clock, Reason};
use usher_proto::billing::v1::ExportReportRequest;
use usher_proto::billing::v1::report_service_client::ReportServiceClient;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_rpc::{Failure, WireEnum as _};
use usher_seats::{ReportFormat, ReportName};
use usher_tests::operator::Operator;
use usher_tests::stack::processes::program;
use usher_tests::stack::{Stack, Workspace};

/// Runs `usher admin report` with the caller's credential.
async fn report(stack: &Stack, credential: &str, arguments: &[&str]) -> Output {
    let mut demo = stack.demo();
    demo["service_credential"] = credential.into();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), demo.to_string()).unwrap();
    Command::new(program())
        .args(["admin", "--demo"])
        .arg(file.path())
        .arg("report")
        .args(arguments)
        .output()
        .await
        .unwrap()
}

/// Returns the first date of the current period.
fn start() -> String {
    TimeZone::UTC.to_datetime(Clock::system().now()).date().first_of_month().to_string()
}

/// The file that the operator gets for the current period, and the messages.
async fn exported(stack: &Stack, arguments: &[&str]) -> (String, String) {
    let start = start();
    let arguments = [arguments, &["--start", &start]].concat();
    let output = report(stack, stack.operator().credential(), &arguments).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

/// The rows by column, for both formats.
fn rows(format: &str, text: &str) -> Vec<BTreeMap<String, String>> {
    let plain = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    match format {
        "csv" => csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect(),
        _ => text
            .lines()
            .map(|line| serde_json::from_str::<BTreeMap<String, Value>>(line).unwrap())
            .map(|row| row.iter().map(|(column, cell)| (column.clone(), plain(cell))).collect())
            .collect(),
    }
}

/// The person keys in billing, by user.
async fn persons(operator: &Operator, workspace: &Workspace) -> BTreeMap<String, String> {
    workspace.settle().await;
    let events = operator.events(workspace.id()).await.unwrap();
    events.into_iter().map(|event| (event.user_id, event.person_key)).collect()
}

async fn created(workspace: &Workspace, document: Value) -> String {
    workspace.scim().post("/Users", &document).await.assert_status(201).id()
}

async fn names(
    operator: &Operator,
    workspace: &Workspace,
    person_keys: Vec<String>,
) -> Result<Vec<pb::PersonName>, Failure> {
    let request = operator.request_for(workspace.id(), pb::GetPersonNamesRequest { person_keys });
    let answer = UserServiceClient::new(operator.identity()).get_person_names(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().names)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_a_report_names_people_as_they_are_now_and_whoever_was_deleted_not_at_all() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let operator = stack.operator();
    for workspace in [&acme, &globex] {
        operator.prices(workspace.id(), &[("regular", "12.00")]).await.unwrap();
    }
    let formula = "=HYPERLINK(\"https://evil.example\", \"Ada\")";
    let ada = created(&acme, json!({ "userName": "ada@acme.example", "displayName": formula })).await;
    let bob = created(&acme, json!({ "userName": "bob@acme.example", "displayName": "Bob" })).await;
    let eve = created(&acme, json!({ "userName": "eve@acme.example", "displayName": "Eve" })).await;
    let hank = created(&globex, json!({ "userName": "hank@globex.example", "displayName": "Hank" })).await;
    let bobs = json!([{ "op": "replace", "path": "displayName", "value": "Robert" }]);
    acme.scim().patch(&format!("/Users/{bob}"), bobs).await.assert_status(200);
    acme.scim().delete(&format!("/Users/{eve}")).await.assert_status(204);
    let key = persons(operator, &acme).await;
    let hanks = persons(operator, &globex).await[&hank].clone();

    for format in ["csv", "jsonl"] {
        let guarded = if format == "csv" { format!("'{formula}") } else { formula.to_owned() };
        let none = if format == "csv" { "" } else { "null" };
        for name in ["seat-days", "idle-seats"] {
            let known = Clock::system().now().to_string();
            let order = [name, "--format", format, "--known-at", &known];
            let mut expected = BTreeMap::from([
                (key[&ada].clone(), guarded.clone()),
                (key[&bob].clone(), "Robert".to_owned()),
            ]);
            if name == "seat-days" {
                expected.insert(key[&eve].clone(), none.to_owned());
            }
            let displays = |text: &str| -> BTreeMap<String, String> {
                let rows = rows(format, text).into_iter();
                rows.map(|row| (row["person_key"].clone(), row["display"].clone())).collect()
            };

            let of_acme = [&order[..], &["--workspace", "acme"]].concat();
            let (plain, said) = exported(&stack, &of_acme).await;
            assert!(displays(&plain).values().all(|display| display == none), "{plain}");
            let (named, said_too) = exported(&stack, &[&of_acme[..], &["--names"]].concat()).await;
            assert_eq!(displays(&named), expected, "{named}");
            // Nothing else has changed, and the hash is of the report that billing sent.
            let blank = |text: &str| {
                let blank = rows(format, text).into_iter().map(|mut row| {
                    row.remove("display");
                    row
                });
                blank.collect::<Vec<_>>()
            };
            assert_eq!(blank(&named), blank(&plain));
            assert_eq!(said_too.lines().next(), said.lines().next());
            assert!(said_too.contains("names are current"), "{said_too}");

            let (everybody, _) = exported(&stack, &[&order[..], &["--names"]].concat()).await;
            let mut all = expected.clone();
            all.insert(hanks.clone(), "Hank".to_owned());
            assert_eq!(displays(&everybody), all, "{everybody}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_the_best_name_of_the_user_who_is_active_or_was_changed_last() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();
    let long = "n".repeat(600);
    for (user_name, name, display, expected) in [
        ("a", json!({ "formatted": "Dr. A", "givenName": "Ann" }), Some("Annie"), "Annie"),
        ("b", json!({ "formatted": "Dr. B", "givenName": "Ben", "familyName": "Bo" }), Some(" "), "Dr. B"),
        ("c", json!({ "givenName": "Cleo", "familyName": "Coe" }), None, "Cleo Coe"),
        ("d", json!({ "familyName": "Doe" }), None, "Doe"),
        ("e", json!({ "honorificPrefix": "Dr." }), None, "e@acme.example"),
        ("f", json!({ "formatted": long }), None, &long[..512]),
    ] {
        let user_name = acme.address(user_name);
        let mut document = json!({ "userName": user_name, "name": name });
        if let Some(display) = display {
            document["displayName"] = display.into();
        }
        let id = created(&acme, document).await;
        let person_key = persons(operator, &acme).await[&id].clone();
        let expected =
            pb::PersonName { person_key: person_key.clone(), display: expected.to_owned(), user_name };
        assert_eq!(names(operator, &acme, vec![person_key]).await.unwrap(), [expected]);
    }

    // One person, because both users have the same client id and the same address.
    let twin = |n: u8| {
        json!({
            "userName": acme.address(&format!("twin{n}")), "externalId": "HR-1",
            "emails": [{ "type": "work", "value": acme.address("twin") }],
        })
    };
    let (first, second) = (created(&acme, twin(1)).await, created(&acme, twin(2)).await);
    let keys = persons(operator, &acme).await;
    assert_eq!(keys[&first], keys[&second]);
    let named = async || names(operator, &acme, vec![keys[&first].clone()]).await.unwrap()[0].display.clone();
    let set = async |id: &str, path: &str, value: Value| {
        let operations = json!([{ "op": "replace", "path": path, "value": value }]);
        acme.scim().patch(&format!("/Users/{id}"), operations).await.assert_status(200);
    };
    set(&first, "displayName", json!("One")).await;
    assert_eq!(named().await, "One");
    set(&second, "displayName", json!("Two")).await;
    assert_eq!(named().await, "Two");
    set(&second, "active", json!(false)).await;
    assert_eq!(named().await, "One", "Two changed later, and is not active");
    set(&first, "active", json!(false)).await;
    assert_eq!(named().await, "One");
    acme.scim().delete(&format!("/Users/{first}")).await.assert_status(204);
    assert_eq!(named().await, "Two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_for_those_who_may_read_users_and_of_one_workspace() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let operator = stack.operator();
    acme.scim().created("ada@acme.example").await;
    let hank = globex.scim().created("hank@globex.example").await;
    let hanks = persons(operator, &globex).await[&hank].clone();
    assert_eq!(names(operator, &globex, vec![hanks.clone(); 1_000]).await.unwrap().len(), 1);

    assert_eq!(names(operator, &acme, vec![hanks.clone()]).await.unwrap(), []);
    assert_eq!(names(operator, &acme, Vec::new()).await.unwrap(), []);
    for keys in [vec![hanks.clone(); 1_001], vec!["hank".to_owned()]] {
        let refused = names(operator, &globex, keys).await.unwrap_err();
        assert_eq!(
            (refused.reason, &refused.metadata["field"][..]),
            (Reason::InvalidArgument, "person_keys")
        );
    }
    let identity = operator.with_credential(&stack.service_credential("identity").await);
    let refused = names(&identity, &globex, vec![hanks]).await.unwrap_err();
    assert_eq!(refused.reason, Reason::PermissionDenied);

    // Billing's own credential may read the report, but no names.
    for workspace in [&acme, &globex] {
        operator.prices(workspace.id(), &[("regular", "12.00")]).await.unwrap();
    }
    let billing = stack.service_credential("billing").await;
    let date = start();
    let order = ["idle-seats", "--start", &date];
    let plain = report(&stack, &billing, &order).await;
    assert!(
        plain.status.success() && String::from_utf8_lossy(&plain.stdout).lines().count() == 3,
        "{plain:?}"
    );
    let refused = report(&stack, &billing, &[&order[..], &["--names"]].concat()).await;
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && error.contains("credential"), "{error}");
    assert!(refused.stdout.is_empty(), "no row without its name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_knows_all_reports_and_which_have_names() {
    let stack = Stack::start().await;
    let credential = stack.operator().credential();
    let help = report(&stack, credential, &["--help"]).await;
    let help = String::from_utf8(help.stdout).unwrap();
    let message = ExportReportRequest {
        start_date: start(),
        format: ReportFormat::Csv.to_wire(),
        ..Default::default()
    };
    let mut client = ReportServiceClient::new(stack.operator().billing());
    let refused = client.export_report(stack.operator().request_for_installation(message)).await.unwrap_err();
    let (_, reports) = refused.message().split_once("send ").unwrap();
    let wire_names: Vec<&str> = ReportName::VARIANTS.iter().map(|report| report.wire_name()).collect();
    assert_eq!(reports.split(", ").collect::<Vec<_>>(), wire_names);
    for name in ReportName::VARIANTS.iter().map(|report| report.as_str()).chain(["csv", "jsonl"]) {
        assert!(help.contains(&format!("- {name}: ")), "{name} is not in {help}");
    }

    for (arguments, said) in [
        (&["statements"][..], "[possible values: statement, seat-days,"),
        (&["statement", "--format", "xlsx"], "[possible values: csv, jsonl]"),
        (&["statement", "--names"], "seat-days and idle-seats"),
    ] {
        let refused = report(&stack, credential, &[arguments, &["--start", "2026-06-01"]].concat()).await;
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && error.contains(said), "{arguments:?}: {error}");
        assert!(refused.stdout.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_says_what_a_file_is_and_asking_again_for_what_was_known_gives_the_same_file() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().prices(acme.id(), &[("regular", "12.00")]).await.unwrap();
    created(&acme, json!({ "userName": "ada@acme.example" })).await;
    acme.settle().await;
    let folder = tempfile::tempdir().unwrap();
    let write = async |name: &str, known: &[&str]| {
        let [file, manifest] = ["csv", "json"].map(|kind| folder.path().join(format!("{name}.{kind}")));
        let paths = [file.to_str().unwrap(), manifest.to_str().unwrap()];
        let arguments = ["statement", "--workspace", "acme", "--to", paths[0], "--manifest", paths[1]];
        exported(&stack, &[&arguments[..], known].concat()).await;
        let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
        (std::fs::read(file).unwrap(), manifest)
    };

    let (file, manifest) = write("first", &[]).await;

    let digest = usher_billing::audit::model::hash::hex(&Sha256::digest(&file));
    assert_eq!(manifest["sha256"], digest);
    assert_eq!((&manifest["report"], &manifest["bytes"]), (&json!("statement"), &json!(file.len())));
    assert_eq!(manifest["period"]["start"], start());
    assert_eq!(manifest["modes"], json!(["DAILY_TOUCH"]));
    assert_eq!(manifest["price_versions"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["head_hash"].as_str().unwrap().len(), 64);
    created(&acme, json!({ "userName": "bob@acme.example" })).await;
    acme.settle().await;
    let known = manifest["known_at"].as_str().unwrap();
    assert_eq!(write("again", &["--known-at", known]).await, (file, manifest.clone()));
}
