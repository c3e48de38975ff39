//! Usage: seats by day and class.

use jiff::civil::Date;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_store::{Database, TenantTx};

use crate::accounts::Account;
use crate::calendar::Days;
use crate::counts::{Counter, Counts};
use crate::error::BillingError;
use crate::store::{accounts, intervals, ledgers};

/// The most days that one answer counts.
const MOST_DAYS: i32 = 400;

/// The dates from `start` to the one before `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateRange {
    pub(crate) start: Date,
    pub(crate) end: Date,
}

impl DateRange {
    pub(crate) fn new(start: Date, end: Date) -> Result<Self, InvalidArgument> {
        let days = (end - start).get_days();
        if days < 1 {
            Err(invalid("end_date", "it must be after start_date"))
        } else if days > MOST_DAYS {
            Err(invalid("end_date", format_args!("at most {MOST_DAYS} days can be asked for at once")))
        } else {
            Ok(Self { start, end })
        }
    }
}

/// Seats of some days, with what they were counted by.
pub(crate) struct Usage {
    pub(crate) account: Account,
    pub(crate) days: Days,
    pub(crate) counts: Counts,
    /// The last fact that is counted.
    pub(crate) sequence: i64,
}

/// Counts the seats of some days.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    dates: DateRange,
) -> Result<Usage, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let usage = count(&mut tx, dates).await?;
    tx.commit().await?;
    Ok(usage)
}

/// Counts all facts up to the ledger's head as it is now; what is appended meanwhile is left out.
pub(crate) async fn count(tx: &mut TenantTx, dates: DateRange) -> Result<Usage, BillingError> {
    let sequence = ledgers::find(tx).await?.map_or(0, |ledger| ledger.sequence);
    let account = accounts::find(tx).await?.unwrap_or_else(Account::unset);
    let days = Days::new(&account.zone, dates.start, dates.end);
    let mut counter = Counter::new(&days);
    intervals::each_span(tx, sequence, days.start(), days.end(), |span| counter.add(span)).await?;
    let counts = counter.finish();
    Ok(Usage { account, days, counts, sequence })
}
