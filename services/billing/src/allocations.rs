//! Who a period's seat lines are for.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_store::{Database, TenantTx};

use crate::class::SeatClass;
use crate::draft;
use crate::error::BillingError;
use crate::invoices;
use crate::price;
use crate::prices;
use crate::rating::allocation::allocate;
use crate::rating::{Calendar, Presence, rate};
use crate::view::View;

/// A person's share of a class's seat line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) person: PersonKey,
    pub(crate) class: SeatClass,
    pub(crate) days: i64,
    /// The first and the last of the days; none where the class was never the highest touched.
    pub(crate) dates: Option<(Date, Date)>,
    pub(crate) amount_minor: i64,
}

/// A period's shares, by rank of class, then person.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    first: Date,
    known_at: Option<Timestamp>,
) -> Result<Vec<Share>, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let period = invoices::period(&mut tx, first).await?;
    let known = invoices::knowledge(&mut tx, known_at, ctx.now()).await?;
    let view = View::new(&mut tx, period, known).await?;
    let shares = of_period(&mut tx, &view).await?;
    tx.commit().await?;
    Ok(shares)
}

/// A period's shares, as it is seen.
pub(crate) async fn of_period(tx: &mut TenantTx, view: &View) -> Result<Vec<Share>, BillingError> {
    let calendar = &view.calendar;
    let stays = draft::stays(tx, view.known.sequence, calendar).await?;
    let versions = prices::since(tx, view.period.currency_since, view.known.at).await?;
    let lists = price::lists(&versions, view.period.account.currency.exponent)?;
    let classes = SeatClass::rated();
    let presence = Presence::new(stays, &classes, calendar);
    let lines = rate(&presence, &classes, &lists, calendar)?;
    let allocations = allocate(&lines, &presence, &classes, &lists, calendar)?;
    Ok(allocations
        .into_iter()
        .map(|allocation| Share {
            person: allocation.person,
            class: SeatClass::at(allocation.class),
            days: allocation.days,
            dates: dates(&presence, calendar, allocation.person, allocation.class),
            amount_minor: allocation.amount_minor,
        })
        .collect())
}

fn dates(
    presence: &Presence<PersonKey>,
    calendar: &Calendar,
    person: PersonKey,
    class: usize,
) -> Option<(Date, Date)> {
    let index = presence.members.binary_search_by_key(&person, |member| member.person).ok()?;
    let mut runs = presence.members[index].runs.iter().filter(|run| run.class == class);
    let first = runs.next()?;
    let last = runs.next_back().unwrap_or(first);
    Some((calendar.dates()[first.first], calendar.dates()[last.last]))
}
