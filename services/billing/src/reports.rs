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

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::credential::Denied;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, TenantTx};

pub(crate) use writer::{Format, Writer, Written};

use crate::error::BillingError;
use crate::invoices;
use crate::store::LONGEST_SCAN;
use crate::store::{accounts, workspaces};
use crate::view::View;

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Statement,
    SeatDays,
    SeatsByDay,
    ChangeLog,
    RollForward,
    Adjustments,
    Commitment,
    Limits,
    Reconciliation,
    IdleSeats,
    Forecast,
    Portfolio,
}

impl Report {
    pub(crate) const ALL: [Self; 12] = [
        Self::Statement,
        Self::SeatDays,
        Self::SeatsByDay,
        Self::ChangeLog,
        Self::RollForward,
        Self::Adjustments,
        Self::Commitment,
        Self::Limits,
        Self::Reconciliation,
        Self::IdleSeats,
        Self::Forecast,
        Self::Portfolio,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::SeatDays => "seat-days",
            Self::SeatsByDay => "seats-by-day",
            Self::ChangeLog => "change-log",
            Self::RollForward => "roll-forward",
            Self::Adjustments => "adjustments",
            Self::Commitment => "commitment",
            Self::Limits => "limits",
            Self::Reconciliation => "reconciliation",
            Self::IdleSeats => "idle-seats",
            Self::Forecast => "forecast",
            Self::Portfolio => "portfolio",
        }
    }

    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Statement => &statement::COLUMNS,
            Self::SeatDays => &seat_days::COLUMNS,
            Self::SeatsByDay => &seats_by_day::COLUMNS,
            Self::ChangeLog => &change_log::COLUMNS,
            Self::RollForward => &movements::COLUMNS,
            Self::Adjustments => &adjustments::COLUMNS,
            Self::Commitment => &commitment::COLUMNS,
            Self::Limits => &limits::COLUMNS,
            Self::Reconciliation => &reconciliation::COLUMNS,
            Self::IdleSeats => &idle_seats::COLUMNS,
            Self::Forecast => &forecast::COLUMNS,
            Self::Portfolio => &portfolio::COLUMNS,
        }
    }
}

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|report| report.as_str() == text)
            .ok_or_else(|| format!("there is no such report; there are {}", names()))
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) report: Report,
    pub(crate) format: Format,
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
    pub(crate) head_hash: String,
    pub(crate) modes: Vec<String>,
    pub(crate) price_versions: Vec<String>,
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
    writer.header(order.report.columns()).await?;
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
    report: Report,
    view: &View,
    writer: &mut Writer,
) -> Result<(), BillingError> {
    match report {
        Report::Statement => statement::write(tx, view, writer).await,
        Report::SeatDays => seat_days::write(tx, view, writer).await,
        Report::SeatsByDay => seats_by_day::write(tx, view, writer).await,
        Report::ChangeLog => change_log::write(tx, view, writer).await,
        Report::RollForward => movements::write(tx, view, writer).await,
        Report::Adjustments => adjustments::write(tx, view, writer).await,
        Report::Commitment => commitment::write(tx, view, writer).await,
        Report::Limits => limits::write(tx, view, writer).await,
        Report::Reconciliation => reconciliation::write(tx, view, writer).await,
        Report::IdleSeats => idle_seats::write(tx, view, writer).await,
        Report::Forecast => forecast::write(tx, view, writer).await,
        Report::Portfolio => portfolio::write(tx, view, writer).await,
    }
}

/// Reads an order.
pub(crate) fn order(
    report: &str,
    format: &str,
    date: Date,
    known_at: Option<Timestamp>,
    all_workspaces: bool,
) -> Result<Order, BillingError> {
    let report = report.parse().map_err(|error: String| invalid("report", error))?;
    let format = format.parse().map_err(|error: String| invalid("format", error))?;
    Ok(Order { report, format, date, known_at, all_workspaces })
}
