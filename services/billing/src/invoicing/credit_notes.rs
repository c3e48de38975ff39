//! Credit notes: permanent credits for a closed period, issued by a person.
//!
//! A note does not change the invoice that it credits. It is booked in the period that is open when the note is
//! issued, as lines of that period's invoice; a negative sum is carried forward.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::json;
use usher_base::id::EventId;
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::error::BillingError;
use crate::invoicing::model::close::Close;
use crate::invoicing::model::credit_note::{CreditLine, CreditNote};
use crate::invoicing::store::{close_lines, closes, credit_notes as store};
use crate::ledger::open_period;
use crate::terms::model::currency::Currency;
use crate::terms::store::accounts;

/// The note that a caller requests.
#[derive(Clone, Debug)]
pub(crate) struct NewCreditNote {
    /// A repeated call with this id issues no second note.
    pub(crate) id: EventId,
    /// The first date of the credited period, which must be closed.
    pub(crate) first: Date,
    pub(crate) lines: Vec<NewCreditLine>,
    pub(crate) reason: String,
}

/// The credited amount of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewCreditLine {
    /// The number of the line on the invoice.
    pub(crate) line_no: i32,
    pub(crate) amount_minor: i64,
}

/// Issues a note. If a note with the id was issued already, returns that.
pub(crate) async fn issue(
    database: &Database,
    ctx: &CallContext,
    new: NewCreditNote,
) -> Result<CreditNote, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    check(&new)?;
    let mut tx = database.begin_at(scope.now()).await?;
    // Neither another note nor the close of the open period comes in between.
    accounts::lock(&mut tx).await?;
    let closed = closes::all(&mut tx).await?;
    let close = closed.iter().find(|close| close.first == new.first);
    let close = close.ok_or_else(|| invalid("start_date", "it is not the first date of a closed period"))?;
    if let Some(issued) = store::find(&mut tx, new.id).await? {
        let amounts = issued.lines.iter().map(|line| (line.line_no, line.amount_minor));
        let same = issued.ordinal == close.ordinal
            && issued.reason == new.reason
            && amounts.eq(new.lines.iter().map(|line| (line.line_no, line.amount_minor)));
        return if same { Ok(issued) } else { Err(BillingError::IdempotencyReused) };
    }
    let open = open_period::find(&mut tx).await?.ok_or(BillingError::NotFound("Period"))?;
    let lines = credited(&mut tx, close, &new.lines).await?;
    let note = CreditNote {
        id: new.id,
        ordinal: close.ordinal,
        booked_ordinal: open.ordinal,
        booked: open.first,
        currency: currency(&closed, &lines)?,
        lines,
        reason: new.reason,
        author: scope.actor().to_string(),
        request_id: scope.request_id().to_owned(),
        issued_at: scope.now(),
    };
    store::insert(&mut tx, &note).await?;
    let detail = json!({
        "credit_note": note.id.to_string(), "start_date": close.first.to_string(),
        "amount_minor": note.amount_minor(), "reason": note.reason,
    });
    audit::note(&mut tx, &scope, "credit_note.issue", detail).await?;
    tx.commit().await?;
    Ok(note)
}

fn check(new: &NewCreditNote) -> Result<(), BillingError> {
    let numbers: BTreeSet<i32> = new.lines.iter().map(|line| line.line_no).collect();
    if numbers.is_empty() || numbers.len() < new.lines.len() {
        return Err(invalid("lines", "give at least one line, each at most once").into());
    }
    if new.lines.iter().any(|line| line.amount_minor <= 0) {
        return Err(invalid("lines", "an amount must be more than zero").into());
    }
    Ok(())
}

/// Returns the currency of a note: that of the periods that its lines are about.
fn currency(closed: &[Close], lines: &[CreditLine]) -> Result<Currency, BillingError> {
    let of = |line: &CreditLine| closed.iter().find(|close| close.ordinal == line.origin);
    let mut currencies = lines.iter().filter_map(of).map(|close| &close.currency);
    let first =
        currencies.next().ok_or_else(|| BillingError::Stored("a line without a period".to_owned()))?;
    if currencies.any(|other| other != first) {
        return Err(invalid("lines", "they are in several currencies; issue a note for each").into());
    }
    Ok(first.clone())
}

/// Returns the credited lines. All notes together credit no line by more than its amount.
async fn credited(
    tx: &mut TenantTx,
    close: &Close,
    wanted: &[NewCreditLine],
) -> Result<Vec<CreditLine>, BillingError> {
    let billed = close_lines::of_period(tx, close.ordinal).await?;
    let earlier = store::credited(tx, close.ordinal).await?;
    let mut lines = Vec::with_capacity(wanted.len());
    for line in wanted {
        let index = usize::try_from(line.line_no).ok().and_then(|number| number.checked_sub(1));
        let on_invoice = index
            .and_then(|index| billed.get(index))
            .filter(|billed| billed.amount_minor > 0 && !billed.charge.is_credit());
        let on_invoice = on_invoice
            .ok_or_else(|| invalid("lines", format_args!("line {} has no billed amount", line.line_no)))?;
        let left = on_invoice.amount_minor - earlier.get(&line.line_no).copied().unwrap_or_default();
        if line.amount_minor > left {
            return Err(BillingError::OverCredited { line_no: line.line_no, left });
        }
        lines.push(CreditLine {
            line_no: line.line_no,
            kind: on_invoice.charge.earned_as(),
            class: on_invoice.charge.class(),
            origin: on_invoice.origin,
            amount_minor: line.amount_minor,
        });
    }
    Ok(lines)
}
