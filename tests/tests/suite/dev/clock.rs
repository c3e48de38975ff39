//! `usher dev --clock` and `usher dev clock`.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;
use usher_store::{OWNER_ROLE, service_role};
use usher_tests::stack::processes::program;
use usher_tests::wait::eventually;

use super::{Dev, READY_WITHIN, admin, folder, mode, scim};

const START: &str = "2026-01-01T00:00:00Z";

async fn usher(arguments: &[&str]) -> Output {
    let output = Command::new(program()).args(arguments).stdin(Stdio::null()).output();
    timeout(Duration::from_mins(1), output).await.unwrap().unwrap()
}

/// Runs `usher dev clock`; returns its output, or its error message.
async fn clock(data: &Path, arguments: &[&str]) -> Result<String, String> {
    let data = ["--data-dir", data.to_str().unwrap()];
    let output = usher(&[&["dev", "clock"][..], arguments, &data].concat()).await;
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Returns the error message of a start that must fail.
async fn refused(data: &Path, arguments: &[&str]) -> String {
    let mut dev = Dev::start(data, arguments);
    let ended = timeout(READY_WITHIN, dev.child.wait()).await.unwrap().unwrap();
    let errors = dev.errors().await;
    assert!(!ended.success(), "{errors}");
    errors
}

/// Returns when a SCIM resource was created.
fn created(user: &Value) -> Timestamp {
    user["meta"]["created"].as_str().unwrap().parse().unwrap()
}

fn is_about(time: Timestamp, expected: &str) -> bool {
    time.duration_since(expected.parse().unwrap()).abs() < SignedDuration::from_mins(2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_services_see_time_moved_and_a_restart_keeps_it() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &["--clock", START]);
    let demo = dev.ready().await;
    assert_eq!(mode(&data.join("clock.sock")), 0o600);
    let ada = scim(&demo, 0).create_user("ada@acme.example").await.assert_status(201).body.clone();
    assert!(is_about(created(&ada), START), "{ada}");

    assert_eq!(clock(&data, &["set", "2026-01-20T12:00:00Z"]).await.unwrap(), "2026-01-20T12:00:00Z");
    let moved: Timestamp = clock(&data, &["advance", "1mo"]).await.unwrap().parse().unwrap();
    let expected = "2026-02-20T12:00:00Z";
    assert!(is_about(moved, expected), "{moved}");

    // The existing credentials were valid for a week.
    let demo = dev.ready().await;
    let bob = scim(&demo, 0).create_user("bob@acme.example").await.assert_status(201).body.clone();
    assert!(is_about(created(&bob), expected), "identity: {bob}");
    // Log entries of 50 days ago have expired.
    let logged = async || {
        let log = admin(&dev, &["log", "--workspace", "acme"]).await.unwrap();
        let times =
            log.as_array().unwrap().iter().map(|entry| entry["time"].as_str().unwrap().parse().unwrap());
        let times: Vec<Timestamp> = times.collect();
        !times.is_empty() && times.into_iter().all(|time| is_about(time, expected))
    };
    eventually(READY_WITHIN, "tenant and gateway see the time", logged).await;
    // Billing has closed January automatically, a day after its end.
    let closed = async || {
        let periods = admin(&dev, &["period", "list", "--workspace", "acme"]).await.unwrap();
        periods[0]["state"] == "CLOSED" && periods[1]["start"] == "2026-02-01"
    };
    eventually(READY_WITHIN, "January is closed", closed).await;

    assert!(dev.stop(Signal::SIGTERM).await.success());
    assert!(!data.join("clock.sock").exists());
    let mut again = Dev::start(&data, &[]);
    let demo = again.ready().await;
    let now = clock(&data, &["show"]).await.unwrap().parse().unwrap();
    assert!(is_about(now, expected) || now > expected.parse().unwrap(), "{now}");
    let eve = scim(&demo, 0).create_user("eve@acme.example").await.assert_status(201).body.clone();
    assert!(created(&eve) >= created(&bob), "{eve}");
    again.stop(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_never_goes_back_and_the_error_says_what_to_do() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &["--clock", START]);
    dev.ready().await;
    clock(&data, &["set", "2026-03-01T00:00:00Z"]).await.unwrap();

    for (arguments, part) in [
        (["set", "2026-02-01T00:00:00Z"], "--reset --clock 2026-02-01T00:00:00Z"),
        (["advance", "-1d"], "time never goes back in a ledger; name a later time"),
        (["advance", "90y"], "out of range"),
        (["advance", "soon"], "write it as a span such as"),
        (["set", "tomorrow"], "write it as a time such as"),
    ] {
        let error = clock(&data, &arguments).await.unwrap_err();
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
    let now = clock(&data, &["show"]).await.unwrap().parse().unwrap();
    assert!(is_about(now, "2026-03-01T00:00:00Z"), "{now}");

    dev.stop(Signal::SIGTERM).await;
    let error = refused(&data, &["--clock", START]).await;
    assert!(error.contains("leave --clock out") && error.contains("--reset"), "{error}");
    let error = clock(&data, &["show"]).await.unwrap_err();
    assert!(error.contains("usher dev --clock TIME"), "{error}");
    let mut later = Dev::start(&data, &["--clock", "2026-04-01T00:00:00Z"]);
    later.ready().await;
    assert!(is_about(clock(&data, &["show"]).await.unwrap().parse().unwrap(), "2026-04-01T00:00:00Z"));
    later.stop(Signal::SIGTERM).await;
    let mut anew = Dev::start(&data, &["--reset", "--clock", START]);
    anew.ready().await;
    assert!(is_about(clock(&data, &["show"]).await.unwrap().parse().unwrap(), START));
    anew.stop(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_without_a_clock_of_its_own_is_not_moved() {
    let folder = folder();
    let data = folder.path().join("usher");
    for (time, part) in [
        ("yesterday", "write it as a time such as"),
        ("1999-01-01T00:00:00Z", "out of range"),
        ("2100-01-01T00:00:00Z", "out of range"),
    ] {
        let error = refused(&data, &["--clock", time]).await;
        assert!(error.contains(part), "{time}: {error}");
    }
    let mut dev = Dev::start(&data, &[]);
    dev.ready().await;

    let error = clock(&data, &["advance", "1d"]).await.unwrap_err();

    assert!(error.contains("usher dev --clock TIME"), "{error}");
    dev.stop(Signal::SIGTERM).await;
    // The data is from today, so the requested time is in the past.
    let error = refused(&data, &["--clock", START]).await;
    assert!(error.contains("time never goes back"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_dev_mode_serves_or_migrates_a_database_whose_clock_was_moved() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &["--clock", START]);
    dev.ready().await;
    let url = |name: &str, role: &str| {
        usher_store::cluster::url(&data.join("postgres"), &format!("usher_{name}"), role)
    };
    let mut settings =
        vec!["--set".to_owned(), format!("tenant.key_file={}", data.join("tenant.key").display())];
    for name in ["tenant", "identity", "billing"] {
        let (own, owner) = (url(name, &service_role(name)), url(name, OWNER_ROLE));
        for setting in [format!("{name}.database_url={own}"), format!("{name}.owner_database_url={owner}")] {
            settings.extend(["--set".to_owned(), setting]);
        }
    }
    for name in ["gateway", "identity", "billing"] {
        let key = folder.path().join(format!("{name}.key"));
        std::fs::write(&key, usher_base::secret::ServiceKey::generate().expose()).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        settings.extend(["--set".to_owned(), format!("{name}.service_key_file={}", key.display())]);
    }
    for listen in ["gateway", "tenant", "identity", "billing", "metrics"] {
        settings.extend(["--set".to_owned(), format!("{listen}.listen=127.0.0.1:0")]);
    }
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();

    for command in [
        vec!["serve", "tenant"],
        vec!["serve", "identity"],
        vec!["serve", "billing"],
        vec!["migrate"],
        vec!["service-key", "ops", "--show"],
    ] {
        let output = usher(&[&command[..], &settings].concat()).await;
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{command:?}");
        assert!(errors.contains("was moved by `usher dev --clock`"), "{command:?}: {errors}");
    }
    dev.stop(Signal::SIGTERM).await;
}
