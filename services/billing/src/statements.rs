//! Statements: what a period costs.

use usher_base::{CallContext, Permission};
use usher_store::Database;

use crate::error::BillingError;
use crate::statement::{self, Line, RatingError};
use crate::store::prices;
use crate::usage::{self, DateRange, Usage};

/// A statement for a period that is not closed.
pub(crate) struct Statement {
    pub(crate) usage: Usage,
    pub(crate) lines: Vec<Line>,
    pub(crate) total_minor: i64,
}

/// Rates a period.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    dates: DateRange,
) -> Result<Statement, BillingError> {
    ctx.require(Permission::BillingRead)?;
    let database = database.scoped(&ctx.scope()?);
    let mut tx = database.begin().await?;
    let usage = usage::count(&mut tx, dates).await?;
    let versions = prices::all(&mut tx).await?;
    tx.commit().await?;
    let lines = statement::lines(&usage.days, &usage.counts, &versions, usage.account.exponent)?;
    let total_minor = lines.iter().try_fold(0_i64, |total, line| {
        total.checked_add(line.amount_minor).ok_or(RatingError::Overflow { class: line.class })
    })?;
    Ok(Statement { usage, lines, total_minor })
}
