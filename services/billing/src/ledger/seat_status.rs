//! Reads whether a person is billable, in which class, since when and why.

use jiff::Timestamp;
use usher_base::id::PersonKey;
use usher_base::{CallContext, Permission};
use usher_seats::SeatClass;
use usher_store::Database;

use crate::error::BillingError;
use crate::ledger::as_of;
use crate::ledger::store::{facts, intervals};

/// A seat in use.
pub(crate) struct Seat {
    pub(crate) class: SeatClass,
    pub(crate) since: Timestamp,
    pub(crate) cause: String,
}

/// Returns the seat of a person at an instant, as of a time.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    person: PersonKey,
    at: Option<Timestamp>,
    known_at: Option<Timestamp>,
) -> Result<Option<Seat>, BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin().await?;
    let sequence = as_of::sequence(&mut tx, known_at).await?;
    let overlay = facts::overlay(&mut tx, sequence).await?;
    let intervals = intervals::of_persons(&mut tx, sequence, &overlay.companions(person)).await?;
    tx.commit().await?;
    let at = at.unwrap_or_else(|| scope.now()).as_microsecond();
    let stays = overlay.apply(intervals.iter().map(usher_rating::interval::Interval::stay).collect());
    let mut held = stays.into_iter().filter(|stay| stay.person == overlay.person(person));
    let Some(stay) = held.find(|stay| stay.start <= at && stay.end.is_none_or(|end| at < end)) else {
        return Ok(None);
    };
    let since = Timestamp::from_microsecond(stay.start)
        .map_err(|_| BillingError::Stored("an instant out of range".to_owned()))?;
    let state = intervals
        .iter()
        .find(|interval| interval.start == since && interval.class.index() == stay.class)
        .map(|interval| interval.start_cause.clone());
    let cause = state.unwrap_or_else(|| "billing.correction".to_owned());
    Ok(Some(Seat { class: SeatClass::at(stay.class), since, cause }))
}
