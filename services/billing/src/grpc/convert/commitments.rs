use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, parse};
use usher_rpc::{WireEnum as _, required_enum};

use crate::grpc::convert::field::date;
use crate::terms::commitments::{NewCommitment, Sold};
use crate::terms::model::price_version::MOST_SEATS;

impl TryFrom<pb::Commitment> for NewCommitment {
    type Error = InvalidArgument;

    fn try_from(message: pb::Commitment) -> Result<Self, InvalidArgument> {
        if !(1..=MOST_SEATS).contains(&message.quantity) {
            return Err(invalid("quantity", format_args!("a commitment has 1 to {MOST_SEATS} seats")));
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
