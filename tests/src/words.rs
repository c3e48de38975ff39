//! Names of the protocol's values: tests say and read them as the command line does.

use usher_rpc::WireEnum;
use usher_seats::{AtLimit, Named, Pool, SeatClass};

/// The number of a name.
///
/// # Panics
/// There is no such value.
pub fn number<T: WireEnum + Named>(name: &str) -> i32 {
    let value = T::VARIANTS.iter().find(|value| value.name() == name);
    value.unwrap_or_else(|| panic!("there is no {} {name:?}", T::NOUN)).to_wire()
}

/// The number of a class.
pub fn class(name: &str) -> i32 {
    number::<SeatClass>(name)
}

/// The number of a pool.
pub fn pool(name: &str) -> i32 {
    number::<Pool>(name)
}

/// The number of a policy at a limit.
pub fn at_limit(name: &str) -> i32 {
    number::<AtLimit>(name)
}

/// The name of a class; empty where it is unspecified.
pub fn class_name(class: i32) -> &'static str {
    SeatClass::BY_RANK.into_iter().find(|of| of.to_wire() == class).map_or("", SeatClass::as_str)
}
