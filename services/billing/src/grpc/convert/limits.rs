//! Limits and commitments.

use usher_proto::billing::v1 as pb;
use usher_proto::seats::v1 as seats;
use usher_rpc::convert::{InvalidArgument, invalid, parse, to_wire};
use usher_rpc::{WireEnum as _, cap_of_wire, cap_to_wire, required_enum};
use usher_seats::{Cap, LimitSource, Pool};

use super::date;
use crate::commitments::{NewCommitment, Sold};
use crate::limit::{Limit, Most, PlanLimit, Rule};
use crate::limit_alerts::Alert;
use crate::limit_feed::Fed;
use crate::limit_refusals::Refusals;
use crate::limit_versions::Said;
use crate::limit_view::Shown;
use crate::price::MOST_SEATS;
use crate::store::workspace_limits::WorkspaceLimit;

fn most(pool: Pool, quantity: Option<i64>, cap: Option<Cap>) -> Result<Most, InvalidArgument> {
    match (quantity, cap) {
        (Some(_), Some(_)) => Err(invalid("cap", "a limit is a quantity or a cap, not both")),
        (Some(quantity), None) if quantity < 0 => {
            Err(invalid("quantity", "it is negative; leave it out for unlimited"))
        }
        (Some(quantity), None) => Ok(Most::Seats(quantity)),
        (None, None) => Ok(Most::Unlimited),
        (None, Some(_)) if pool == Pool::Paid => Err(invalid(
            "cap",
            "a cap grows with the paid licences, so only the collaborator pool can have one",
        )),
        (None, Some(cap)) => Ok(Most::Cap(cap)),
    }
}

fn rule(
    pool: Pool,
    quantity: Option<i64>,
    cap: Option<seats::Cap>,
    at_limit: i32,
) -> Result<Rule, InvalidArgument> {
    let cap = cap.map(|cap| cap_of_wire("cap", cap)).transpose()?;
    let most = most(pool, quantity, cap)?;
    Ok(Rule { most, at_limit: required_enum("at_limit", at_limit)? })
}

impl TryFrom<pb::Limit> for Said {
    type Error = InvalidArgument;

    fn try_from(message: pb::Limit) -> Result<Self, InvalidArgument> {
        let pool = required_enum("pool", message.pool)?;
        let rule = rule(pool, message.quantity, message.cap, message.at_limit)?;
        Ok(Self { pool, rule: Some(rule) })
    }
}

impl TryFrom<&pb::PlanLimit> for PlanLimit {
    type Error = InvalidArgument;

    fn try_from(message: &pb::PlanLimit) -> Result<Self, InvalidArgument> {
        let pool = required_enum("pool", message.pool)?;
        let rule = rule(pool, message.quantity, message.cap, message.at_limit)?;
        Ok(Self { pool, version: message.version, rule })
    }
}

impl TryFrom<&pb::SeatRefusals> for Refusals {
    type Error = InvalidArgument;

    fn try_from(message: &pb::SeatRefusals) -> Result<Self, InvalidArgument> {
        if message.refused < 0 {
            return Err(invalid("refused", "it is negative"));
        }
        Ok(Self { pool: required_enum("pool", message.pool)?, total: message.refused })
    }
}

impl From<Limit> for pb::Limit {
    fn from(limit: Limit) -> Self {
        let cap = match limit.rule.most {
            Most::Cap(cap) => Some(cap_to_wire(cap)),
            Most::Unlimited | Most::Seats(_) => None,
        };
        let source = if limit.plan_version.is_some() { LimitSource::Plan } else { LimitSource::Billing };
        Self {
            pool: limit.pool.to_wire(),
            quantity: limit.quantity,
            at_limit: limit.rule.at_limit.to_wire(),
            version: limit.version,
            cap,
            source: source.to_wire(),
        }
    }
}

impl From<Alert> for pb::LimitAlert {
    fn from(alert: Alert) -> Self {
        Self {
            pool: alert.pool.to_wire(),
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
            pool: limit.pool.to_wire(),
            version: limit.version,
            quantity: limit.quantity,
            at_limit: limit.policy.to_wire(),
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
            pool: required_enum("pool", message.pool)?,
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
            pool: commitment.pool.to_wire(),
            quantity: commitment.quantity,
            unit_price: commitment.unit_price.spelled(currency.exponent),
            start_date: commitment.first.to_string(),
            end_date: commitment.end.to_string(),
        }
    }
}
