//! Closes periods permanently, and only if it is proven that all facts have arrived.

use serde_json::json;
use usher_base::{CallContext, Permission, TenantScope};
use usher_rating::{Calendar, RatingError, zone};
use usher_rpc::convert::invalid;
use usher_store::{Database, TenantTx};

use crate::audit;
use crate::audit::model::hash::hex;
use crate::audit::model::record::Kind;
use crate::audit::store::records;
use crate::error::BillingError;
use crate::invoicing::draft::draft;
use crate::invoicing::model::book::Book;
use crate::invoicing::model::close::Close;
use crate::invoicing::model::draft::Draft;
use crate::invoicing::model::line::{InvoiceLine, Sealed};
use crate::invoicing::model::obstacle::{Obstacle, Obstacles};
use crate::invoicing::model::posting::{Account, Posting};
use crate::invoicing::store::{close_lines, closes as store, credit_notes};
use crate::ledger::model::head::Ledger;
use crate::ledger::model::knowledge::Knowledge;
use crate::ledger::store::{events, ledgers};
use crate::ledger::{open_period, reconciliation};
use crate::sql::LONGEST_SCAN;
use crate::terms::model::mode_conflict;
use crate::terms::model::what_if::WhatIf;
use crate::terms::store::{accounts, prices};

/// The obstacles to closing a period.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    /// `None` if the period can be closed.
    pub(crate) obstacles: Obstacles,
    /// Whether a comparison of states is missing.
    comparison: bool,
}

/// Finds the obstacles of the period alone. Facts after its end need not have arrived or been compared, so that a
/// workspace with constant changes can be closed.
pub(crate) async fn missing(
    tx: &mut TenantTx,
    ledger: Option<&Ledger>,
    calendar: &Calendar,
    now: jiff::Timestamp,
) -> Result<Missing, BillingError> {
    let mut found = Vec::new();
    if now.as_microsecond() < calendar.close() {
        found.push(Obstacle::NotEnded);
    }
    let Some(ledger) = ledger else {
        found.push(Obstacle::NothingSent);
        return Ok(Missing { obstacles: Obstacles(found), comparison: false });
    };
    // Times increase with numbers, so an event after the end shows that all events before it have arrived.
    let reached = ledger.last_effective_at.as_microsecond() >= calendar.close();
    if ledger.halted {
        found.push(Obstacle::Halted { applied: ledger.acknowledged_sequence });
    }
    match ledger.watermark {
        Some(watermark) if ledger.acknowledged_sequence < watermark.sequence && !reached => {
            let next = ledger.acknowledged_sequence + 1;
            found.push(Obstacle::EventMissing { next, sent: watermark.sequence });
        }
        Some(watermark) if watermark.at.as_microsecond() >= calendar.close() => {}
        Some(watermark) => found.push(Obstacle::WatermarkBehind(watermark.at)),
        None => found.push(Obstacle::NoWatermark),
    }
    let last = events::last_before(tx, ledger.epoch, calendar.close(), ledger.sequence).await?;
    let comparison = ledger.reconciled_sequence < last;
    if comparison {
        found.push(Obstacle::NotCompared { equal_at: ledger.reconciled_sequence });
    }
    Ok(Missing { obstacles: Obstacles(found), comparison })
}

/// Closes the first open period if all obstacles are gone. If it is closed already, returns that close.
pub(crate) async fn close(
    database: &Database,
    ctx: &CallContext,
    first: jiff::civil::Date,
    expected_sequence: i64,
) -> Result<Close, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.scan_at(LONGEST_SCAN, scope.now()).await?;
    // Nobody adds a price or a credit note to the period while it is closed.
    accounts::lock(&mut tx).await?;
    let schedule = accounts::schedule(&mut tx).await?;
    let period = schedule
        .containing(first)
        .filter(|period| period.first == first)
        .ok_or_else(|| invalid("start_date", "it is not the first date of a period"))?;
    if let Some(closed) = store::find(&mut tx, period.ordinal).await? {
        return Ok(closed);
    }
    match open_period::find(&mut tx).await? {
        Some(next) if next.ordinal == period.ordinal => {}
        Some(next) => return Err(BillingError::NotNext(next.first)),
        None => return Err(BillingError::Incomplete(Obstacle::NothingSent.into())),
    }
    let ledger = ledgers::find(&mut tx).await?;
    let calendar = period.calendar()?;
    let Missing { obstacles, comparison } = missing(&mut tx, ledger.as_ref(), &calendar, scope.now()).await?;
    let Some(ledger) = ledger.filter(|_| obstacles.is_empty()) else {
        if comparison {
            // Request the proof, so that the next attempt has it.
            reconciliation::want(&mut tx).await?;
            tx.commit().await?;
        }
        return Err(BillingError::Incomplete(obstacles));
    };
    if expected_sequence != 0 && expected_sequence != ledger.sequence {
        return Err(BillingError::Incomplete(Obstacle::LedgerMoved { sequence: ledger.sequence }.into()));
    }
    // Another replica's clock may be ahead of this one's: what is booked in the period is in it.
    let noted = credit_notes::last_issued(&mut tx, period.ordinal).await?.unwrap_or(scope.now());
    let known = Knowledge { sequence: ledger.sequence, at: scope.now().max(noted) };
    let book = Book::load(&mut tx, known).await?;
    let draft = match draft(&mut tx, &book, (&period, &calendar), &WhatIf::default()).await {
        Err(error @ BillingError::Rating(RatingError::ModeChange { .. })) => {
            let conflicts = mode_conflict::of_period(&schedule, &prices::all(&mut tx).await?, &period);
            let obstacles = Obstacles(conflicts.into_iter().map(Obstacle::Unratable).collect());
            return Err(if obstacles.is_empty() { error } else { BillingError::Incomplete(obstacles) });
        }
        drafted => drafted?,
    };
    let close = seal(&scope, &ledger, &draft);
    if !store::insert(&mut tx, &close).await? {
        // Another call closed the period first, by the same rule and with the same result.
        drop(tx);
        let mut tx = database.begin().await?;
        return store::find(&mut tx, close.ordinal)
            .await?
            .ok_or_else(|| BillingError::Stored("a closed period that does not exist".to_owned()));
    }
    store::insert_days(&mut tx, &close, &draft.counts).await?;
    close_lines::insert(&mut tx, close.ordinal, &draft.lines, &postings(&draft, &close)).await?;
    let kinds = [Kind::Close, Kind::CloseLines, Kind::CloseDays, Kind::Postings];
    records::append(&mut tx, &kinds.map(|kind| (kind, close.ordinal.to_string()))).await?;
    let detail = json!({
        "start_date": close.first.to_string(), "sequence": close.sequence, "total_minor": close.total_minor,
        "snapshot": hex(&close.hash),
    });
    audit::note(&mut tx, &scope, "period.close", detail).await?;
    tx.commit().await?;
    Ok(close)
}

/// Everything that is kept of a period, with its hash.
fn seal(scope: &TenantScope, ledger: &Ledger, draft: &Draft) -> Close {
    let account = &draft.period.account;
    let mut close = Close {
        ordinal: draft.period.ordinal,
        first: draft.period.first,
        end: draft.period.end,
        calendar: draft.calendar.clone(),
        time_zone: account.zone_name.clone(),
        time_zone_database: zone::version().to_owned(),
        currency: account.currency.clone(),
        sequence: draft.sequence,
        epoch: ledger.epoch,
        acknowledged_sequence: ledger.acknowledged_sequence,
        head_hash: ledger.head_hash,
        stays_digest: draft.stays_digest,
        total_minor: draft.settlements.own.total_minor,
        credit_minor: draft.settlements.own.credit_minor,
        hash: [0; 32],
        closed_at: scope.now(),
        closed_by: scope.actor().to_string(),
        request_id: scope.request_id().to_owned(),
    };
    close.hash = snapshot_hash(&close, &draft.counts, &draft.lines);
    close
}

/// Computes the hash that the snapshot must have.
pub(crate) fn snapshot_hash(
    close: &Close,
    counts: &[Vec<usher_rating::DailyCount>],
    lines: &[InvoiceLine],
) -> [u8; 32] {
    let header = [
        close.ordinal.to_string(),
        close.first.to_string(),
        close.end.to_string(),
        close.time_zone.clone(),
        close.time_zone_database.clone(),
        close.currency.code.clone(),
        close.currency.exponent.to_string(),
        close.sequence.to_string(),
        hex(&close.head_hash),
        close.total_minor.to_string(),
        close.credit_minor.to_string(),
    ];
    let sealed = Sealed {
        header: &header,
        calendar: &close.calendar,
        stays_digest: &close.stays_digest,
        counts,
        lines,
    };
    sealed.hash()
}

/// Returns the postings of a close: each line is owed by the workspace, and earned by its class and the period that
/// it is about. Amounts in another currency than the period's are on an account of their own.
fn postings(draft: &Draft, close: &Close) -> Vec<Posting> {
    let mut postings = Vec::new();
    for line in draft.lines.iter().filter(|line| line.amount_minor != 0) {
        let currency = draft.currencies.of(line).unwrap_or(&close.currency);
        let other = (*currency != close.currency).then(|| currency.clone());
        let receivable = Account::Receivable { ordinal: close.ordinal, other };
        let against = if line.charge.is_credit() {
            Account::Credit(currency.clone())
        } else {
            Account::revenue(line.charge.earned_as(), line.charge.class(), line.origin)
        };
        postings.extend([(receivable, line.amount_minor), (against, -line.amount_minor)]);
    }
    postings
}
