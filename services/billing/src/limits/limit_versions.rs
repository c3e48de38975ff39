//! Determines which limit of a pool is in force: the one that billing has set, or else the plan's. Whenever that
//! changes, or a cap gives another number, a new version is added.

use jiff::Timestamp;
use usher_seats::Pool;
use usher_store::{ScopedDatabase, TenantTx};

use crate::error::BillingError;
use crate::ledger::model::head::Ledger;
use crate::ledger::store::ledgers;
use crate::limits::alerts;
use crate::limits::model::limit::{Limit, Most, PlanLimit, Rule};
use crate::limits::store::limits as store;
use crate::terms::commitments;
use crate::terms::store::accounts;

/// What an operator set for a pool; no rule returns to the plan's limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) pool: Pool,
    pub(crate) rule: Option<Rule>,
}

/// Everything that determines the limits.
struct Known {
    /// The last version of each pool.
    last: Vec<Limit>,
    plan: Vec<PlanLimit>,
    /// The number of paid seats committed today.
    committed: i64,
}

impl Known {
    async fn read(tx: &mut TenantTx, now: Timestamp) -> Result<Self, BillingError> {
        Ok(Self {
            last: store::last(tx).await?,
            plan: store::plan(tx).await?,
            committed: commitments::committed_at(tx, Pool::Paid, now).await?,
        })
    }

    /// Returns the versions that must be added.
    fn due(&self, said: Option<Said>) -> Vec<Limit> {
        let mut licences = Some(self.committed).filter(|committed| *committed > 0);
        let mut due = Vec::new();
        // The paid pool comes first, because caps depend on it.
        for pool in Pool::ALL {
            let before = self.last.iter().find(|limit| limit.pool == pool);
            let said = said.filter(|said| said.pool == pool);
            let next = self.next(pool, before, said, licences);
            if pool == Pool::Paid {
                licences = licences.or(next.quantity);
            }
            let set_again = said.is_some_and(|said| said.rule.is_some());
            let nothing_said = before.is_none() && next.rule == Rule::UNLIMITED;
            if set_again || !(nothing_said || before.is_some_and(|before| is_same(before, &next))) {
                due.push(next);
            }
        }
        due
    }

    fn next(&self, pool: Pool, before: Option<&Limit>, said: Option<Said>, licences: Option<i64>) -> Limit {
        let set = match said {
            Some(said) => said.rule,
            None => before.filter(|before| before.plan_version.is_none()).map(|before| before.rule),
        };
        let plan = self.plan.iter().find(|limit| limit.pool == pool);
        let of_plan = || plan.map_or((0, Rule::UNLIMITED), |plan| (plan.version, plan.rule));
        let (plan_version, rule) = match set {
            Some(rule) => (None, rule),
            None => (Some(of_plan().0), of_plan().1),
        };
        Limit {
            pool,
            version: before.map_or(1, |before| before.version + 1),
            plan_version,
            rule,
            quantity: rule.most.seats(licences),
            committed: if matches!(rule.most, Most::Cap(_)) { self.committed } else { 0 },
        }
    }
}

/// Returns whether two versions set the same limit. A later policy may give the limit of an earlier one.
fn is_same(before: &Limit, next: &Limit) -> bool {
    let plan_version = before.plan_version.and(next.plan_version).or(next.plan_version);
    before.plan_version.is_some() == next.plan_version.is_some()
        && Limit { version: before.version, plan_version, ..*next }
            == Limit { plan_version: next.plan_version, ..*before }
}

/// Inserts the limit versions that are due, then raises alerts. The caller has locked the account.
pub(crate) async fn renew(
    tx: &mut TenantTx,
    now: Timestamp,
    by: &str,
    said: Option<Said>,
) -> Result<(), BillingError> {
    let due = Known::read(tx, now).await?.due(said);
    for limit in &due {
        store::insert(tx, limit, now, by).await?;
    }
    if !due.is_empty() {
        let ledger = ledgers::find(tx).await?.unwrap_or_else(|| Ledger::empty(1));
        alerts::raise(tx, &ledger, now).await?;
    }
    Ok(())
}

/// Records the limits of a workspace's plan. Runs also if these are known already, because a commitment may begin or
/// end today.
pub(crate) async fn take_plan(
    database: &ScopedDatabase,
    now: Timestamp,
    sent: &[PlanLimit],
) -> Result<(), BillingError> {
    let mut tx = database.begin_at(now).await?;
    let mut known = Known::read(&mut tx, now).await?;
    let is_new = |limit: &&PlanLimit| {
        known.plan.iter().all(|known| known.pool != limit.pool || known.version < limit.version)
    };
    let new: Vec<PlanLimit> = sent.iter().filter(is_new).copied().collect();
    known.plan.retain(|limit| new.iter().all(|new| new.pool != limit.pool));
    known.plan.extend(&new);
    if new.is_empty() && known.due(None).is_empty() {
        return Ok(());
    }
    accounts::lock(&mut tx).await?;
    for limit in &new {
        store::insert_plan(&mut tx, limit, now).await?;
    }
    renew(&mut tx, now, "plan", None).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use usher_seats::{AtLimit, Cap};

    use super::*;

    const CAP: Most = Most::Cap(Cap { at_least: 20, percent: 15 });

    fn rule(most: Most) -> Rule {
        Rule { most, at_limit: AtLimit::Block }
    }

    fn plan(version: i64, paid: i64) -> Vec<PlanLimit> {
        let limit = |pool, most| PlanLimit { pool, version, rule: rule(most) };
        vec![limit(Pool::Paid, Most::Seats(paid)), limit(Pool::Collaborator, CAP)]
    }

    fn said(pool: Pool, most: Most) -> Said {
        Said { pool, rule: Some(rule(most)) }
    }

    /// Applies what is due. Returns pool, version, whether it is the plan's, and quantity of each version.
    fn go(known: &mut Known, said: Option<Said>) -> Vec<(Pool, i64, bool, Option<i64>)> {
        let due = known.due(said);
        for limit in &due {
            known.last.retain(|last| last.pool != limit.pool);
            known.last.push(*limit);
        }
        assert!(known.due(None).is_empty(), "what holds is what should");
        let brief = |limit: &Limit| (limit.pool, limit.version, limit.plan_version.is_some(), limit.quantity);
        due.iter().map(brief).collect()
    }

    #[test]
    fn billings_limit_goes_before_the_plans_until_it_is_cleared() {
        let mut known = Known { last: Vec::new(), plan: plan(1, 100), committed: 0 };
        let (paid, free) = (Pool::Paid, Pool::Collaborator);
        assert_eq!(go(&mut known, None), [(paid, 1, true, Some(100)), (free, 1, true, Some(20))]);

        let set = go(&mut known, Some(said(paid, Most::Seats(200))));
        assert_eq!(set, [(paid, 2, false, Some(200)), (free, 2, true, Some(30))]);

        known.plan = plan(2, 300);
        assert_eq!(go(&mut known, None), []);
        let cleared = go(&mut known, Some(Said { pool: paid, rule: None }));
        assert_eq!(cleared, [(paid, 3, true, Some(300)), (free, 3, true, Some(45))]);
        assert_eq!(go(&mut known, Some(Said { pool: paid, rule: None })), []);
    }

    #[test]
    fn a_share_is_of_what_is_committed_else_of_the_paid_limit_and_unlimited_without_either() {
        let mut known = Known { last: Vec::new(), plan: Vec::new(), committed: 0 };
        assert_eq!(
            go(&mut known, Some(said(Pool::Collaborator, CAP))),
            [(Pool::Collaborator, 1, false, None)]
        );

        let paid = go(&mut known, Some(said(Pool::Paid, Most::Seats(133))));
        assert_eq!(paid, [(Pool::Paid, 1, false, Some(133)), (Pool::Collaborator, 2, false, Some(20))]);

        known.committed = 200;
        assert_eq!(go(&mut known, None), [(Pool::Collaborator, 3, false, Some(30))]);
    }

    #[test]
    fn a_later_policy_that_gives_the_same_makes_no_version_and_none_is_made_of_nothing() {
        let mut known = Known { last: Vec::new(), plan: Vec::new(), committed: 0 };
        assert_eq!(go(&mut known, None), []);
        known.plan = plan(1, 10);
        assert_eq!(go(&mut known, None).len(), 2);
        known.plan = plan(2, 10);

        assert_eq!(go(&mut known, None), []);
    }
}
