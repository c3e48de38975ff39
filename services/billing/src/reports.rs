//! Reports: functions of account, period and what was known. Same inputs, same bytes.

mod adjustments;
mod change_log;
mod commitment;
mod forecast;
mod idle_seats;
mod limits;
mod movements;
mod portfolio;
mod reconciliation;
mod seat_days;
mod seats_by_day;
mod statement;
mod writer;

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::credential::Denied;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Permission};
use usher_seats::{CountingMode, ReportFormat, ReportName};
use usher_store::{Database, TenantTx};

pub(crate) use writer::{Writer, Written};

use crate::error::BillingError;
use crate::invoices;
use crate::store::LONGEST_SCAN;
use crate::store::{accounts, workspaces};
use crate::view::View;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) report: ReportName,
    pub(crate) format: ReportFormat,
    /// Of one workspace the first date of its period, of all workspaces a date within.
    pub(crate) date: Date,
    pub(crate) known_at: Option<Timestamp>,
    pub(crate) all_workspaces: bool,
}

/// What a report is about, for its manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) dates: Option<(Date, Date)>,
    pub(crate) sequence: i64,
    /// Of the ledger; empty where there is none.
    pub(crate) head_hash: Vec<u8>,
    pub(crate) modes: Vec<CountingMode>,
    pub(crate) price_versions: Vec<String>,
}

const fn columns(report: ReportName) -> &'static [&'static str] {
    match report {
        ReportName::Statement => &statement::COLUMNS,
        ReportName::SeatDays => &seat_days::COLUMNS,
        ReportName::SeatsByDay => &seats_by_day::COLUMNS,
        ReportName::ChangeLog => &change_log::COLUMNS,
        ReportName::RollForward => &movements::COLUMNS,
        ReportName::Adjustments => &adjustments::COLUMNS,
        ReportName::Commitment => &commitment::COLUMNS,
        ReportName::Limits => &limits::COLUMNS,
        ReportName::Reconciliation => &reconciliation::COLUMNS,
        ReportName::IdleSeats => &idle_seats::COLUMNS,
        ReportName::Forecast => &forecast::COLUMNS,
        ReportName::Portfolio => &portfolio::COLUMNS,
    }
}

/// Writes a report, workspace by workspace: no more than one is in memory.
pub(crate) async fn write(
    database: &Database,
    ctx: &CallContext,
    order: Order,
    writer: &mut Writer,
) -> Result<About, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let now = order.known_at.unwrap_or_else(|| ctx.now());
    writer.header(columns(order.report)).await?;
    if !order.all_workspaces {
        let scope = ctx.scope()?;
        let mut tx = database.scoped(&scope).scan(LONGEST_SCAN).await?;
        let period = invoices::period(&mut tx, order.date).await?;
        let known = invoices::knowledge(&mut tx, order.known_at, now).await?;
        let view = View::new(&mut tx, period, known).await?;
        let about = statement::about(&mut tx, &view).await?;
        one(&mut tx, order.report, &view, writer).await?;
        tx.commit().await?;
        return Ok(about);
    }
    ctx.require(Permission::BillingAdmin)?;
    unbound(ctx)?;
    let mut after = WorkspaceId::from_uuid(uuid::Uuid::nil());
    loop {
        let page = workspaces::page(database, after, 500).await?;
        let Some(last) = page.last() else { return Ok(About::default()) };
        after = *last;
        for tenant in page {
            let scope = ctx.credential().scope(Some(tenant))?;
            let mut tx = database.scoped(&scope).scan(LONGEST_SCAN).await?;
            let schedule = accounts::schedule(&mut tx).await?;
            if let Some(period) = schedule.containing(order.date) {
                let known = invoices::knowledge(&mut tx, order.known_at, now).await?;
                writer.prefix(tenant.to_string());
                let view = View::new(&mut tx, period, known).await?;
                one(&mut tx, order.report, &view, writer).await?;
            }
            tx.commit().await?;
        }
    }
}

/// Whoever is bound to one workspace sees no others.
pub(crate) fn unbound(ctx: &CallContext) -> Result<(), Denied> {
    if ctx.credential().workspace().is_some() { Err(Denied::OtherWorkspace) } else { Ok(()) }
}

async fn one(
    tx: &mut TenantTx,
    report: ReportName,
    view: &View,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    match report {
        ReportName::Statement => statement::write(tx, view, writer).await,
        ReportName::SeatDays => seat_days::write(tx, view, writer).await,
        ReportName::SeatsByDay => seats_by_day::write(tx, view, writer).await,
        ReportName::ChangeLog => change_log::write(tx, view, writer).await,
        ReportName::RollForward => movements::write(tx, view, writer).await,
        ReportName::Adjustments => adjustments::write(tx, view, writer).await,
        ReportName::Commitment => commitment::write(tx, view, writer).await,
        ReportName::Limits => limits::write(tx, view, writer).await,
        ReportName::Reconciliation => reconciliation::write(tx, view, writer).await,
        ReportName::IdleSeats => idle_seats::write(tx, view, writer).await,
        ReportName::Forecast => forecast::write(tx, view, writer).await,
        ReportName::Portfolio => portfolio::write(tx, view, writer).await,
    }
}
