//! Names of the protocol's enum values, as the command line spells them.

use usher_proto::billing::v1 as pb;
use usher_rpc::WireEnum;
use usher_rpc::convert::reason_of_wire;
use usher_seats::{AtLimit, CountingMode, LineKind, Named, Pool, SeatClass, UserType};

/// A number that no enum of the protocol has.
const UNKNOWN: i32 = 99;

/// Returns the number of a name: 0 for an empty name, [`UNKNOWN`] for an unknown one.
pub fn number<T: WireEnum + Named>(name: &str) -> i32 {
    let value = T::VARIANTS.iter().find(|value| value.name() == name);
    value.map_or(if name.is_empty() { 0 } else { UNKNOWN }, |value| value.to_wire())
}

/// Returns the name of a number; empty if it is unspecified.
pub fn name<T: WireEnum + Named>(number: i32) -> &'static str {
    T::VARIANTS.iter().find(|value| value.to_wire() == number).map_or("", |value| value.name())
}

pub fn class(name: &str) -> i32 {
    number::<SeatClass>(name)
}

/// Returns the class of a user type.
pub fn class_of_type(user_type: &str) -> i32 {
    user_type.parse().map_or(UNKNOWN, |user_type: UserType| user_type.class().to_wire())
}

pub fn pool(name: &str) -> i32 {
    number::<Pool>(name)
}

pub fn at_limit(name: &str) -> i32 {
    number::<AtLimit>(name)
}

pub fn mode(name: &str) -> i32 {
    number::<CountingMode>(name)
}

pub fn class_name(class: i32) -> &'static str {
    name::<SeatClass>(class)
}

pub fn pool_name(pool: i32) -> &'static str {
    name::<Pool>(pool)
}

pub fn kind_name(kind: i32) -> &'static str {
    name::<LineKind>(kind)
}

/// Returns why a batch was refused; empty if it was applied.
pub fn refused(answer: &pb::AppendSeatEventsResponse) -> &'static str {
    reason_of_wire(answer.refused_reason).map_or("", |reason| reason.name())
}
