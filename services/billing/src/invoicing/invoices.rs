//! Reads invoices: closed ones as they were closed, others as a preview.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::{CallContext, Permission};
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::invoicing::closing;
use crate::invoicing::draft::draft;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::close::Close;
use crate::invoicing::model::credit_note::CreditNote;
use crate::invoicing::model::draft::Draft;
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::obstacle::Obstacles;
use crate::invoicing::model::settlement::{Currencies, Settlement, settled};
use crate::invoicing::store::{close_lines, closes, credit_notes};
use crate::invoicing::view::View;
use crate::ledger::as_of::knowledge;
use crate::ledger::model::knowledge::Knowledge;
use crate::ledger::open_period;
use crate::ledger::store::{history, ledgers};
use crate::sql::LONGEST_SCAN;
use crate::terms::accounts::period;
use crate::terms::model::currency::Currency;
use crate::terms::model::period::Period;
use crate::terms::model::what_if::WhatIf;

/// The invoice of a period.
pub(crate) struct Invoice {
    pub(crate) state: State,
    /// The settlements in currencies other than the period's.
    pub(crate) others: Vec<Settlement>,
    /// The periods that the lines are about, by number.
    origins: BTreeMap<i64, Origin>,
    /// The credit notes about the period; they do not change its lines.
    pub(crate) notes: Vec<CreditNote>,
}

/// A period that a line is about.
#[derive(Clone, Debug)]
struct Origin {
    first: Date,
    currency: Currency,
}

/// A closed period, and the total of its credit notes.
pub(crate) struct ClosedPeriod {
    pub(crate) close: Close,
    pub(crate) credited_minor: i64,
}

/// Whether an invoice is final.
pub(crate) enum State {
    /// The period is closed, so the invoice never changes.
    Closed(Box<Close>, Vec<InvoiceLine>),
    /// A preview with the obstacles to closing; none if the period could be closed.
    Provisional(Box<Draft>, Obstacles),
}

impl Invoice {
    pub(crate) fn lines(&self) -> &[InvoiceLine] {
        match &self.state {
            State::Closed(_, lines) => lines,
            State::Provisional(draft, _) => &draft.lines,
        }
    }

    /// Returns the currency of the period.
    pub(crate) fn own_currency(&self) -> &Currency {
        match &self.state {
            State::Closed(close, _) => &close.currency,
            State::Provisional(draft, _) => &draft.period.account.currency,
        }
    }

    /// Returns the currency of a line: that of the period that it is about.
    pub(crate) fn currency(&self, line: &InvoiceLine) -> &Currency {
        self.origins.get(&line.origin).map_or_else(|| self.own_currency(), |origin| &origin.currency)
    }

    /// Returns the first date of the period that a line is about.
    pub(crate) fn origin(&self, line: &InvoiceLine) -> String {
        self.origins.get(&line.origin).map(|origin| origin.first.to_string()).unwrap_or_default()
    }
}

/// Returns a period's invoice as of a time. Once the period is closed, returns the closed invoice.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    first: Date,
    known_at: Option<Timestamp>,
) -> Result<Invoice, BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let period = period(&mut tx, first).await?;
    let invoice = read(&mut tx, period, known_at, scope.now()).await?;
    tx.commit().await?;
    Ok(invoice)
}

/// Same as [`get`], within a transaction.
pub(crate) async fn read(
    tx: &mut TenantTx,
    period: Period,
    known_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Invoice, BillingError> {
    let known = knowledge(tx, known_at, now).await?;
    let closed = closes::find(tx, period.ordinal).await?;
    if let Some(close) = closed.filter(|close| close.closed_at <= known.at) {
        let lines = close_lines::of_period(tx, close.ordinal).await?;
        let notes = credit_notes::about(tx, close.ordinal, known.at).await?;
        let origins = origins(&closes::all(tx).await?, &period);
        let credits = close_lines::credits(tx, close.ordinal + 1, known.at).await?;
        let currencies = origins.iter().map(|(ordinal, origin)| (*ordinal, origin.currency.clone()));
        let others = settled(close.ordinal, &lines, &Currencies::new(currencies), &credits)?;
        return Ok(Invoice { state: State::Closed(Box::new(close), lines), others, origins, notes });
    }
    provisional(tx, period, known, known_at.map_or(Moment::Now(now), Moment::Past), &WhatIf::default()).await
}

/// Returns what a period's invoice would be under other assumptions; for a closed period as of its close.
pub(crate) async fn preview(
    database: &Database,
    ctx: &CallContext,
    first: Date,
    known_at: Option<Timestamp>,
    what_if: &WhatIf,
) -> Result<Invoice, BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let period = period(&mut tx, first).await?;
    let known = knowledge(&mut tx, known_at, scope.now()).await?;
    let View { period, known, .. } = View::new(&mut tx, period, known).await?;
    let moment = known_at.map_or(Moment::Now(scope.now()), Moment::Past);
    let invoice = provisional(&mut tx, period, known, moment, what_if).await?;
    tx.commit().await?;
    Ok(invoice)
}

/// The time at which obstacles are checked.
#[derive(Clone, Copy)]
enum Moment {
    Now(Timestamp),
    Past(Timestamp),
}

async fn provisional(
    tx: &mut TenantTx,
    period: Period,
    known: Knowledge,
    moment: Moment,
    what_if: &WhatIf,
) -> Result<Invoice, BillingError> {
    let (ledger, at) = match moment {
        Moment::Now(now) => (ledgers::find(tx).await?, now),
        Moment::Past(at) => (history::ledger(tx, at, known.sequence).await?, at),
    };
    let calendar = period.calendar()?;
    let obstacles = closing::missing(tx, ledger.as_ref(), &calendar, at).await?.obstacles;
    let book = Book::load(tx, known).await?;
    let draft = draft(tx, &book, (&period, &calendar), what_if).await?;
    let origins = origins(&book.closes, &period);
    let others = draft.settlements.others.clone();
    Ok(Invoice { state: State::Provisional(Box::new(draft), obstacles), others, origins, notes: Vec::new() })
}

/// Returns the periods that the lines of a period's invoice can be about.
fn origins(closes: &[Close], period: &Period) -> BTreeMap<i64, Origin> {
    let before = closes.iter().filter(|close| close.ordinal < period.ordinal);
    let origin = |close: &Close| Origin { first: close.first, currency: close.currency.clone() };
    let earlier = before.map(|close| (close.ordinal, origin(close)));
    let own = Origin { first: period.first, currency: period.account.currency.clone() };
    earlier.chain([(period.ordinal, own)]).collect()
}

/// Returns the closed periods, oldest first, and the first open one.
pub(crate) async fn list(
    database: &Database,
    ctx: &CallContext,
) -> Result<(Vec<ClosedPeriod>, Option<Period>), BillingError> {
    let scope = ctx.scope(Permission::BillingRead)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin().await?;
    let closed = closes::all(&mut tx).await?;
    let credited = credit_notes::totals(&mut tx, scope.now()).await?;
    let open = open_period::find(&mut tx).await?;
    tx.commit().await?;
    let closed = closed.into_iter().map(|close| {
        let credited_minor = credited.get(&close.ordinal).copied().unwrap_or_default();
        ClosedPeriod { close, credited_minor }
    });
    Ok((closed.collect(), open))
}
