//! Closes ended periods when everything is proven, the oldest first, and reports those that are overdue.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use usher_base::{CallContext, Permission};
use usher_store::{Database, ScopedDatabase};

use crate::error::BillingError;
use crate::invoicing::closing;
use crate::invoicing::model::obstacle::Obstacles;
use crate::jobs::model::{JobSettings, Outcome};
use crate::ledger::open_period;
use crate::ledger::store::ledgers;
use crate::terms::store::accounts;

/// Maximum time between two checks of a workspace: prices, terms and first events arrive without a notification.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Minimum delay before a failed attempt is repeated. The proof that it requests arrives after identity's next
/// watermark, and brings the attempt forward.
const RETRY: SignedDuration = SignedDuration::from_mins(1);
/// Maximum number of periods of one workspace closed per turn.
const MOST: usize = 24;

/// The first open period, and its obstacles.
struct Open {
    first: Date,
    closed_at: Timestamp,
    missing: Obstacles,
}

pub(super) async fn turn(
    database: &Database,
    ctx: &CallContext,
    settings: JobSettings,
) -> Result<Outcome, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let scoped = database.scoped(&scope);
    for _ in 0..MOST {
        let now = scope.now();
        let look_again = now + LOOK_EVERY;
        let Some(open) = next(&scoped, now).await? else {
            return Ok(Outcome { next: look_again, trouble: None });
        };
        let after = settings.close_after.or(settings.close_alarm_after).unwrap_or(LOOK_EVERY);
        let due = open.closed_at + after;
        if now < due {
            return Ok(Outcome { next: due.min(look_again), trouble: None });
        }
        let missing = match settings.close_after {
            None if open.missing.is_empty() => {
                "there are no obstacles; close it with `usher admin period close`".to_owned()
            }
            None => open.missing.to_string(),
            Some(_) => match closing::close(database, ctx, open.first, 0).await {
                Ok(close) => {
                    tracing::info!(
                        workspace = %scope.workspace_id(), start_date = %close.first, total_minor = close.total_minor,
                        "a period was closed"
                    );
                    continue;
                }
                // Another call closed the period meanwhile.
                Err(BillingError::NotNext(_)) => continue,
                Err(BillingError::Incomplete(missing)) => missing.to_string(),
                Err(error @ (BillingError::Rating(_) | BillingError::ClosedUnpriced { .. })) => {
                    error.to_string()
                }
                Err(error) => return Err(error),
            },
        };
        // The longer the period has been overdue, the rarer the attempts.
        let late = now.duration_since(due) / 10;
        let overdue = settings.close_alarm_after.is_some_and(|alarm| now >= open.closed_at + alarm);
        return Ok(Outcome {
            next: now + late.clamp(RETRY, LOOK_EVERY),
            trouble: overdue.then(|| format!("the period from {}: {missing}", open.first)),
        });
    }
    Ok(Outcome { next: scope.now(), trouble: None })
}

/// Returns `None` if no event ever arrived, or if nothing is billed because the account has no prices.
async fn next(database: &ScopedDatabase, now: Timestamp) -> Result<Option<Open>, BillingError> {
    let mut tx = database.begin().await?;
    let Some(period) = open_period::find(&mut tx).await? else { return Ok(None) };
    if !accounts::is_billed(&mut tx).await? {
        return Ok(None);
    }
    let calendar = period.calendar()?;
    let ledger = ledgers::find(&mut tx).await?;
    let missing = closing::missing(&mut tx, ledger.as_ref(), &calendar, now).await?.obstacles;
    tx.commit().await?;
    let closed_at = Timestamp::from_microsecond(calendar.close())
        .map_err(|_| BillingError::Stored("an instant out of range".to_owned()))?;
    Ok(Some(Open { first: period.first, closed_at, missing }))
}
