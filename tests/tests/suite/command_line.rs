//! The operator's commands, with the real program.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use tokio::process::Command;
use usher_proto::tenant::v1 as tenant;
use usher_tests::stack::Stack;
use usher_tests::stack::processes::program;

async fn admin(stack: &Stack, arguments: &[&str]) -> Output {
    usher(stack, &["admin"], arguments).await
}

/// Runs a command of the program with the addresses of the stack, and arguments.
async fn usher(stack: &Stack, command: &[&str], arguments: &[&str]) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), stack.demo().to_string()).unwrap();
    let mut usher = Command::new(program());
    usher.args(command).arg("--demo").arg(file.path()).args(arguments).output().await.unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", errors(output)))
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_never_in_redirected_output_unless_somebody_says_so() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let before = stack.operator().tokens(acme.id(), acme.app()).await.unwrap().len();
    let create = ["token", "create", "--workspace", "acme", "--app", acme.app()];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");

    for format in ["table", "json"] {
        let output = admin(&stack, &[&create[..], &["--output", format]].concat()).await;
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(errors(&output).contains("--to FILE"), "{}", errors(&output));
    }
    assert_eq!(stack.operator().tokens(acme.id(), acme.app()).await.unwrap().len(), before, "none was made");

    let output = admin(&stack, &[&create[..], &["--to", file.to_str().unwrap()]].concat()).await;
    assert!(output.status.success(), "{}", errors(&output));
    let token = std::fs::read_to_string(&file).unwrap();
    assert!(token.starts_with("ush_"), "the file has the token");
    assert!(![output.stdout, output.stderr].concat().windows(4).any(|bytes| bytes == b"ush_"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let output = admin(&stack, &[&create[..], &["--show", "--output", "json"]].concat()).await;
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(shown["token"].as_str().unwrap().starts_with("ush_"));

    // A refused creation leaves no empty file behind.
    let elsewhere = folder.path().join("none");
    let nowhere = uuid::Uuid::new_v4().to_string();
    let create = ["token", "create", "--workspace", "acme", "--app", &nowhere, "--to"];
    let output = admin(&stack, &[&create[..], &[elsewhere.to_str().unwrap()]].concat()).await;
    assert!(!output.status.success() && !elsewhere.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_key_is_made_listed_and_revoked_and_shown_once() {
    let stack = Stack::start().await;
    stack.workspace("acme").create().await;
    let create = ["service-key", "create", "export", "--scope", "users.read,changes.read", "-w", "acme"];
    let list = async || json(&admin(&stack, &["service-key", "list", "--output", "json"]).await);
    let named = |keys: &serde_json::Value| {
        keys.as_array().unwrap().iter().find(|key| key["name"] == "export").cloned()
    };

    let output = admin(&stack, &create).await;
    assert!(!output.status.success() && errors(&output).contains("--to FILE"), "{}", errors(&output));
    assert_eq!(named(&list().await), None, "none was made");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let to = ["--to", file.to_str().unwrap(), "--expires-in", "180d"];
    let output = admin(&stack, &[&create[..], &to].concat()).await;
    assert!(output.status.success(), "{}", errors(&output));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("usk_"));

    let key = named(&list().await).unwrap();
    assert_eq!(key["scopes"], serde_json::json!(["users.read", "changes.read"]));
    assert!(key["expires"].is_string() && key["workspace_id"].is_string(), "{key}");
    let output = admin(&stack, &["service-key", "revoke", key["lookup_id"].as_str().unwrap()]).await;
    assert!(output.status.success() && errors(&output).contains("30 s"), "{}", errors(&output));
    assert_eq!(named(&list().await), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_are_listed_and_revoked_by_usher_key_and_by_no_other_name() {
    let stack = Stack::start().await;
    let key = async |arguments: &[&str]| usher(&stack, &["key"], arguments).await;

    let keys = json(&key(&["list", "--output", "json"]).await);
    let signs = keys[0]["kid"].as_str().unwrap().to_owned();
    assert_eq!(keys[0]["signs"], true);
    let output = key(&["revoke", &signs]).await;
    assert!(output.status.success() && errors(&output).contains("30 s"), "{}", errors(&output));

    let keys = json(&key(&["list", "--output", "json"]).await);
    let revoked = keys.as_array().unwrap().iter().find(|key| key["kid"] == signs.as_str()).unwrap();
    assert!(revoked["signs"] == false && revoked["revoked"].is_string(), "{keys}");
    for old in [["admin", "key"], ["admin", "signing-key"]] {
        let output = Command::new(program()).args(old).arg("list").output().await.unwrap();
        assert!(errors(&output).contains("unrecognized subcommand"), "{}", errors(&output));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_with_control_characters_are_refused_and_errors_contain_none() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    for name in ["a\u{1b}[2Jb", "a\u{202e}b", "a\nb", "a\u{2066}b", "a\u{85}b"] {
        for arguments in [
            ["app", "create", "--workspace", "acme", name].as_slice(),
            &["workspace", "update", "--workspace", "acme", "--name", name],
            &["workspace", "create", "--name", name, "other", "--plan", "Enterprise"],
            &["plan", "create", "--scim", "true", name],
            &["token", "create", "--workspace", "acme", "--show", "--app", acme.app(), "--name", name],
        ] {
            let output = admin(&stack, arguments).await;
            let errors = errors(&output);
            assert!(!output.status.success() && errors.contains("printable"), "{arguments:?}: {errors}");
        }
    }

    // Characters are counted, not bytes.
    for (length, taken) in [(100, true), (101, false)] {
        let name = "\u{e9}".repeat(length);
        let output = admin(&stack, &["plan", "create", "--scim", "true", &name]).await;
        assert_eq!(output.status.success(), taken, "{}", errors(&output));
    }

    let output = admin(&stack, &["workspace", "show", "x\u{1b}]0;owned\u{7}\u{202e}"]).await;
    assert!(!errors(&output).contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", errors(&output));
}

#[tokio::test]
async fn the_error_for_an_invalid_option_shows_a_valid_one() {
    for (arguments, wanted) in [
        (
            ["minimum", "withdraw", "-w", "acme", "--valid-from", "soon"].as_slice(),
            "write it as a date such as 2026-06-01",
        ),
        (&["price", "withdraw", "-w", "acme", "--id", "x"], "write it as a UUID such as 0198f2a4-"),
        (&["statement", "-w", "acme", "--known-at", "now"], "write it as a time such as 2026-"),
    ] {
        let output = Command::new(program()).arg("admin").args(arguments).output().await.unwrap();
        assert!(errors(&output).contains(wanted), "{arguments:?}: {}", errors(&output));
    }
}

#[tokio::test]
async fn the_options_of_the_connection_have_a_heading_of_their_own() {
    for command in
        [["admin", "--help"].as_slice(), &["admin", "token", "create", "--help"], &["key", "list", "--help"]]
    {
        let output = Command::new(program()).args(command).output().await.unwrap();
        let help = String::from_utf8(output.stdout).unwrap();

        let (own, connection) = help.split_once("\nConnection:\n").unwrap_or_else(|| panic!("{help}"));

        for option in [
            "--demo",
            "--tenant-url",
            "--identity-url",
            "--billing-url",
            "--key-file",
            "--operator",
            "--ca-file",
            "--certificate-file",
            "--certificate-key-file",
            "--allow-plaintext",
        ] {
            assert!(connection.contains(option) && !own.contains(&format!("{option} ")), "{option}: {help}");
        }
        assert!(own.contains("--output") && !connection.contains("--output"), "{help}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_large_entries_has_pages_that_any_client_accepts() {
    const ENTRIES: usize = 450;
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let inserted = sqlx::query(
        "INSERT INTO provisioning_log SELECT $1, gen_random_uuid(), now(), NULL, NULL, 'POST', '/Users', 'User', '',
           'p' || n, '', '{}', ARRAY(SELECT repeat('a', 400) FROM generate_series(1, 40)), 400, 'invalidValue',
           'INVALID_ARGUMENT', repeat('d', 3000), 'r', '', 0, 1000 FROM generate_series(1, $2::int) n",
    )
    .bind(acme.id().as_uuid())
    .bind(i32::try_from(ENTRIES).unwrap())
    .execute(&mut owner)
    .await
    .unwrap();
    assert_eq!(inserted.rows_affected(), u64::try_from(ENTRIES).unwrap());

    // A client that accepts messages of up to 4 MiB, the default.
    let wanted = tenant::ListLogEntriesRequest { page_size: 500, ..Default::default() };
    let first = stack.operator().log(acme.id(), wanted.clone()).await.unwrap();
    assert!((40..60).contains(&first.entries.len()), "{}", first.entries.len());
    let next = tenant::ListLogEntriesRequest { page_token: first.next_page_token, ..wanted };
    let second = stack.operator().log(acme.id(), next).await.unwrap();
    assert!(second.entries[0].id < first.entries.last().unwrap().id, "the next page continues");

    for (limit, shown) in [("500", ENTRIES), ("100", 100)] {
        let output =
            admin(&stack, &["log", "--workspace", "acme", "--limit", limit, "--output", "json"]).await;
        let entries = json(&output);
        let names: BTreeSet<&str> =
            entries.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), shown);
    }
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let stack = Stack::start().await;
    let demo = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(demo.path(), stack.demo().to_string()).unwrap();
    let demo = demo.path().to_str().unwrap();

    for arguments in [
        ["billing", "simulate", "--example"].as_slice(),
        &["admin", "--demo", demo, "workspace", "list", "--output", "json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(program()).args(arguments).stdout(writer).output().await.unwrap();

        assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    }
}
