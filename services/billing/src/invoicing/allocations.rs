//! Allocations: the persons that a period's seat lines are for.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_rating::{Allocator, Tally, rate};
use usher_seats::SeatClass;
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::{as_of, members};
use crate::sql::LONGEST_SCAN;
use crate::terms::model::price_version;
use crate::terms::{accounts, prices};

/// A person's share of the seat line of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) person: PersonKey,
    pub(crate) class: SeatClass,
    pub(crate) days: i64,
    /// The first and the last of the days; `None` if the class was never the person's highest.
    pub(crate) dates: Option<(Date, Date)>,
    pub(crate) amount_minor: i64,
}

/// Returns the shares of a period, by rank of class, then by person.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    first: Date,
    known_at: Option<Timestamp>,
) -> Result<Vec<Share>, BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let period = accounts::period(&mut tx, first).await?;
    let known = as_of::knowledge(&mut tx, known_at, scope.now()).await?;
    let view = View::new(&mut tx, period, known).await?;
    let shares = of_period(&mut tx, &view).await?;
    tx.commit().await?;
    Ok(shares)
}

/// Returns the shares of a period for a view of it.
pub(crate) async fn of_period(tx: &mut TenantTx, view: &View) -> Result<Vec<Share>, BillingError> {
    let calendar = &view.calendar;
    let versions = prices::since(tx, view.period.currency_since, view.known.at).await?;
    let lists = price_version::lists(&versions, view.period.account.currency.exponent)?;
    let mut tally = Tally::new(&usher_rating::classes(), calendar);
    members::each(tx, view.known.sequence, calendar, |member| tally.add(member)).await?;
    let (lines, counts) = (rate(&tally, &lists)?, tally.counts());
    let mut allocator = Allocator::new(&lines, &tally, &counts, &lists)?;
    members::each(tx, view.known.sequence, calendar, |member| allocator.add(member)).await?;
    let date = |index: usize| calendar.dates()[index];
    let shares = allocator.finish().map(|allocation| Share {
        person: allocation.person,
        class: SeatClass::at(allocation.class),
        days: allocation.days,
        dates: allocation.dates.map(|(first, last)| (date(first), date(last))),
        amount_minor: allocation.amount_minor,
    });
    Ok(shares.collect())
}
