//! Limits and commitments.

use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, parse, to_wire};

use super::date;
use crate::commitments::{NewCommitment, Sold};
use crate::limit::{Limit, Most, PlanLimit, Pool, Rule};
use crate::limit_alerts::Alert;
use crate::limit_feed::Fed;
use crate::limit_refusals::Refusals;
use crate::limit_versions::Said;
use crate::limit_view::Shown;
use crate::price::MOST_SEATS;
use crate::share::Share;
use crate::store::workspace_limits::WorkspaceLimit;

/// The most that a share may be, in percent.
const MOST_PERCENT: i64 = 1_000;

fn most(pool: Pool, quantity: Option<i64>, share: Option<pb::Share>) -> Result<Most, InvalidArgument> {
    match (quantity, share) {
        (Some(_), Some(_)) => Err(invalid("share", "a limit is a quantity or a share, not both")),
        (Some(quantity), None) if quantity < 0 => {
            Err(invalid("quantity", "it is negative; leave it out for unlimited"))
        }
        (Some(quantity), None) => Ok(Most::Seats(quantity)),
        (None, None) => Ok(Most::Unlimited),
        (None, Some(_)) if pool == Pool::Paid => {
            Err(invalid("share", "a share is of the paid licences, so only \"collaborator\" can be one"))
        }
        (None, Some(pb::Share { at_least, percent })) => {
            if at_least < 0 {
                return Err(invalid("share.at_least", "it is negative"));
            }
            if !(0..=MOST_PERCENT).contains(&percent) {
                return Err(invalid("share.percent", format_args!("0 to {MOST_PERCENT}")));
            }
            Ok(Most::Share(Share { at_least, percent }))
        }
    }
}

impl TryFrom<pb::Limit> for Said {
    type Error = InvalidArgument;

    fn try_from(message: pb::Limit) -> Result<Self, InvalidArgument> {
        let pool = parse("pool", &message.pool)?;
        let most = most(pool, message.quantity, message.share)?;
        Ok(Self { pool, rule: Some(Rule { most, policy: parse("policy", &message.policy)? }) })
    }
}

impl TryFrom<&pb::PlanLimit> for PlanLimit {
    type Error = InvalidArgument;

    fn try_from(message: &pb::PlanLimit) -> Result<Self, InvalidArgument> {
        let pool = parse("pool", &message.pool)?;
        let most = most(pool, message.quantity, message.share)?;
        let rule = Rule { most, policy: parse("policy", &message.policy)? };
        Ok(Self { pool, version: message.version, rule })
    }
}

impl TryFrom<&pb::SeatRefusals> for Refusals {
    type Error = InvalidArgument;

    fn try_from(message: &pb::SeatRefusals) -> Result<Self, InvalidArgument> {
        if message.refused < 0 {
            return Err(invalid("refused", "it is negative"));
        }
        Ok(Self { pool: parse("pool", &message.pool)?, total: message.refused })
    }
}

impl From<Limit> for pb::Limit {
    fn from(limit: Limit) -> Self {
        let share = match limit.rule.most {
            Most::Share(Share { at_least, percent }) => Some(pb::Share { at_least, percent }),
            Most::Unlimited | Most::Seats(_) => None,
        };
        let source = if limit.plan_version.is_some() { "plan" } else { "billing" };
        Self {
            pool: limit.pool.as_str().to_owned(),
            quantity: limit.quantity,
            policy: limit.rule.policy.to_string(),
            version: limit.version,
            share,
            source: source.to_owned(),
        }
    }
}

impl From<Alert> for pb::LimitAlert {
    fn from(alert: Alert) -> Self {
        Self {
            pool: alert.pool,
            version: alert.version,
            threshold: alert.threshold,
            in_use: alert.in_use,
            time: Some(to_wire(alert.at)),
        }
    }
}

impl From<WorkspaceLimit> for pb::WorkspaceLimit {
    fn from(limit: WorkspaceLimit) -> Self {
        Self {
            workspace_id: limit.tenant_id.to_string(),
            pool: limit.pool,
            version: limit.version,
            quantity: limit.quantity,
            policy: limit.policy,
            set_time: Some(to_wire(limit.set_at.0)),
            plan_version: limit.plan_version,
            committed: limit.committed,
        }
    }
}

impl From<Fed> for pb::WatchLimitsResponse {
    fn from(fed: Fed) -> Self {
        let limits = fed.limits.into_iter().map(pb::WorkspaceLimit::from).collect();
        Self { limits, complete: fed.complete }
    }
}

impl From<Shown> for pb::GetLimitsResponse {
    fn from(shown: Shown) -> Self {
        Self {
            limits: shown.limits.into_iter().map(pb::Limit::from).collect(),
            alerts: shown.alerts.into_iter().map(pb::LimitAlert::from).collect(),
        }
    }
}

impl TryFrom<pb::Commitment> for NewCommitment {
    type Error = InvalidArgument;

    fn try_from(message: pb::Commitment) -> Result<Self, InvalidArgument> {
        if !(1..=MOST_SEATS).contains(&message.quantity) {
            return Err(invalid("quantity", format_args!("a commitment is of 1 to {MOST_SEATS} seats")));
        }
        Ok(Self {
            pool: parse("pool", &message.pool)?,
            quantity: message.quantity,
            unit_price: parse("unit_price", &message.unit_price)?,
            first: date("start_date", &message.start_date)?,
            end: date("end_date", &message.end_date)?,
        })
    }
}

impl From<Sold> for pb::Commitment {
    fn from(Sold { commitment, currency }: Sold) -> Self {
        Self {
            id: commitment.id.to_string(),
            pool: commitment.pool.as_str().to_owned(),
            quantity: commitment.quantity,
            unit_price: commitment.unit_price.spelled(currency.exponent),
            start_date: commitment.first.to_string(),
            end_date: commitment.end.to_string(),
        }
    }
}
