//! Enums and caps of the protocol, and the types that services compute with.

use strum::VariantArray;
use usher_proto::{billing, seats};
use usher_seats::{
    AtLimit, Cap, ComparisonOutcome, CountingMode, EventKind, Granularity, LimitSource, LineKind, Named,
    PeriodState, Pool, ReportFormat, ReportName, ScheduledChangeKind, SeatClass,
};

use crate::convert::{InvalidArgument, invalid};

/// A type that travels as an enum of the protocol, in which 0 is unspecified.
pub trait WireEnum: VariantArray + Copy {
    /// The enum.
    type Wire: TryFrom<i32> + Into<i32>;

    /// The value's number.
    fn to_wire(self) -> i32;

    /// The value's name in the protocol: `SEAT_CLASS_REGULAR`.
    fn wire_name(self) -> &'static str;

    /// The value of the enum's, `None` if it is unspecified.
    fn of_wire(wire: Self::Wire) -> Option<Self>;
}

macro_rules! wire_enum {
    ($domain:ty, $wire:ty, [$($variant:ident),+ $(,)?]) => {
        impl WireEnum for $domain {
            type Wire = $wire;

            fn to_wire(self) -> i32 {
                match self {
                    $(Self::$variant => <$wire>::$variant.into(),)+
                }
            }

            fn wire_name(self) -> &'static str {
                match self {
                    $(Self::$variant => <$wire>::$variant.as_str_name(),)+
                }
            }

            fn of_wire(wire: $wire) -> Option<Self> {
                match wire {
                    <$wire>::Unspecified => None,
                    $(<$wire>::$variant => Some(Self::$variant),)+
                }
            }
        }
    };
}

wire_enum!(SeatClass, seats::v1::SeatClass, [Regular, External, Collaborator]);
wire_enum!(Pool, seats::v1::Pool, [Paid, Collaborator]);
wire_enum!(AtLimit, seats::v1::AtLimit, [Allow, AllowTrueUp, Degrade, Block]);
wire_enum!(
    CountingMode,
    seats::v1::CountingMode,
    [DailyTouch, DailyClose, DailyPeak, Second, PeriodClose, PeriodPeak, OpeningPlusIncrements, Distinct,]
);
wire_enum!(LimitSource, billing::v1::LimitSource, [Plan, Billing]);
wire_enum!(
    LineKind,
    billing::v1::LineKind,
    [Seat, Floor, MinimumSpend, TrueUp, Adjustment, CreditNote, Credit]
);
wire_enum!(PeriodState, billing::v1::PeriodState, [Open, Complete, Closed]);
wire_enum!(EventKind, billing::v1::EventKind, [State, Correction, Link]);
wire_enum!(ComparisonOutcome, billing::v1::ComparisonOutcome, [Equal, Different, Behind]);
wire_enum!(Granularity, billing::v1::Granularity, [Day, Month, Total]);
wire_enum!(ReportFormat, billing::v1::ReportFormat, [Csv, Jsonl]);
wire_enum!(ScheduledChangeKind, billing::v1::ScheduledChangeKind, [Price, Commitment, CommitmentEnd, TrueUp]);
wire_enum!(
    ReportName,
    billing::v1::ReportName,
    [
        Statement,
        SeatDays,
        SeatsByDay,
        ChangeLog,
        RollForward,
        Adjustments,
        Commitment,
        Limits,
        Reconciliation,
        IdleSeats,
        Forecast,
        Portfolio,
    ]
);

/// Reads an enum that must be there.
///
/// # Errors
/// It is unspecified, or the protocol has no such value.
pub fn required_enum<T: WireEnum>(field: &'static str, number: i32) -> Result<T, InvalidArgument> {
    let missing = || invalid(field, format_args!("it is unspecified; send {}", names::<T>()));
    optional_enum(field, number)?.ok_or_else(missing)
}

/// Reads an enum that need not be there.
///
/// # Errors
/// The protocol has no such value.
pub fn optional_enum<T: WireEnum>(field: &'static str, number: i32) -> Result<Option<T>, InvalidArgument> {
    let unknown = |_| invalid(field, format_args!("there is no value {number}; send {}", names::<T>()));
    T::Wire::try_from(number).map(T::of_wire).map_err(unknown)
}

/// The number of a value that need not be there.
pub fn optional_to_wire<T: WireEnum>(value: Option<T>) -> i32 {
    value.map_or(0, WireEnum::to_wire)
}

/// The name of a value that was answered: empty where it is unspecified.
pub fn enum_name<T: WireEnum + Named>(number: i32) -> String {
    match T::Wire::try_from(number).map(T::of_wire) {
        Ok(value) => value.map_or("", Named::name).to_owned(),
        // Of a later version of the service.
        Err(_) => number.to_string(),
    }
}

/// Reads a cap.
///
/// # Errors
/// A number is out of range.
pub fn cap_of_wire(field: &'static str, cap: seats::v1::Cap) -> Result<Cap, InvalidArgument> {
    Cap::new(cap.at_least, cap.percent).map_err(|error| invalid(field, error))
}

/// A cap for the wire.
pub const fn cap_to_wire(Cap { at_least, percent }: Cap) -> seats::v1::Cap {
    seats::v1::Cap { at_least, percent }
}

fn names<T: WireEnum>() -> String {
    T::VARIANTS.iter().map(|value| value.wire_name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_required_says_which_there_are() {
        assert_eq!(required_enum("pool", seats::v1::Pool::Paid.into()), Ok(Pool::Paid));
        assert_eq!(optional_enum::<Pool>("pool", 0), Ok(None));
        for (number, why) in [(0, "it is unspecified"), (7, "there is no value 7")] {
            let fault = required_enum::<Pool>("pool", number).unwrap_err().to_string();
            assert_eq!(fault, format!("pool is not valid: {why}; send POOL_PAID, POOL_COLLABORATOR"));
        }
    }

    #[test]
    fn answers_have_the_names_that_the_command_line_writes() {
        let modes = CountingMode::VARIANTS.iter().map(|mode| enum_name::<CountingMode>(mode.to_wire()));
        let written: Vec<String> = CountingMode::VARIANTS.iter().map(ToString::to_string).collect();
        assert_eq!(modes.collect::<Vec<_>>(), written);
        assert_eq!(enum_name::<ReportName>(ReportName::IdleSeats.to_wire()), "idle-seats");
        assert_eq!((enum_name::<SeatClass>(0), enum_name::<SeatClass>(9)), (String::new(), "9".to_owned()));
    }
}
