//! Statements and the closing of periods: one very large workspace, and very many small ones.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::{Connection as _, PgConnection};
use tonic::Request;
use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::export_report_response::Part;
use usher_proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use usher_proto::billing::v1::period_service_client::PeriodServiceClient;
use usher_proto::billing::v1::report_service_client::ReportServiceClient;
use usher_seats::ReportName;
use usher_store::OWNER_ROLE;
use uuid::Uuid;

use crate::stack::Processes;
use crate::usage;
use crate::words;

/// The number of small workspaces, and of persons in each.
const WORKSPACES: i64 = 10_000;
const PERSONS: i64 = 100;
/// The number of persons in each medium workspace.
const MEDIUM_PERSONS: i64 = 10_000;
/// The number of periods that are closed at the same time.
const PARALLEL: usize = 8;

/// A ledger as real events would have left it: everybody active from some day of the month on, one in ten until a
/// later day, with watermark and comparison.
const SEED: [&str; 4] = [
    "INSERT INTO ledgers (tenant_id, epoch, acknowledged_sequence, sequence, head_hash, last_effective_at,
       last_recorded_at, watermark_at, watermark_sequence, reconciled_sequence, compared_at)
     SELECT t, 1, $2, $2, decode(repeat('00', 32), 'hex'), now(), now(), now(), $2, $2, now() FROM unnest($1::uuid[]) t
       WHERE $3::timestamptz IS NOT NULL",
    "INSERT INTO events (tenant_id, sequence, epoch, source_sequence, kind, event_id, person_key, user_id, active,
       user_type, effective_at, recorded_at, cause, actor, request_id, hash)
     SELECT t, 1, 1, 1, 'state', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), true, 'Regular', $3, now(),
       'scim.create', 'bench', 'bench', decode(repeat('00', 32), 'hex') FROM unnest($1::uuid[]) t WHERE $2 > 0",
    "INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, end_at, close_sequence, start_cause,
       end_cause)
     SELECT t, gen_random_uuid(), n, CASE n % 3 WHEN 0 THEN 'external' ELSE 'regular' END,
       $3 + (n % 20) * interval '1 day' + (n % 997) * interval '1 second',
       CASE WHEN n % 10 = 0 THEN $3 + (n % 20 + 5) * interval '1 day' + (n % 991) * interval '1 second' END,
       CASE WHEN n % 10 = 0 THEN n END, 'scim.create', CASE WHEN n % 10 = 0 THEN 'scim.deactivate' END
     FROM unnest($1::uuid[]) t, generate_series(1, $2) n",
    "INSERT INTO price_versions (tenant_id, class, valid_from, price_id, unit_price_micros, created_at, created_by)
     SELECT t, c, '2020-01-01', gen_random_uuid(), 12000000, '2020-01-01', 'bench'
     FROM unnest($1::uuid[]) t, unnest(ARRAY['regular', 'external']) c WHERE $2 > 0 AND $3::timestamptz IS NOT NULL",
];

/// Runs the measurements; one figure per line.
pub(super) async fn measure(processes: &Processes, persons: u64, medium: u64) -> anyhow::Result<Vec<String>> {
    let today = TimeZone::UTC.to_datetime(Clock::system().now()).date();
    let month = today.first_of_month().checked_sub(1.month())?;
    let large = [Uuid::new_v4()];
    let small: Vec<Uuid> = (0..WORKSPACES).map(|_| Uuid::new_v4()).collect();
    eprintln!("seeding ledgers");
    let mut owner = PgConnection::connect(&processes.database_url("billing", OWNER_ROLE)).await?;
    let persons = i64::try_from(persons)?;
    seed(&mut owner, &large, persons, month).await?;
    seed(&mut owner, &small, PERSONS, month).await?;
    let medium: Vec<Uuid> = (0..medium).map(|_| Uuid::new_v4()).collect();
    for tenant in &medium {
        seed(&mut owner, &[*tenant], MEDIUM_PERSONS, month).await?;
    }
    sqlx::query("VACUUM (ANALYZE) intervals").execute(&mut owner).await?;
    owner.close().await?;

    let bench = Bench { processes, month };
    let mut figures = Vec::new();
    figures.push(bench.timed(&format!("statement of {persons} persons"), bench.statement(large[0])).await?);
    figures.push(bench.timed(&format!("close of {persons} persons"), bench.close(large[0])).await?);
    for report in ["seats-by-day", "seat-days", "idle-seats"] {
        let name = format!("report {report} of {persons} persons");
        figures.push(bench.timed(&name, bench.report_of(large[0], report)).await?);
    }
    if !medium.is_empty() {
        let medium = format!("{} workspaces of {MEDIUM_PERSONS}", medium.len());
        figures.push(
            bench.timed(&format!("statement report over {medium} and all others"), bench.report()).await?,
        );
    }
    if !medium.is_empty() {
        figures.push(bench.timed("close of those of medium size", bench.close_all(&medium)).await?);
    }
    let many = format!("{WORKSPACES} workspaces of {PERSONS}");
    figures.push(bench.timed(&format!("close of {many}"), bench.close_all(&small)).await?);
    figures
        .push(bench.timed(&format!("statement report over {many} and the large one"), bench.report()).await?);
    Ok(figures)
}

async fn seed(owner: &mut PgConnection, tenants: &[Uuid], persons: i64, month: Date) -> anyhow::Result<()> {
    for statement in SEED {
        // The first date is made by this program, so the statement can't be injected into.
        let statement = statement.replace("$3", &format!("'{month}T00:00:00Z'::timestamptz"));
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(tenants)
            .bind(persons)
            .execute(&mut *owner)
            .await
            .context("seeding ledgers")?;
    }
    Ok(())
}

struct Bench<'a> {
    processes: &'a Processes,
    month: Date,
}

impl Bench<'_> {
    async fn timed(
        &self,
        name: &str,
        work: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<String> {
        eprintln!("{name}");
        usage::reset_peak(self.processes, "billing")?;
        let began = Instant::now();
        work.await.with_context(|| name.to_owned())?;
        let took = began.elapsed();
        let peak = usage::peak(self.processes, "billing")?;
        Ok(format!("{name:<64} {:>8.2} s {peak:>6} MiB at most", took.as_secs_f64()))
    }

    fn billing(&self) -> tonic::transport::Channel {
        self.processes.operator().billing()
    }

    fn request_for<T>(&self, tenant: Uuid, message: T) -> Request<T> {
        let mut request = self.processes.operator().request_for(WorkspaceId::from_uuid(tenant), message);
        request.set_timeout(Duration::from_mins(1));
        request
    }

    async fn statement(&self, tenant: Uuid) -> anyhow::Result<()> {
        let message = pb::GetInvoiceRequest { start_date: self.month.to_string(), known_time: None };
        let request = self.request_for(tenant, message);
        let invoice = InvoiceServiceClient::new(self.billing())
            .get_invoice(request)
            .await?
            .into_inner()
            .invoice
            .unwrap_or_default();
        anyhow::ensure!(invoice.total_minor > 0, "nothing was rated");
        Ok(())
    }

    async fn close(&self, tenant: Uuid) -> anyhow::Result<()> {
        let message = pb::ClosePeriodRequest { start_date: self.month.to_string(), expected_sequence: 0 };
        let request = self.request_for(tenant, message);
        let closed = PeriodServiceClient::new(self.billing())
            .close_period(request)
            .await?
            .into_inner()
            .period
            .unwrap_or_default();
        let period = closed.period.unwrap_or_default();
        anyhow::ensure!(period.state() == pb::PeriodState::Closed, "it is not closed");
        Ok(())
    }

    async fn close_all(&self, tenants: &[Uuid]) -> anyhow::Result<()> {
        futures::stream::iter(tenants.iter().map(|tenant| self.close(*tenant)))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }

    /// A report `statement` over all workspaces.
    async fn report(&self) -> anyhow::Result<()> {
        let message = pb::ExportReportRequest { all_workspaces: true, ..self.order("statement") };
        let rows = self.read(self.processes.operator().request_for_installation(message)).await?;
        anyhow::ensure!(rows > WORKSPACES, "{rows} rows");
        Ok(())
    }

    async fn report_of(&self, tenant: Uuid, report: &str) -> anyhow::Result<()> {
        let rows = self.read(self.request_for(tenant, self.order(report))).await?;
        anyhow::ensure!(rows > 0, "the report {report} is empty");
        Ok(())
    }

    fn order(&self, report: &str) -> pb::ExportReportRequest {
        pb::ExportReportRequest {
            report: words::number::<ReportName>(report),
            start_date: self.month.to_string(),
            format: pb::ReportFormat::Csv.into(),
            known_time: None,
            all_workspaces: false,
        }
    }

    /// Reads a whole report; returns the number of rows.
    async fn read(&self, request: Request<pb::ExportReportRequest>) -> anyhow::Result<i64> {
        let mut stream = ReportServiceClient::new(self.billing()).export_report(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            if let Some(Part::Manifest(manifest)) = message.part {
                return Ok(manifest.rows);
            }
        }
        anyhow::bail!("the report ended without a manifest")
    }
}
