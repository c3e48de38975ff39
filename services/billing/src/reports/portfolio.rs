//! Report `PORTFOLIO`: one row per workspace with the state of its billing.

use usher_rating::{DailyCount, Tally};
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::invoices::State;
use crate::invoicing::store::closes;
use crate::invoicing::view::View;
use crate::ledger::members;
use crate::ledger::model::span::TOLERANCE;
use crate::ledger::store::history;
use crate::reports::statement::invoice;
use crate::reports::writer::{Cell, Writer};

/// `seats` are open at the period's end, or now. `watermark_lag` is in seconds; it is 0 for less than two minutes,
/// and empty for a closed period, which needs no further watermark. `open_issues` is the number of obstacles to
/// closing the period, except that it has not ended.
pub(super) const COLUMNS: [&str; 7] =
    ["tenant", "period", "state", "seats", "amount", "watermark_lag", "open_issues"];

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let exponent = view.period.account.currency.exponent;
    // A workspace that can't be rated must not hide the others.
    let (state, seats, amount, issues) = match invoice(tx, view).await {
        Ok(invoice) => match invoice.state {
            State::Closed(close, _) => {
                let seats = open_seats(view, &closes::days(tx, &close).await?);
                ("CLOSED", seats, Cell::Amount(close.total_minor, exponent), 0)
            }
            State::Provisional(draft, obstacles) => {
                let ended = view.known.at.as_microsecond() >= draft.calendar.close();
                let issues = obstacles.0.len() - usize::from(!ended);
                let state = if obstacles.is_empty() { "COMPLETE" } else { "OPEN" };
                let amount = Cell::Amount(draft.settlements.own.total_minor, exponent);
                (state, open_seats(view, &draft.counts), amount, issues)
            }
        },
        Err(BillingError::Rating(_)) => {
            let classes = usher_rating::classes();
            let mut tally = Tally::new(&classes, &view.calendar);
            members::each(tx, view.known.sequence, &view.calendar, |member| tally.add(member)).await?;
            ("UNRATED", open_seats(view, &tally.counts()), Cell::Empty, 1)
        }
        Err(error) => return Err(error),
    };
    let row = [
        tx.tenant().to_string().into(),
        view.period.first.to_string().into(),
        state.into(),
        seats.into(),
        amount,
        lag(tx, view).await?.map_or(Cell::Empty, Cell::Number),
        i64::try_from(issues).unwrap_or(i64::MAX).into(),
    ];
    writer.row(&row).await
}

/// Returns the number of seats open at the last instant.
fn open_seats(view: &View, counts: &[Vec<DailyCount>]) -> i64 {
    let day = view.calendar.locate(view.last_instant());
    counts.iter().filter_map(|of_class| of_class.get(day)).map(|count| count.closing).sum()
}

/// Returns how far identity's watermark is behind.
async fn lag(tx: &mut TenantTx, view: &View) -> Result<Option<i64>, BillingError> {
    if view.closed {
        return Ok(None);
    }
    let ledger = history::ledger(tx, view.known.at, view.known.sequence).await?;
    let lag = ledger
        .and_then(|ledger| ledger.watermark)
        .map(|watermark| view.known.at.duration_since(watermark.at));
    Ok(lag.map(|lag| if lag <= TOLERANCE { 0 } else { lag.as_secs() }))
}
