//! Seats by local day and class.

use std::iter::Peekable;
use std::ops::Range;
use std::slice::Iter;

use jiff::Timestamp;
use usher_base::id::PersonKey;

use crate::calendar::Days;
use crate::class::SeatClass;

/// What counting needs of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whose.
    pub person: PersonKey,
    /// As what.
    pub class: SeatClass,
    /// From.
    pub start: Timestamp,
    /// To; `None` while it is open.
    pub end: Option<Timestamp>,
}

/// The counts of one class on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCount {
    /// Persons whose highest class touched on the day was this one.
    pub seat_days: i64,
    /// Open at the last instant of the day.
    pub closing: i64,
    /// The most open at once on the day.
    pub peak: i64,
}

/// Counts spans that come one person after the other.
#[derive(Debug)]
pub struct Counter<'a> {
    days: &'a Days,
    person: Option<PersonKey>,
    /// The highest class of the current person on each day.
    touched: Vec<Option<SeatClass>>,
    /// The days that the current person touched at all.
    reach: Range<usize>,
    seat_days: [Vec<i64>; SeatClass::COUNT],
    /// What opens and closes: instant, class and difference.
    steps: Vec<(Timestamp, SeatClass, i64)>,
}

impl<'a> Counter<'a> {
    /// Nothing counted yet.
    pub fn new(days: &'a Days) -> Self {
        Self {
            days,
            person: None,
            touched: vec![None; days.count()],
            reach: 0..0,
            seat_days: std::array::from_fn(|_| vec![0; days.count()]),
            steps: Vec::new(),
        }
    }

    /// Counts a span. All spans of a person come together.
    pub fn add(&mut self, span: Span) {
        // Clipped first: a span outside the days touches none of them.
        let Some(range) = self.days.clip(span.start, span.end) else { return };
        if self.person != Some(span.person) {
            self.end_person();
            self.person = Some(span.person);
        }
        let days = self.days.touched(&range);
        for touched in &mut self.touched[days.clone()] {
            *touched = (*touched).max(Some(span.class));
        }
        self.reach = if self.reach.is_empty() {
            days
        } else {
            self.reach.start.min(days.start)..self.reach.end.max(days.end)
        };
        self.steps.push((range.start, span.class, 1));
        if range.end < self.days.end() {
            self.steps.push((range.end, span.class, -1));
        }
    }

    fn end_person(&mut self) {
        for day in std::mem::take(&mut self.reach) {
            if let Some(class) = self.touched[day].take() {
                self.seat_days[class.index()][day] += 1;
            }
        }
    }

    /// The counts by class and day.
    pub fn finish(mut self) -> Counts {
        self.end_person();
        self.steps.sort_unstable_by_key(|(at, class, _)| (*at, *class));
        let mut sweep = Sweep { steps: self.steps.iter().peekable(), open: [0; SeatClass::COUNT] };
        let sweeps: Vec<_> = (0..self.days.count()).map(|day| sweep.day(&self.days.range(day))).collect();
        let by_class = std::array::from_fn(|class| {
            let of_class = self.seat_days[class].iter().zip(&sweeps);
            of_class.map(|(seat_days, swept)| DayCount { seat_days: *seat_days, ..swept[class] }).collect()
        });
        Counts { by_class }
    }
}

/// Goes through what opens and closes, day by day.
struct Sweep<'a> {
    steps: Peekable<Iter<'a, (Timestamp, SeatClass, i64)>>,
    open: [i64; SeatClass::COUNT],
}

impl Sweep<'_> {
    /// Closing and peak of the next day. A date that was skipped has none.
    fn day(&mut self, range: &Range<Timestamp>) -> [DayCount; SeatClass::COUNT] {
        let mut counts = [DayCount::default(); SeatClass::COUNT];
        if range.is_empty() {
            return counts;
        }
        let mut now = range.start;
        loop {
            // Steps at one instant are applied together before anything is counted.
            while let Some((_, class, step)) = self.steps.next_if(|(at, ..)| *at <= now) {
                self.open[class.index()] += step;
            }
            for (count, open) in counts.iter_mut().zip(self.open) {
                count.peak = count.peak.max(open);
                count.closing = open;
            }
            match self.steps.peek() {
                Some((at, ..)) if *at < range.end => now = *at,
                _ => return counts,
            }
        }
    }
}

/// The counts of some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    by_class: [Vec<DayCount>; SeatClass::COUNT],
}

impl Counts {
    /// Counts spans that come one person after the other.
    pub fn of(days: &Days, spans: impl IntoIterator<Item = Span>) -> Self {
        let mut counter = Counter::new(days);
        for span in spans {
            counter.add(span);
        }
        counter.finish()
    }

    /// The days of a class, in order.
    pub fn of_class(&self, class: SeatClass) -> &[DayCount] {
        &self.by_class[class.index()]
    }
}
