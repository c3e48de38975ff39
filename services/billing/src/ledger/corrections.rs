//! Corrections of the past, and links between persons. Both are new facts: nothing is rewritten.

use jiff::Timestamp;
use serde_json::json;
use usher_base::id::{EventId, PersonKey};
use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_seats::SeatClass;
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::ledger::model::correction::CorrectionRequest;
use crate::ledger::model::event::{CorrectionFact, Fact, LinkFact};
use crate::ledger::open_period;
use crate::ledger::store::{corrections as store, facts, ledgers};
use crate::terms::store::{accounts, closed, prices};
use crate::{audit, ledger};

/// The content of a correction, as a caller sends it.
#[derive(Clone, Debug)]
pub(crate) struct NewCorrection {
    /// A repeated call with this id records no second correction.
    pub(crate) id: Option<EventId>,
    pub(crate) person: PersonKey,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) class: Option<SeatClass>,
    pub(crate) reason: String,
}

/// Requests a correction. It has no effect until another person approves it.
pub(crate) async fn request(
    database: &Database,
    ctx: &CallContext,
    new: NewCorrection,
) -> Result<CorrectionRequest, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    if new.until <= new.from {
        return Err(invalid("until_time", "it must be after from_time").into());
    }
    if new.until > scope.now() {
        return Err(invalid("until_time", "a correction is about the past").into());
    }
    let request = CorrectionRequest {
        id: new.id.unwrap_or_else(|| EventId::new(scope.clock())),
        person: new.person,
        from: new.from,
        until: new.until,
        class: new.class,
        reason: new.reason,
        author: scope.actor().to_string(),
        request_id: scope.request_id().to_owned(),
        requested_at: scope.now(),
    };
    let mut tx = database.begin_at(scope.now()).await?;
    // The first period is the first that is billed: there is nothing before it to correct.
    let first = match closed::calendars(&mut tx).await?.into_iter().next() {
        Some(calendar) => Some(calendar),
        None => open_period::find(&mut tx).await?.map(|period| period.calendar()).transpose()?,
    };
    if first.is_none_or(|calendar| new.from.as_microsecond() < calendar.open()) {
        return Err(invalid("from_time", "it is before the workspace's first period").into());
    }
    check_priced(&mut tx, &request).await?;
    if !store::insert(&mut tx, &request).await? {
        let kept = store::find(&mut tx, request.id).await?;
        let same = kept.filter(|kept| {
            let (k, r) = (kept, &request);
            (k.person, k.from, k.until, k.class, &k.reason) == (r.person, r.from, r.until, r.class, &r.reason)
        });
        return same.ok_or(BillingError::IdempotencyReused);
    }
    let detail = json!({"correction": request.id.to_string(), "person_key": request.person.to_string()});
    audit::note(&mut tx, &scope, "correction.request", detail).await?;
    tx.commit().await?;
    Ok(request)
}

/// Checks that the corrected class has a price on each of its dates in closed periods. A price can't be added there
/// any more, and a closed period that can't be rated again would keep every later period open.
async fn check_priced(tx: &mut TenantTx, request: &CorrectionRequest) -> Result<(), BillingError> {
    let Some(class) = request.class.filter(|class| class.is_paid()) else { return Ok(()) };
    let (from, until) = (request.from.as_microsecond(), request.until.as_microsecond());
    let mut touched = closed::calendars(tx).await?;
    touched.retain(|calendar| from < calendar.close() && calendar.open() < until);
    if touched.is_empty() {
        return Ok(());
    }
    let (schedule, versions) = (accounts::schedule(tx).await?, prices::all(tx).await?);
    for calendar in touched {
        let since = schedule.currency_since(calendar.dates()[0]);
        let of_class = versions.iter().filter(|version| {
            version.class == class && since.is_none_or(|since| since <= version.valid_from)
        });
        let priced_from = of_class.map(|version| version.valid_from).min();
        let first = calendar.locate(from.max(calendar.open()));
        let date = calendar.dates()[first];
        if priced_from.is_none_or(|priced_from| date < priced_from) {
            return Err(BillingError::ClosedUnpriced { class: class.to_string(), date });
        }
    }
    Ok(())
}

/// Approves a correction and records it in the ledger; the author can't. Returns its number.
pub(crate) async fn approve(
    database: &Database,
    ctx: &CallContext,
    id: EventId,
) -> Result<i64, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    // No period is closed meanwhile.
    accounts::lock(&mut tx).await?;
    let request = store::find(&mut tx, id).await?.ok_or(BillingError::NotFound("Correction"))?;
    let approver = scope.actor().to_string();
    if approver == request.author {
        return Err(BillingError::OwnApproval);
    }
    let mut ledger = ledgers::lock(&mut tx, 1).await?;
    if facts::exists(&mut tx, id).await? {
        return Err(BillingError::AlreadyApproved);
    }
    // A period may have been closed since the request.
    check_priced(&mut tx, &request).await?;
    let fact = Fact::Correction(CorrectionFact {
        event_id: id,
        person: request.person,
        class: request.class,
        from: request.from,
        until: request.until,
        reason: request.reason,
        author: request.author,
        approver,
        request_id: scope.request_id().to_owned(),
    });
    let sequence = ledger::record(&mut tx, &mut ledger, scope.workspace_id(), scope.now(), fact).await?;
    let detail = json!({"correction": id.to_string(), "sequence": sequence});
    audit::note(&mut tx, &scope, "correction.approve", detail).await?;
    tx.commit().await?;
    Ok(sequence)
}

/// Returns the corrections that wait for approval.
pub(crate) async fn waiting(
    database: &Database,
    ctx: &CallContext,
) -> Result<Vec<CorrectionRequest>, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingAdmin)?);
    let mut tx = database.begin().await?;
    let waiting = store::waiting(&mut tx, 1_000).await?;
    tx.commit().await?;
    Ok(waiting)
}

/// Records that two keys are one person, also for the past. Returns the fact's number.
pub(crate) async fn link(
    database: &Database,
    ctx: &CallContext,
    (person, other): (PersonKey, PersonKey),
    reason: String,
) -> Result<i64, BillingError> {
    let scope = ctx.scope(Permission::BillingAdmin)?;
    if person == other {
        return Err(invalid("other_person_key", "it must be another key").into());
    }
    let database = database.scoped(&scope);
    let mut tx = database.begin_at(scope.now()).await?;
    let mut ledger = ledgers::lock(&mut tx, 1).await?;
    let overlay = facts::overlay(&mut tx, ledger.sequence).await?;
    if overlay.person(person) == overlay.person(other) {
        // They are one person already, so a repeat adds no fact.
        return Ok(ledger.sequence);
    }
    let fact = Fact::Link(LinkFact {
        event_id: EventId::new(scope.clock()),
        person,
        other,
        reason,
        actor: scope.actor().to_string(),
        at: scope.now(),
        request_id: scope.request_id().to_owned(),
    });
    let sequence = ledger::record(&mut tx, &mut ledger, scope.workspace_id(), scope.now(), fact).await?;
    let detail = json!({"person_key": person.to_string(), "other_person_key": other.to_string(), "sequence": sequence});
    audit::note(&mut tx, &scope, "person.link", detail).await?;
    tx.commit().await?;
    Ok(sequence)
}
