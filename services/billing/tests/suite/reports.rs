//! Reports as files: their content, and that they are reproducible.

use sha2::{Digest as _, Sha256};
use usher_base::{Permission, Reason};
use usher_proto::billing::v1 as pb;
use usher_rpc::{Failure, WireEnum as _};
use usher_seats::{ReportFormat, ReportName};

use crate::closing::one_seat;
use crate::harness::{Billing, outgoing};
use crate::words::number;
use crate::workspace::{Workspace, read_report};

pub const REPORTS: [&str; 12] = [
    "statement",
    "seat-days",
    "seats-by-day",
    "change-log",
    "roll-forward",
    "adjustments",
    "commitment",
    "limits",
    "reconciliation",
    "idle-seats",
    "forecast",
    "portfolio",
];

/// A June with people who join, change their class and leave; it is July.
async fn busy<'a>(billing: &'a Billing, now: &str) -> Workspace<'a> {
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    acme.price("external", "8.00", "2026-01-01").await.unwrap();
    let limit = pb::Limit { quantity: Some(2), ..crate::limits::limit("paid", "ALLOW_TRUE_UP") };
    crate::limits::set(&acme, limit).await.unwrap();
    crate::commitments::set(&acme, 1, "12.00", "2026-04-01", "2027-04-01").await.unwrap();
    billing.advance_to(now);
    let (ada, bob, eve) = (acme.person(), acme.person(), acme.person());
    let events = vec![
        acme.event("2026-05-20T09:00:00Z", ada, Some("Regular")),
        acme.event("2026-06-10T10:00:00Z", bob, Some("Regular")),
        acme.event("2026-06-16T10:00:00Z", ada, Some("External")),
        acme.event("2026-06-20T00:00:00Z", bob, None),
        acme.event("2026-06-30T23:00:00Z", eve, Some("Collaborator")),
    ];
    acme.apply(events).await;
    acme
}

fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

#[tokio::test]
async fn reports_without_amounts_need_no_prices() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    let ada = acme.person();
    let events = vec![acme.event("2026-06-10T10:00:00Z", ada, Some("Regular"))];
    acme.apply(events).await;

    for name in ["change-log", "roll-forward", "limits", "reconciliation", "portfolio"] {
        let (text, manifest) = acme
            .report(name, "csv", "2026-06-01", None)
            .await
            .unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert!(!text.is_empty() && manifest.sequence == 1 && manifest.price_versions.is_empty(), "{name}");
    }
    let refused = acme.report("statement", "csv", "2026-06-01", None).await.unwrap_err();
    assert_eq!(refused.reason, Reason::PriceMissing);
}

#[tokio::test]
async fn i24_every_report_is_the_same_to_the_byte_for_the_same_known_time() {
    let billing = Billing::at("2026-06-01T00:00:00Z").await;
    let mut acme = busy(&billing, "2026-06-30T23:30:00Z").await;
    acme.watermark(1, "2026-06-30T23:20:00Z", 5).await;
    let mut before = Vec::new();
    for (name, format) in REPORTS.iter().flat_map(|name| [(*name, "csv"), (*name, "jsonl")]) {
        let (text, manifest) = acme.report(name, format, "2026-06-01", None).await.unwrap();
        assert_eq!(manifest.sha256, Sha256::digest(&text).to_vec(), "{name}");
        assert_eq!(manifest.bytes, i64::try_from(text.len()).unwrap(), "{name}");
        let lines = i64::try_from(text.lines().count()).unwrap();
        assert_eq!(manifest.rows, lines - i64::from(format == "csv"), "{name}");
        before.push((name, format, text, manifest));
    }

    // The report does not include facts, prices and a close that come later.
    billing.advance_to("2026-07-03T00:00:00Z");
    let new = acme.person();
    let event = acme.event("2026-07-01T08:00:00Z", new, Some("Regular"));
    acme.apply(vec![event]).await;
    acme.price("regular", "99.00", "2026-06-20").await.unwrap();
    let first = acme.sent[0].person_key.parse().unwrap();
    acme.correct(first, "2026-06-01T00:00:00Z", "2026-06-05T00:00:00Z", "").await.unwrap();
    acme.prove("2026-07-02T00:00:00Z").await;
    acme.close("2026-05-01").await.unwrap();

    for (name, format, text, manifest) in before {
        let again = acme.report(name, format, "2026-06-01", Some("2026-06-30T23:30:00Z")).await.unwrap();
        assert_eq!(again.0, text, "{name} {format}");
        assert_eq!(again.1, manifest, "{name} {format}");
    }
}

#[tokio::test]
async fn reports_of_closed_periods_never_change_and_later_facts_are_in_the_next_period() {
    let billing = Billing::at("2026-06-01T00:00:00Z").await;
    let mut acme = busy(&billing, "2026-07-02T00:00:00Z").await;
    acme.prove("2026-07-01T12:00:00Z").await;
    acme.close("2026-05-01").await.unwrap();
    acme.close("2026-06-01").await.unwrap();
    let mut before = Vec::new();
    for name in REPORTS {
        before.push(acme.report(name, "csv", "2026-06-01", None).await.unwrap());
    }

    // A correction of June, one more person, a link of two existing persons, other limits and prices.
    billing.advance_to("2026-07-10T00:00:00Z");
    let person = |number: usize| acme.sent[number].person_key.parse().unwrap();
    let (ada, bob, eve) = (person(0), person(1), person(4));
    acme.correct(ada, "2026-06-10T00:00:00Z", "2026-06-20T00:00:00Z", "").await.unwrap();
    acme.correct(bob, "2026-06-20T00:00:00Z", "2026-06-25T00:00:00Z", "regular").await.unwrap();
    let message = pb::LinkPersonsRequest {
        person_key: ada.to_string(),
        other_person_key: eve.to_string(),
        reason: "one person".to_owned(),
    };
    billing.corrections().link_persons(acme.request(message)).await.unwrap();
    crate::limits::set(&acme, pb::Limit { quantity: Some(9), ..crate::limits::limit("paid", "BLOCK") })
        .await
        .unwrap();
    acme.price("regular", "99.00", "2026-07-01").await.unwrap();
    let left = acme.event("2026-07-09T00:00:00Z", ada, None);
    acme.apply(vec![left]).await;

    for (name, (text, manifest)) in REPORTS.iter().zip(before) {
        let (again, described) = acme.report(name, "csv", "2026-06-01", None).await.unwrap();
        assert_eq!(again, text, "{name}");
        let wanted = pb::Manifest { known_time: described.known_time, ..manifest };
        assert_eq!(described, wanted, "{name}");
    }
    let (log, _) = acme.report("change-log", "csv", "2026-07-01", None).await.unwrap();
    let late: Vec<(&str, &str, &str)> = rows(&log).iter().map(|row| (row[0], row[2], row[6])).collect();
    assert_eq!(
        late,
        [
            ("6", "2026-06-10", "billing.correction"),
            ("7", "2026-06-20", "billing.correction"),
            ("8", "2026-07-10", "billing.link"),
            ("9", "2026-07-09", "scim.deactivate"),
        ]
    );
    let (july, _) = acme.report("adjustments", "csv", "2026-07-01", None).await.unwrap();
    let regular = rows(&july).into_iter().find(|row| row[0] == "2026-06-01" && row[2] == "regular").unwrap();
    // Ada was Regular on nine dates, Bob on fifteen; before the corrections it was sixteen and ten.
    assert_eq!(regular[1..6], ["2026-07-01", "regular", "10.40", "9.60", "-0.80"]);
}

#[tokio::test]
async fn reports_show_what_happened() {
    let billing = Billing::at("2026-06-01T00:00:00Z").await;
    let acme = busy(&billing, "2026-07-01T00:00:00Z").await;
    let report = |name: &'static str| {
        let acme = &acme;
        async move { acme.report(name, "csv", "2026-06-01", None).await.unwrap().0 }
    };

    let statement = report("statement").await;
    let amounts: Vec<&str> = rows(&statement).iter().map(|row| row[11]).collect();
    // Regular: Ada 16 days, Bob 10 to 19 June; External: Ada 14 days. In the quarter, two seats were in use
    // at once and one is bought: nine periods remain.
    assert_eq!(amounts, ["10.40", "3.73", "0.00", "108.00"], "{statement}");

    let roll_forward = report("roll-forward").await;
    let counted: Vec<Vec<&str>> = rows(&roll_forward).iter().map(|row| row[1..].to_vec()).collect();
    assert_eq!(
        counted,
        [
            ["regular", "1", "1", "0", "-1", "0", "0", "-1", "0", "0"],
            ["external", "0", "0", "0", "0", "0", "0", "1", "0", "1"],
            ["collaborator", "0", "1", "0", "0", "0", "0", "0", "0", "1"],
        ]
    );

    let by_day = report("seats-by-day").await;
    let change = rows(&by_day).into_iter().find(|row| row[0] == "2026-06-16" && row[1] == "regular").unwrap();
    assert_eq!(change[2..], ["2", "0", "0", "0", "1", "1", "2", "2", "9.20"]);
    let last = rows(&by_day).into_iter().rfind(|row| row[1] == "regular").unwrap();
    assert_eq!(last[10], "10.40", "what has accrued is the statement's amount in the end");

    let log = report("change-log").await;
    let changes: Vec<(&str, &str, &str)> = rows(&log).iter().map(|row| (row[0], row[4], row[5])).collect();
    assert_eq!(
        changes,
        [("2", "", "regular"), ("3", "regular", "external"), ("4", "regular", ""), ("5", "", "collaborator")]
    );

    let commitment = report("commitment").await;
    let over = rows(&commitment).into_iter().find(|row| row[0] == "2026-06-12").unwrap();
    assert_eq!(over, ["2026-06-12", "paid", "1", "2", "1", ""]);
    assert_eq!(rows(&commitment).last().unwrap(), &["2026-06-30", "paid", "1", "1", "0", "108.00"]);

    let limits = report("limits").await;
    assert_eq!(rows(&limits), [["paid", "2", "ALLOW_TRUE_UP", "1", "50", "2026-06-10T10:00:00Z", "0"]]);

    let idle = report("idle-seats").await;
    // The interval since 16 June is External: 15 days of 30 at 8.00.
    assert_eq!(rows(&idle)[0][1..], ["", "external", "2026-06-16T10:00:00Z", "4.00"]);

    let forecast = report("forecast").await;
    assert_eq!(rows(&forecast)[0][1..4], ["regular", "1", "0.40"]);

    let seat_days = report("seat-days").await;
    let days: i64 = rows(&seat_days).iter().map(|row| row[6].parse::<i64>().unwrap()).sum();
    assert_eq!(days, 41);
}

#[tokio::test]
async fn a_portfolio_covers_all_workspaces_and_is_for_operators_only() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    let mut globex = billing.workspace();
    let bob = globex.person();
    let event = globex.event("2026-06-10T00:00:00Z", bob, Some("Regular"));
    globex.apply(vec![event]).await;
    let order = |report: &str| pb::ExportReportRequest {
        report: number::<ReportName>(report),
        format: ReportFormat::Csv.to_wire(),
        start_date: "2026-06-15".to_owned(),
        known_time: None,
        all_workspaces: true,
    };
    let scopes = [Permission::BillingRead, Permission::BillingAdmin];
    let export = |credential: String, report: &str| {
        let request = outgoing(&credential, None).request(order(report));
        async {
            let mut stream = billing.reports().export_report(request).await.unwrap().into_inner();
            read_report(&mut stream).await
        }
    };

    let operator = billing.credential("operator:ops", None, &scopes);
    let (text, _) = export(operator.clone(), "portfolio").await.unwrap();
    let mut found: Vec<Vec<&str>> = rows(&text).iter().map(|row| row[1..5].to_vec()).collect();
    found.sort_unstable();
    // The other workspace has no price: it is listed, and does not hide the first one.
    assert_eq!(found, [["2026-06-01", "CLOSED", "1", "12.00"], ["2026-06-01", "UNRATED", "1", ""]]);
    let (text, _) = export(operator, "change-log").await.unwrap();
    assert!(text.starts_with("tenant,seq,") && rows(&text).len() == 2, "{text}");

    let reader = billing.credential("operator:ops", None, &[Permission::BillingRead]);
    assert_eq!(export(reader, "portfolio").await.unwrap_err().reason, Reason::PermissionDenied);
    let admin = format!("admin:{}", usher_base::id::AdminId::new(&billing.clock));
    let bound = billing.credential(&admin, Some(acme.id), &scopes);
    assert_eq!(export(bound, "portfolio").await.unwrap_err().reason, Reason::NotFound);
}

#[tokio::test]
async fn an_unknown_report_format_or_period_is_refused_by_name() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    for (report, format, date, field) in [
        ("statements", "csv", "2026-06-01", "report"),
        ("statement", "xlsx", "2026-06-01", "format"),
        ("statement", "csv", "2026-06-02", "start_date"),
    ] {
        let refused: Failure = acme.report(report, format, date, None).await.unwrap_err();
        assert_eq!((refused.reason, refused.metadata["field"].as_str()), (Reason::InvalidArgument, field));
    }
}

#[tokio::test]
async fn a_portfolio_shows_the_state_as_of_its_time() {
    let billing = Billing::at("2026-06-30T23:59:30Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    // Identity sends a watermark every 15 seconds, is unavailable for an hour, and returns.
    let heartbeat = async |times: i64, last: i64| {
        for _ in 0..times {
            billing.clock.advance(jiff::SignedDuration::from_secs(15));
            acme.watermark(1, &billing.clock.now().to_string(), last).await;
        }
    };
    heartbeat(8, 1).await;
    billing.advance_to("2026-07-01T01:00:00Z");
    heartbeat(4, 1).await;
    billing.advance_to("2026-07-01T01:01:05Z");
    let portfolio = async |acme: &Workspace<'_>, known: &str| {
        let (text, _) = acme.report("portfolio", "csv", "2026-06-01", Some(known)).await.unwrap();
        rows(&text)[0][2..].iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let mut asked = Vec::new();
    for (known, wanted) in [
        // There was no reconciliation, and the last watermark may be from before the end.
        ("2026-07-01T00:01:00Z", "OPEN 1 12.00 0 2"),
        // Two hours with no watermark except that of 00:01:30.
        ("2026-07-01T00:31:30Z", "OPEN 1 12.00 1800 1"),
        ("2026-07-01T01:01:05Z", "OPEN 1 12.00 0 1"),
        ("2026-06-30T23:59:35Z", "OPEN 1 12.00  2"),
    ] {
        assert_eq!(portfolio(&acme, known).await, wanted, "{known}");
        asked.push((known, wanted));
    }
    billing.advance_to("2026-07-01T01:01:10Z");
    assert_eq!(acme.compare(1, 1, &acme.state()).await, "EQUAL");
    assert_eq!(portfolio(&acme, "2026-07-01T01:01:10Z").await, "COMPLETE 1 12.00 0 0");
    asked.push(("2026-07-01T01:01:10Z", "COMPLETE 1 12.00 0 0"));

    // Later events do not change the report: watermarks, the close, a halt, a new epoch.
    acme.watermark(1, "2026-07-01T01:01:10Z", 1).await;
    billing.advance_to("2026-07-01T01:01:15Z");
    acme.close("2026-06-01").await.unwrap();
    let left = acme.event("2026-07-01T01:01:20Z", ada, None);
    acme.apply(vec![left.clone()]).await;
    billing.advance_to("2026-07-01T02:00:00Z");
    let other = pb::SeatEvent { cause: "scim.delete".to_owned(), ..left };
    billing.append(vec![acme.batch(vec![other])]).await.unwrap();
    assert_eq!(portfolio(&acme, "2026-07-01T02:00:00Z").await, "CLOSED 1 12.00  0");
    let (july, _) =
        acme.report("portfolio", "csv", "2026-07-01", Some("2026-07-01T02:00:00Z")).await.unwrap();
    assert!(
        july.contains("OPEN,0,") && july.trim_end().ends_with(",3530,3"),
        "halted, lagging, not compared: {july}"
    );
    for (known, wanted) in asked {
        assert_eq!(portfolio(&acme, known).await, wanted, "{known}, asked later");
    }
}

#[tokio::test]
async fn the_change_log_of_the_first_period_includes_everything_before_it() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    let account = pb::Account {
        currency: "EUR".to_owned(),
        exponent: 2,
        time_zone: "Asia/Tokyo".to_owned(),
        anchor_date: "2026-06-15".to_owned(),
        ..Default::default()
    };
    let message = pb::UpsertAccountRequest { account: Some(account) };
    billing.accounts().upsert_account(acme.request(message)).await.unwrap();
    let (ada, bob) = (acme.person(), acme.person());
    let events = vec![
        acme.event("2026-06-01T20:00:00Z", ada, Some("Regular")),
        acme.event("2026-06-16T20:00:00Z", bob, Some("Regular")),
    ];
    acme.apply(events).await;

    let (log, _) = acme.report("change-log", "csv", "2026-06-15", None).await.unwrap();

    let found: Vec<(&str, &str)> = rows(&log).iter().map(|row| (row[0], row[2])).collect();
    assert_eq!(found, [("1", "2026-06-02"), ("2", "2026-06-17")]);
}
