use usher_proto::billing::v1 as pb;
use usher_proto::seats::v1 as wire;
use usher_rpc::convert::{InvalidArgument, invalid, to_wire};
use usher_rpc::{WireEnum as _, cap_of_wire, cap_to_wire, required_enum};
use usher_seats::{Cap, LimitSource, Pool};

use crate::limits::limit_versions::Said;
use crate::limits::model::alert::Alert;
use crate::limits::model::limit::{Limit, Most, Rule};
use crate::limits::view::Shown;

fn most(pool: Pool, quantity: Option<i64>, cap: Option<Cap>) -> Result<Most, InvalidArgument> {
    match (quantity, cap) {
        (Some(_), Some(_)) => Err(invalid("cap", "a limit is a quantity or a cap, not both")),
        (Some(quantity), None) if quantity < 0 => {
            Err(invalid("quantity", "it must not be negative; omit it for unlimited"))
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

pub(super) fn rule(
    pool: Pool,
    quantity: Option<i64>,
    cap: Option<wire::Cap>,
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

impl From<Shown> for pb::GetLimitsResponse {
    fn from(shown: Shown) -> Self {
        Self {
            limits: shown.limits.into_iter().map(pb::Limit::from).collect(),
            alerts: shown.alerts.into_iter().map(pb::LimitAlert::from).collect(),
        }
    }
}

impl From<Shown> for pb::WatchLimitsResponse {
    fn from(shown: Shown) -> Self {
        let pb::GetLimitsResponse { limits, alerts } = shown.into();
        Self { limits, alerts }
    }
}
