//! What must be so whatever happened: each test is named after its invariant, and looks at a workspace in
//! which very much did.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::Reason;
use usher_base::id::{PersonKey, UserId};
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;

use crate::harness::{Billing, Workspace};

const CLASSES: [&str; 3] = ["Regular", "External", "Collaborator"];
const ZONE: &str = "America/Sao_Paulo";

/// Draws numbers; the same ones in each run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Three months of a workspace in another zone: persons with one or two users, who come, go and change
/// their class, often several times a day; June and July priced differently in the middle. In October.
async fn eventful(billing: &Billing) -> (Workspace<'_>, Vec<PersonKey>) {
    let mut acme = billing.workspace();
    acme.account("EUR", 2, ZONE).await.unwrap();
    for (class, price, from) in [
        ("regular", "12.00", "2026-01-01"),
        ("external", "7.77", "2026-01-01"),
        ("regular", "13.37", "2026-06-17"),
        ("external", "8.01", "2026-07-09"),
    ] {
        acme.price(class, price, from).await.unwrap();
    }
    let mut draw = Draw(42);
    let persons: Vec<PersonKey> = (0..9).map(|_| acme.person()).collect();
    let users: Vec<(PersonKey, UserId)> = persons
        .iter()
        .enumerate()
        .flat_map(|(n, person)| {
            let second = (n % 3 == 0).then(|| UserId::new(&billing.clock));
            [Some(UserId::from_uuid(person.as_uuid())), second]
                .into_iter()
                .flatten()
                .map(|user| (*person, user))
        })
        .collect();
    let mut at: Timestamp = "2026-06-01T03:00:00Z".parse().unwrap();
    let mut events = Vec::new();
    while at < "2026-08-30T00:00:00Z".parse().unwrap() {
        let (person, user) = users[usize::try_from(draw.below(users.len() as u64)).unwrap()];
        let class = match draw.below(5) {
            0 | 1 => None,
            n => Some(CLASSES[usize::try_from(n - 2).unwrap()]),
        };
        events.push(acme.user_event(&at.to_string(), person, user, class));
        let hours = if draw.below(3) == 0 { 1 } else { 1 + draw.below(20) };
        let step = i64::try_from(hours * 3_600_000_000 + draw.below(3_600_000_000)).unwrap();
        at += SignedDuration::from_micros(step);
    }
    for part in events.chunks(37) {
        acme.apply(part.to_vec()).await;
    }
    acme.prove("2026-10-01T12:00:00Z").await;
    (acme, persons)
}

async fn october() -> Billing {
    Billing::at("2026-10-02T00:00:00Z").await
}

async fn owner(billing: &Billing) -> PgConnection {
    PgConnection::connect(&billing.database.owner_url()).await.unwrap()
}

async fn count(billing: &Billing, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut owner(billing).await).await.unwrap()
}

/// The line's fraction.
fn fraction(line: &pb::InvoiceLine) -> (i128, i128) {
    let (num, den) = line.exact.split_once('/').unwrap();
    (num.parse().unwrap(), den.parse().unwrap())
}

#[tokio::test]
async fn i1_and_i3_numbers_are_without_a_gap_and_times_increase_with_them() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    let sent = i64::try_from(acme.sent.len()).unwrap();

    let all = "SELECT count(*) FROM events";
    assert_eq!(count(&billing, all).await, sent);
    assert_eq!(count(&billing, "SELECT max(source_sequence) FROM events").await, sent);
    assert_eq!(count(&billing, "SELECT max(sequence) FROM events").await, sent);
    let backwards = "SELECT count(*) FROM (
        SELECT effective_at > lag(effective_at) OVER (PARTITION BY tenant_id ORDER BY sequence) AS later FROM events
      ) e WHERE NOT later";
    assert_eq!(count(&billing, backwards).await, 0);
    // One that is not later is refused, and nothing of its batch applied.
    let last = acme.sent.last().unwrap();
    let stale = pb::SeatEvent { sequence: last.sequence + 1, ..last.clone() };
    let answers = billing.append(vec![acme.batch(vec![stale])]).await.unwrap();
    assert_eq!(
        (answers[0].refused_reason.as_str(), answers[0].acknowledged_sequence),
        ("INVALID_ARGUMENT", sent)
    );
}

#[tokio::test]
async fn i2_there_is_one_payload_per_number_for_ever() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    let hashes = "SELECT encode(sha256(string_agg(hash, ''::bytea ORDER BY sequence)), 'hex') FROM events";
    let before: String = sqlx::query_scalar(hashes).fetch_one(&mut owner(&billing).await).await.unwrap();

    for chunk in acme.sent.chunks(101) {
        let answers = billing.append(vec![acme.batch(chunk.to_vec())]).await.unwrap();
        assert_eq!(answers[0].refused_reason, "");
    }

    let after: String = sqlx::query_scalar(hashes).fetch_one(&mut owner(&billing).await).await.unwrap();
    assert_eq!(after, before);
    // Not even the owner can have two.
    let copy = "INSERT INTO events (tenant_id, sequence, epoch, source_sequence, kind, event_id, person_key, user_id,
        active, user_type, effective_at, recorded_at, cause, actor, request_id, hash)
      SELECT tenant_id, 99999, epoch, source_sequence, kind, event_id, person_key, user_id, active, user_type,
        effective_at, recorded_at, cause, actor, request_id, hash FROM events WHERE source_sequence = 5";
    let refused = sqlx::query(copy).execute(&mut owner(&billing).await).await.unwrap_err();
    assert!(refused.to_string().contains("events_source_key"), "{refused}");
    let other = pb::SeatEvent { actor: "scim:other".to_owned(), ..acme.sent[4].clone() };
    let answers = billing.append(vec![acme.batch(vec![other])]).await.unwrap();
    assert_eq!(answers[0].refused_reason, Reason::EventConflict.name());
}

#[tokio::test]
async fn i4_intervals_of_a_person_never_overlap_are_never_empty_and_touching_ones_are_merged() {
    let billing = october().await;
    eventful(&billing).await;

    let pairs = |condition: &str| {
        format!(
            "SELECT count(*) FROM intervals a JOIN intervals b ON b.tenant_id = a.tenant_id
               AND b.person_key = a.person_key AND b.open_sequence > a.open_sequence WHERE {condition}"
        )
    };
    assert!(count(&billing, "SELECT count(*) FROM intervals").await > 50);
    let overlap = "tstzrange(a.start_at, a.end_at) && tstzrange(b.start_at, b.end_at)";
    assert_eq!(count(&billing, &pairs(overlap)).await, 0);
    assert_eq!(count(&billing, &pairs("a.end_at = b.start_at AND a.class = b.class")).await, 0);
    assert_eq!(count(&billing, "SELECT count(*) FROM intervals WHERE end_at <= start_at").await, 0);
    let twice = "INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, start_cause)
      SELECT tenant_id, person_key, 99999, class, start_at + interval '1 microsecond', 'x' FROM intervals
      WHERE end_at IS NOT NULL LIMIT 1";
    let refused = sqlx::query(twice).execute(&mut owner(&billing).await).await.unwrap_err();
    assert!(refused.to_string().contains("intervals_overlap"), "{refused}");
}

/// Per local date and person the highest class touched, worked out by PostgreSQL's own calendar.
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
            .days
            .iter()
            .filter(|day| day.seat_days > 0)
            .map(|day| ((day.date.clone(), day.class.as_str()), day.seat_days))
            .collect();
        assert_eq!(used, by_day, "{start}");
        let invoice = acme.invoice(start).await.unwrap();
        for class in ["regular", "external", "collaborator"] {
            let days: i64 = by_day.iter().filter(|((_, of), _)| *of == class).map(|(_, count)| count).sum();
            let line = invoice.lines.iter().find(|line| line.class == class && line.kind == "seat").unwrap();
            assert_eq!(line.seat_days, days, "{start} {class}");
        }
        let (report, _) = acme.report("seat-days", "csv", start, None).await.unwrap();
        let reported: i64 =
            report.lines().skip(1).map(|row| row.split(',').nth(6).unwrap().parse::<i64>().unwrap()).sum();
        assert_eq!(reported, by_day.values().sum::<i64>());
    }
}

#[tokio::test]
async fn i12_there_is_one_price_per_class_and_date_also_where_two_are_set_at_once() {
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
        let message = pb::ListAllocationsRequest { start_date: start.to_owned() };
        let mut stream =
            billing.invoicing().list_allocations(acme.request(message)).await.unwrap().into_inner();
        let mut shares: BTreeMap<String, i64> = BTreeMap::new();
        while let Some(message) = stream.message().await.unwrap() {
            for share in message.allocations {
                *shares.entry(share.class).or_default() += share.amount_minor;
            }
        }
        let lines = acme.invoice(start).await.unwrap().lines.into_iter().filter(|line| line.kind == "seat");
        let lines: BTreeMap<String, i64> = lines.map(|line| (line.class, line.amount_minor)).collect();
        assert_eq!(shares, lines, "{start}");
    }
}

#[tokio::test]
async fn i15_what_was_billed_for_a_period_and_all_adjustments_are_what_it_costs_by_what_is_known_now() {
    let billing = october().await;
    let (acme, persons) = eventful(&billing).await;
    let mut draw = Draw(7);
    let mut billed: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (start, now) in [
        ("2026-06-01", "2026-10-02T01:00:00Z"),
        ("2026-07-01", "2026-10-02T02:00:00Z"),
        ("2026-08-01", "2026-10-02T03:00:00Z"),
        ("2026-09-01", "2026-10-02T04:00:00Z"),
    ] {
        billing.advance_to(now);
        for line in acme.close(start).await.unwrap().lines {
            if line.kind != "credit" {
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
    // What is not booked yet is in the invoice that is open.
    for line in acme.invoice("2026-10-01").await.unwrap().lines {
        if line.kind == "adjustment" {
            *billed.entry((line.origin_period, line.class)).or_default() += line.amount_minor;
        }
    }

    for (start, end) in
        [("2026-06-01", "2026-07-01"), ("2026-07-01", "2026-08-01"), ("2026-08-01", "2026-09-01")]
    {
        let statement = acme.statement(start, end).await.unwrap();
        for class in ["regular", "external", "collaborator"] {
            let cost =
                statement.lines.iter().find(|line| line.class == class).map_or(0, |line| line.amount_minor);
            let paid = billed.get(&(start.to_owned(), class.to_owned())).copied().unwrap_or_default();
            assert_eq!(paid, cost, "{start} {class}");
        }
    }
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn i19_the_cursor_moves_only_in_the_transaction_that_applied_the_event() {
    let billing = october().await;
    let mut acme = billing.workspace();
    let (ada, bob) = (acme.person(), acme.person());
    let first = acme.event("2026-06-01T00:00:00Z", ada, Some("Regular"));
    let second = acme.event("2026-06-02T00:00:00Z", bob, Some("Regular"));
    acme.apply(vec![first]).await;

    // The last statement but one of applying fails.
    let mut owner = owner(&billing).await;
    let fail = "ALTER TABLE events ADD CONSTRAINT no_second CHECK (sequence <> 2)";
    sqlx::query(fail).execute(&mut owner).await.unwrap();
    billing.append(vec![acme.batch(vec![second.clone()])]).await.unwrap_err();
    assert_eq!(acme.cursor().await.acknowledged_sequence, 1);
    assert_eq!((acme.intervals().await.len(), count(&billing, "SELECT count(*) FROM seats").await), (1, 1));

    sqlx::query("ALTER TABLE events DROP CONSTRAINT no_second").execute(&mut owner).await.unwrap();
    acme.apply(vec![second]).await;
    assert_eq!(acme.cursor().await.acknowledged_sequence, 2);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn i22_no_row_of_a_workspace_is_reachable_as_another() {
    let billing = october().await;
    let (acme, _) = eventful(&billing).await;
    acme.close("2026-06-01").await.unwrap();
    let other = billing.workspace();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.table_name::text FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' ORDER BY 1",
    )
    .fetch_all(&mut owner(&billing).await)
    .await
    .unwrap();
    let rows = async |tenant: uuid::Uuid, table: &str| -> i64 {
        let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
        let mut tx = app.begin().await.unwrap();
        sqlx::query("SELECT app_set_tenant($1)").bind(tenant).execute(&mut *tx).await.unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap()
    };

    let mut filled = BTreeSet::new();
    for table in &tables {
        assert_eq!(rows(other.id.as_uuid(), table).await, 0, "{table}");
        if rows(acme.id.as_uuid(), table).await > 0 {
            filled.insert(table.as_str());
        }
    }
    let much = [
        "accounts",
        "audit_entries",
        "close_days",
        "close_lines",
        "closes",
        "events",
        "intervals",
        "jobs",
        "ledgers",
        "postings",
        "price_versions",
        "seats",
    ];
    assert!(much.iter().all(|table| filled.contains(table)), "{filled:?}");
    let mut app = PgConnection::connect(&billing.database.url()).await.unwrap();
    let mut tx = app.begin().await.unwrap();
    sqlx::query("SELECT app_set_tenant($1)").bind(other.id.as_uuid()).execute(&mut *tx).await.unwrap();
    let forged = "INSERT INTO jobs (tenant_id, job, run_at) VALUES ($1, 'forged', now())";
    let refused = sqlx::query(forged).bind(acme.id.as_uuid()).execute(&mut *tx).await.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
}

#[test]
fn i23_no_floating_point_number_is_in_what_counts_and_rates() {
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
            // A gauge is told to people; nothing is computed with it.
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
    // Also where a correction is what made the person billable.
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
            let seat = billing.query().get_seat_status(acme.request(message)).await.unwrap().into_inner();
            assert_eq!(seat.billable, !seat.cause.is_empty(), "{person} at {at}");
            assert_eq!(seat.billable, seat.since_time.is_some());
            let corrected = seat.cause == "billing.correction";
            assert_eq!(corrected, *person == persons[1]);
            named += i64::from(seat.billable);
            at += SignedDuration::from_hours(12);
        }
    }
    assert!(named > 100, "{named}");
}
