//! Invariants of counts and amounts.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;

use super::{Draw, count, eventful, october, owner};
use crate::words::{self, class_name};

/// Returns the fraction of a line.
fn fraction(line: &pb::InvoiceLine) -> (i128, i128) {
    let (num, den) = line.exact.split_once('/').unwrap();
    (num.parse().unwrap(), den.parse().unwrap())
}

/// For each local date and person, the highest class of that date, computed by PostgreSQL's own calendar.
const TOUCHED: &str = "
  SELECT d.day::date AS day, i.person_key, max(CASE i.class WHEN 'regular' THEN 3 WHEN 'external' THEN 2 ELSE 1 END) AS rank
  FROM generate_series($1::date, $2::date - 1, interval '1 day') d (day)
  JOIN intervals i ON i.tenant_id = $3
    AND tstzrange(i.start_at, i.end_at) && tstzrange(d.day::date::timestamp AT TIME ZONE 'America/Sao_Paulo',
      (d.day::date + 1)::timestamp AT TIME ZONE 'America/Sao_Paulo')
  GROUP BY 1, 2";

#[tokio::test]
async fn i6_and_i7_a_person_has_one_seat_day_a_date_and_three_ways_of_counting_agree() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;

    for (start, end) in
        [("2026-06-01", "2026-07-01"), ("2026-07-01", "2026-08-01"), ("2026-08-01", "2026-09-01")]
    {
        let sql =
            format!("SELECT to_char(day, 'YYYY-MM-DD'), rank, count(*) FROM ({TOUCHED}) t GROUP BY 1, 2");
        let sql = sql.replace("$1", &format!("'{start}'")).replace("$2", &format!("'{end}'"));
        let counted: Vec<(String, i32, i64)> = sqlx::query_as(AssertSqlSafe(sql.replace("$3", "$1")))
            .bind(acme.id.as_uuid())
            .fetch_all(&mut owner(&billing).await)
            .await
            .unwrap();
        let name = |rank: i32| ["collaborator", "external", "regular"][usize::try_from(rank - 1).unwrap()];
        let by_day: BTreeMap<(String, &str), i64> =
            counted.iter().map(|(day, rank, count)| ((day.clone(), name(*rank)), *count)).collect();
        let usage = acme.usage(start, end).await.unwrap();
        let used: BTreeMap<(String, &str), i64> = usage
            .usage
            .iter()
            .filter(|day| day.seat_days > 0)
            .map(|day| ((day.date.clone(), class_name(day.class)), day.seat_days))
            .collect();
        assert_eq!(used, by_day, "{start}");
        let invoice = acme.invoice(start).await.unwrap();
        for class in ["regular", "external", "collaborator"] {
            let days: i64 = by_day.iter().filter(|((_, of), _)| *of == class).map(|(_, count)| count).sum();
            let line = invoice
                .lines
                .iter()
                .find(|line| class_name(line.class) == class && line.kind() == pb::LineKind::Seat)
                .unwrap();
            assert_eq!(line.seat_days, days, "{start} {class}");
        }
        let (report, _) = acme.report("seat-days", "csv", start, None).await.unwrap();
        let reported: i64 =
            report.lines().skip(1).map(|row| row.split(',').nth(6).unwrap().parse::<i64>().unwrap()).sum();
        assert_eq!(reported, by_day.values().sum::<i64>());
    }
}

#[tokio::test]
async fn i12_there_is_one_price_per_class_and_date_even_if_two_are_set_at_once() {
    let billing = october().await;
    let acme = billing.workspace();

    let outcomes = tokio::join!(
        acme.price("regular", "1.00", "2026-06-01"),
        acme.price("regular", "2.00", "2026-06-01"),
        acme.price("regular", "3.00", "2026-06-01")
    );
    let outcomes = [outcomes.0, outcomes.1, outcomes.2];
    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|refused| refused.reason == Reason::AlreadyExists));
    let twice = "INSERT INTO price_versions SELECT * FROM price_versions";
    let refused = sqlx::query(twice).execute(&mut owner(&billing).await).await.unwrap_err();
    assert!(refused.to_string().contains("price_versions_pkey"), "{refused}");
}

#[tokio::test]
async fn i13_a_line_is_its_exact_amount_rounded_once_half_away_from_zero() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    for start in ["2026-06-01", "2026-07-01", "2026-08-01"] {
        let invoice = acme.close(start).await.unwrap();
        assert_eq!(invoice.lines.len(), 3);
        for line in invoice.lines {
            let (num, den) = fraction(&line);
            assert!(num >= 0 && den > 0);
            assert_eq!(i128::from(line.amount_minor), (2 * num + den).div_euclid(2 * den), "{}", line.exact);
            assert!((i128::from(line.amount_minor) * den - num).abs() * 2 <= den, "{}", line.exact);
        }
    }
}

#[tokio::test]
async fn i14_what_persons_are_allocated_sums_to_each_line() {
    let billing = october().await;
    let (acme, persons) = eventful(&billing).await;
    for (start, closed) in [("2026-06-01", true), ("2026-07-01", false), ("2026-08-01", false)] {
        if closed {
            acme.close(start).await.unwrap();
            acme.correct(persons[0], "2026-06-03T00:00:00Z", "2026-06-20T00:00:00Z", "").await.unwrap();
        }
        let message = pb::ListAllocationsRequest { start_date: start.to_owned(), known_time: None };
        let mut stream =
            billing.invoices().list_allocations(acme.request(message)).await.unwrap().into_inner();
        let mut shares: BTreeMap<i32, i64> = BTreeMap::new();
        while let Some(message) = stream.message().await.unwrap() {
            for share in message.allocations {
                *shares.entry(share.class).or_default() += share.amount_minor;
            }
        }
        let lines = acme
            .invoice(start)
            .await
            .unwrap()
            .lines
            .into_iter()
            .filter(|line| line.kind() == pb::LineKind::Seat);
        let lines: BTreeMap<i32, i64> = lines.map(|line| (line.class, line.amount_minor)).collect();
        assert_eq!(shares, lines, "{start}");
    }
}

#[tokio::test]
async fn i15_the_bill_of_a_period_and_all_adjustments_equal_its_current_cost() {
    let billing = october().await;
    let (acme, persons) = eventful(&billing).await;
    let mut draw = Draw(7);
    let mut billed: BTreeMap<(String, i32), i64> = BTreeMap::new();
    for (start, now) in [
        ("2026-06-01", "2026-10-02T01:00:00Z"),
        ("2026-07-01", "2026-10-02T02:00:00Z"),
        ("2026-08-01", "2026-10-02T03:00:00Z"),
        ("2026-09-01", "2026-10-02T04:00:00Z"),
    ] {
        billing.advance_to(now);
        for line in acme.close(start).await.unwrap().lines {
            if line.kind() != pb::LineKind::Credit {
                *billed.entry((line.origin_period, line.class)).or_default() += line.amount_minor;
            }
        }
        for _ in 0..6 {
            let person = persons[usize::try_from(draw.below(9)).unwrap()];
            let from: Timestamp = "2026-06-02T00:00:00Z".parse().unwrap();
            let from = from + SignedDuration::from_hours(i64::try_from(draw.below(24 * 60)).unwrap());
            let until = from + SignedDuration::from_hours(1 + i64::try_from(draw.below(24 * 20)).unwrap());
            let class = ["", "regular", "external"][usize::try_from(draw.below(3)).unwrap()];
            acme.correct(person, &from.to_string(), &until.to_string(), class).await.unwrap();
        }
    }
    // The open invoice has what is not booked yet.
    for line in acme.invoice("2026-10-01").await.unwrap().lines {
        if line.kind() == pb::LineKind::Adjustment {
            *billed.entry((line.origin_period, line.class)).or_default() += line.amount_minor;
        }
    }

    for (start, end) in
        [("2026-06-01", "2026-07-01"), ("2026-07-01", "2026-08-01"), ("2026-08-01", "2026-09-01")]
    {
        let statement = acme.statement(start, end).await.unwrap();
        for class in ["regular", "external", "collaborator"] {
            let cost = statement
                .lines
                .iter()
                .find(|line| class_name(line.class) == class)
                .map_or(0, |line| line.amount_minor);
            let paid = billed.get(&(start.to_owned(), words::class(class))).copied().unwrap_or_default();
            assert_eq!(paid, cost, "{start} {class}");
        }
    }
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[test]
fn i23_counting_and_rating_use_no_floating_point_number() {
    fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 60, "{}", found.len());
    for path in found {
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let code = line.split("//").next().unwrap_or_default();
            let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let float = words.iter().any(|word| ["f32", "f64"].contains(word) || word.ends_with("_f64"));
            // People read a gauge; nothing is computed with it.
            assert!(!float || code.contains("metrics::gauge!"), "{}: {line}", path.display());
        }
    }
}

#[tokio::test]
async fn i25_every_billed_seat_day_names_its_start_event_and_cause() {
    let billing = october().await;
    let (acme, persons) = eventful(&billing).await;

    let without = "SELECT count(*) FROM intervals i LEFT JOIN events e ON e.tenant_id = i.tenant_id
        AND e.sequence = i.open_sequence AND e.person_key = i.person_key AND e.effective_at = i.start_at
        AND e.cause = i.start_cause
      WHERE e.sequence IS NULL";
    assert_eq!(count(&billing, without).await, 0);
    // This also holds if a correction made the person billable.
    acme.correct(persons[1], "2026-06-01T03:00:00Z", "2026-07-01T03:00:00Z", "external").await.unwrap();
    let mut named = 0;
    for person in &persons {
        let (mut at, end): (Timestamp, Timestamp) =
            ("2026-06-01T03:00:00Z".parse().unwrap(), "2026-07-01T03:00:00Z".parse().unwrap());
        while at < end {
            let message = pb::GetSeatStatusRequest {
                person_key: person.to_string(),
                at_time: Some(to_wire(at)),
                known_time: None,
            };
            let seat = billing.usage().get_seat_status(acme.request(message)).await.unwrap().into_inner();
            assert_eq!(seat.billable, !seat.cause.is_empty(), "{person} at {at}");
            assert_eq!(seat.billable, seat.since_time.is_some());
            let corrected = seat.cause == "billing.correction";
            assert_eq!(corrected, *person == persons[1]);
            named += i64::from(seat.billable);
            // One instant per date, each at another time of the day.
            at += SignedDuration::from_hours(25);
        }
    }
    assert!(named > 60, "{named}");
}
