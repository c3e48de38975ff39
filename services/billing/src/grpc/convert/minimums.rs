use usher_proto::billing::v1 as pb;

use crate::terms::model::minimum_spend::Minimum;

impl From<Minimum> for pb::MinimumSpend {
    fn from(minimum: Minimum) -> Self {
        Self {
            valid_from: minimum.valid_from.to_string(),
            amount_minor: minimum.amount_minor,
            exponent: minimum.currency.places(),
            currency: minimum.currency.code,
        }
    }
}
