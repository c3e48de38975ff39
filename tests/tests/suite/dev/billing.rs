//! The operator's billing commands on a running `usher dev`.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Dev, READY_WITHIN, admin, folder, mode, scim};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_by_one_operator_is_approved_by_another() {
    let folder = folder();
    let mut dev = Dev::start(&folder.path().join("usher"), &[]);
    let demo = dev.ready().await;
    scim(&demo, 0).created("ada@acme.example").await;
    let now = usher_base::Clock::system().now();
    let month = jiff::tz::TimeZone::UTC.to_datetime(now).date().first_of_month().to_string();
    let (from, until) = (format!("{month}T00:00:00Z"), now.to_string());
    let deadline = Instant::now() + READY_WITHIN;
    let invoice = ["period", "invoice", "--workspace", "acme", "--start", &month];
    let before = loop {
        let invoice = admin(&dev, &invoice).await.unwrap();
        if invoice["total"] != "0.00" {
            break invoice;
        }
        assert!(Instant::now() < deadline, "the seat is not in the ledger");
        sleep(Duration::from_millis(50)).await;
    };

    let person = uuid::Uuid::new_v4().to_string();
    let record = [
        "correction",
        "record",
        "--workspace",
        "acme",
        "--person",
        &person,
        "--from",
        &from,
        "--until",
        &until,
        "--class",
        "external",
        "--reason",
        "was there and was not counted",
    ];
    let recorded = admin(&dev, &record).await.unwrap();
    let id = recorded["id"].as_str().unwrap();
    let approve = ["correction", "approve", "--workspace", "acme", "--id", id];
    let own = admin(&dev, &approve).await.unwrap_err();
    admin(&dev, &[approve.as_slice(), &["--operator", "approver"]].concat()).await.unwrap();
    let stranger =
        admin(&dev, &[approve.as_slice(), &["--operator", "stranger"]].concat()).await.unwrap_err();

    assert!(own.contains("the author of a correction can't approve it"), "{own}");
    assert!(stranger.contains("it has approver"), "{stranger}");
    let after = admin(&dev, &invoice).await.unwrap();
    assert_eq!((&after["document"], &after["state"]), (&"preview of an invoice".into(), &"OPEN".into()));
    assert_eq!((&after["currency"], &after["lines"][1]["class"]), (&"EUR".into(), &"external".into()));
    assert_ne!(after["total"], before["total"]);
    dev.stop(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn billing_commands_show_what_they_do_and_withdraw_what_billed_nothing() {
    let folder = folder();
    let mut dev = Dev::start(&folder.path().join("usher"), &[]);
    dev.ready().await;
    let of = |arguments: &[&'static str]| [arguments, &["--workspace", "sandbox"]].concat();
    admin(&dev, &of(&["account", "set", "--anchor-date", "2026-01-15"])).await.unwrap_err();
    for price in admin(&dev, &of(&["price", "list"])).await.unwrap().as_array().unwrap() {
        let id = price["id"].as_str().unwrap();
        let withdrawn =
            admin(&dev, &["price", "withdraw", "--workspace", "sandbox", "--id", id]).await.unwrap();
        assert_eq!(withdrawn["id"], id);
    }

    admin(&dev, &of(&["account", "set", "--currency", "JPY"])).await.unwrap();
    let account = admin(&dev, &of(&["account", "set", "--time-zone", "Asia/Tokyo"])).await.unwrap();
    assert_eq!((&account["currency"], &account["exponent"]), (&"JPY".into(), &0.into()));
    let price =
        ["price", "create", "--class", "regular", "--unit-price", "1000", "--valid-from", "2026-01-01"];
    let price = admin(&dev, &of(&price)).await.unwrap();
    assert_eq!((&price["unit_price"], &price["currency"]), (&"1000".into(), &"JPY".into()));
    let cents =
        admin(&dev, &of(&["minimum", "set", "--amount", "5000.50", "--valid-from", "2026-01-01"])).await;
    assert!(cents.unwrap_err().contains("JPY, which has 0 decimal places"));
    let minimum = ["minimum", "set", "--amount", "5000", "--valid-from", "2026-01-01"];
    assert_eq!(admin(&dev, &of(&minimum)).await.unwrap()["amount"], "5000");
    admin(&dev, &of(&["minimum", "withdraw", "--valid-from", "2026-01-01"])).await.unwrap();
    assert_eq!(admin(&dev, &of(&["minimum", "list"])).await.unwrap(), Value::Array(Vec::new()));

    let statement = admin(&dev, &of(&["statement", "--month", "2026-06"])).await.unwrap();
    assert_eq!((&statement["document"], &statement["total"]), (&"statement".into(), &"0".into()));
    assert_eq!((&statement["currency"], &statement["state"]), (&"JPY".into(), &"CALCULATED".into()));
    let forecast = admin(&dev, &of(&["period", "forecast", "--start", "2026-06-01"])).await.unwrap();
    assert_eq!((&forecast["document"], &forecast["expected"]), (&"forecast".into(), &"0".into()));
    assert_eq!(mode(&dev.data.join("proof.key")), 0o600);
    assert!(admin(&dev, &of(&["ledger", "heads"])).await.unwrap().is_array());
    dev.stop(Signal::SIGTERM).await;
}
