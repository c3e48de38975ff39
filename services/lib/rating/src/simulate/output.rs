//! The result of a simulation, as JSON.

use serde::Serialize;

use crate::allocation::Allocation;
use crate::amount;
use crate::calendar::Calendar;
use crate::class::SeatClass;
use crate::count::DailyCount;
use crate::line::Line;

/// A priced case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// ISO 4217 code.
    pub currency: String,
    /// Decimal places of the currency, which define minor units.
    pub exponent: u32,
    /// One line per kind and class, the highest class first.
    pub lines: Vec<OutcomeLine>,
    /// The sum of the lines, in minor units.
    pub total_minor: i128,
    /// Every date and class, by date, the highest class first.
    pub days: Vec<OutcomeDay>,
    /// Every person's share, by class, then person.
    pub allocations: Vec<OutcomeAllocation>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeLine {
    /// `seat` or `floor`.
    pub kind: &'static str,
    /// The class.
    pub class: String,
    /// The priced units in the daily modes, the dates with any seat in the others.
    pub seat_days: i64,
    /// The exact amount in minor units, `n/d` in lowest terms.
    pub exact: String,
    /// Rounded once, half away from zero.
    pub amount_minor: i64,
}

/// The counts of a class on a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeDay {
    /// The local date.
    pub date: String,
    /// The class.
    pub class: String,
    /// Seats open at the date's last microsecond.
    pub closing: i64,
    /// Maximum number of seats open at once on the date.
    pub peak: i64,
    /// Number of persons whose highest class on the date was this one.
    pub seat_days: i64,
}

/// A person's share of a class's seat line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeAllocation {
    /// The person.
    pub person: String,
    /// The class.
    pub class: String,
    /// Number of dates on which this class was the person's highest.
    pub days: i64,
    /// The amount, in minor units.
    pub amount_minor: i64,
}

impl Outcome {
    pub(crate) fn new(
        (currency, exponent): (String, u32),
        (classes, calendar): (&[SeatClass], &Calendar),
        lines: &[Line],
        counts: &[Vec<DailyCount>],
        allocations: &[Allocation<usize>],
        persons: &[&str],
    ) -> Self {
        let name = |class: usize| classes[class].name.clone();
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_by_key(|class| std::cmp::Reverse(classes[*class].rank));
        let day = |(index, class): (usize, usize)| {
            let DailyCount { seat_days, closing, peak } = counts[class][index];
            let date = calendar.dates()[index].to_string();
            OutcomeDay { date, class: name(class), closing, peak, seat_days }
        };
        Self {
            currency,
            exponent,
            lines: lines
                .iter()
                .map(|line| OutcomeLine {
                    kind: line.kind.as_str(),
                    class: name(line.class),
                    seat_days: line.seat_days,
                    exact: amount::fraction(&line.exact),
                    amount_minor: line.amount_minor,
                })
                .collect(),
            total_minor: lines.iter().map(|line| i128::from(line.amount_minor)).sum(),
            days: (0..calendar.len())
                .flat_map(|index| order.iter().map(move |class| (index, *class)))
                .map(day)
                .collect(),
            allocations: allocations
                .iter()
                .map(|allocation| OutcomeAllocation {
                    person: persons[allocation.person].to_owned(),
                    class: name(allocation.class),
                    days: allocation.days,
                    amount_minor: allocation.amount_minor,
                })
                .collect(),
        }
    }
}
