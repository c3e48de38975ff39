use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, parse};
use usher_rpc::{WireEnum as _, optional_enum, required_enum};

use crate::grpc::convert::field::date;
use crate::terms::model::price_version::MOST_SEATS;
use crate::terms::prices::{NewPrice, Priced};

/// Validates a number of seats in a price.
pub(super) fn seats(field: &'static str, number: i64) -> Result<i64, InvalidArgument> {
    if (0..=MOST_SEATS).contains(&number) {
        Ok(number)
    } else {
        Err(invalid(field, format_args!("it must be 0 to {MOST_SEATS}")))
    }
}

impl TryFrom<pb::PriceVersion> for NewPrice {
    type Error = InvalidArgument;

    fn try_from(message: pb::PriceVersion) -> Result<Self, InvalidArgument> {
        Ok(Self {
            class: required_enum("class", message.class)?,
            unit_price: parse("unit_price", &message.unit_price)?,
            valid_from: date("valid_from", &message.valid_from)?,
            mode: optional_enum("mode", message.mode)?.unwrap_or_default(),
            included: seats("included", message.included)?,
            floor: seats("floor", message.floor)?,
        })
    }
}

impl From<Priced> for pb::PriceVersion {
    fn from(Priced { version, currency }: Priced) -> Self {
        Self {
            id: version.id.to_string(),
            class: version.class.to_wire(),
            unit_price: version.unit_price.spelled(currency.exponent),
            valid_from: version.valid_from.to_string(),
            mode: version.mode.to_wire(),
            included: version.included,
            floor: version.floor,
            currency: currency.code,
        }
    }
}
