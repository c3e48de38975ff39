//! Usage: seats by day and class.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_store::{Database, TenantTx};

use crate::accounts::Account;
use crate::class::SeatClass;
use crate::error::BillingError;
use crate::invoices;
use crate::members;
use crate::rating::{Calendar, Tally};
use crate::store::accounts;

/// The dates from `start` to the one before `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateRange {
    pub(crate) start: Date,
    pub(crate) end: Date,
}

/// Who was billable on some days, with what it was counted by.
pub(crate) struct Usage {
    pub(crate) account: Account,
    pub(crate) calendar: Calendar,
    pub(crate) tally: Tally,
    /// The last fact that is counted.
    pub(crate) sequence: i64,
}

/// Counts the seats of some days.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    dates: DateRange,
    known_at: Option<Timestamp>,
) -> Result<Usage, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let usage = count(&mut tx, dates, known_at).await?;
    tx.commit().await?;
    Ok(usage)
}

/// Counts all facts that were known at a time, or are now; what is appended meanwhile is left out.
pub(crate) async fn count(
    tx: &mut TenantTx,
    dates: DateRange,
    known_at: Option<Timestamp>,
) -> Result<Usage, BillingError> {
    let sequence = invoices::sequence(tx, known_at).await?;
    let schedule = accounts::schedule(tx).await?;
    let account = schedule.terms_on(dates.start).account.clone();
    // A period's own dates may open at the instant at which another zone's ended.
    let calendar = match schedule.exact(dates.start, dates.end) {
        Some(period) => period.calendar()?,
        None => calendar(&account, dates)?,
    };
    let classes = SeatClass::rated();
    let mut tally = Tally::new(&classes, &calendar);
    members::each(tx, sequence, &calendar, |member| tally.add(member)).await?;
    Ok(Usage { account, calendar, tally, sequence })
}

fn calendar(account: &Account, dates: DateRange) -> Result<Calendar, InvalidArgument> {
    Calendar::new(dates.start, dates.end, &account.zone).map_err(|error| invalid("end_date", error))
}
