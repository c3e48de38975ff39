//! Reports: functions of the account, the period and the as-of time. The same inputs give the same bytes.

mod adjustments;
mod change_log;
mod commitment;
mod forecast;
mod idle_seats;
mod limits;
pub(crate) mod model;
mod movements;
mod portfolio;
mod reconciliation;
mod seat_days;
mod seats_by_day;
mod statement;
pub(crate) mod store;
mod writer;

use jiff::Timestamp;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Permission};
use usher_seats::ReportName;
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::as_of;
use crate::reports::model::{About, Order};
use crate::reports::store::workspaces;
use crate::sql::LONGEST_SCAN;
use crate::terms::store::accounts;

pub(crate) use writer::{Writer, Written};

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

/// Writes a report, workspace by workspace, so that only one is in memory at a time.
pub(crate) async fn write(
    database: &Database,
    ctx: &CallContext,
    order: Order,
    writer: &mut Writer,
) -> Result<About, BillingError> {
    if order.all_workspaces {
        return write_all(database, ctx, order, writer).await;
    }
    let scope = ctx.scope(Permission::BillingRead)?;
    writer.header(columns(order.report)).await?;
    let mut tx = database.scoped(&scope).scan(LONGEST_SCAN).await?;
    let period = crate::terms::accounts::period(&mut tx, order.date).await?;
    let known = as_of::knowledge(&mut tx, order.known_at, known_now(ctx, order)).await?;
    let view = View::new(&mut tx, period, known).await?;
    let about = statement::about(&mut tx, &view).await?;
    one(&mut tx, order.report, &view, writer).await?;
    tx.commit().await?;
    Ok(about)
}

/// Writes a report of all workspaces that have the period.
async fn write_all(
    database: &Database,
    ctx: &CallContext,
    order: Order,
    writer: &mut Writer,
) -> Result<About, BillingError> {
    ctx.require(Permission::BillingRead)?;
    ctx.require(Permission::BillingAdmin)?;
    ctx.credential().require_unbound()?;
    writer.header(columns(order.report)).await?;
    let now = known_now(ctx, order);
    let mut after = WorkspaceId::from_uuid(uuid::Uuid::nil());
    loop {
        let page = workspaces::page(database, after, 500).await?;
        let Some(last) = page.last() else { return Ok(About::default()) };
        after = *last;
        for tenant in page {
            let scope = ctx.scope_in(tenant, Permission::BillingAdmin)?;
            let mut tx = database.scoped(&scope).scan(LONGEST_SCAN).await?;
            let schedule = accounts::schedule(&mut tx).await?;
            if let Some(period) = schedule.containing(order.date) {
                let known = as_of::knowledge(&mut tx, order.known_at, now).await?;
                writer.prefix(tenant.to_string());
                let view = View::new(&mut tx, period, known).await?;
                one(&mut tx, order.report, &view, writer).await?;
            }
            tx.commit().await?;
        }
    }
}

/// The moment that counts as now in a report.
fn known_now(ctx: &CallContext, order: Order) -> Timestamp {
    order.known_at.unwrap_or_else(|| ctx.now())
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
