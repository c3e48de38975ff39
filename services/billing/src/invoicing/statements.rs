//! Statements: the cost of any range of dates.

use jiff::Timestamp;
use usher_base::{CallContext, Permission};
use usher_rating::{Line, RatingError, rate};
use usher_seats::SeatClass;
use usher_store::Database;

use crate::error::BillingError;
use crate::ledger::usage;
use crate::ledger::usage::{DateRange, Usage};
use crate::sql::LONGEST_SCAN;
use crate::terms::model::price_version;
use crate::terms::prices;

/// A statement, which is never final.
pub(crate) struct Statement {
    pub(crate) usage: Usage,
    pub(crate) lines: Vec<Line>,
    pub(crate) total_minor: i64,
}

/// Rates a range of dates.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    dates: DateRange,
    known_at: Option<Timestamp>,
) -> Result<Statement, BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let usage = usage::count(&mut tx, dates, known_at).await?;
    let versions = prices::since(&mut tx, usage.currency_since, known_at.unwrap_or(scope.now())).await?;
    tx.commit().await?;
    let prices = price_version::lists(&versions, usage.account.currency.exponent)?;
    let lines = rate(&usage.tally, &prices)?;
    let total_minor = lines.iter().try_fold(0_i64, |total, line| {
        let class = || SeatClass::at(line.class).to_string();
        total.checked_add(line.amount_minor).ok_or_else(|| RatingError::TooLarge(class()))
    })?;
    Ok(Statement { usage, lines, total_minor })
}
