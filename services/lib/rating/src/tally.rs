//! The sums over persons that rating needs. Their size grows with the number of changes within the period, not with
//! the number of persons.

use std::collections::BTreeMap;

use crate::calendar::Calendar;
use crate::class::SeatClass;
use crate::count::{DailyCount, open};
use crate::presence::{Member, Presence, highest};
use crate::step::Step;

/// Sums over persons, each of whom is added once.
#[derive(Clone, Debug)]
pub struct Tally {
    classes: Vec<SeatClass>,
    calendar: Calendar,
    /// By class: the change of seat-days from one date to the next.
    touched: Vec<Vec<i64>>,
    /// By class: the change of the number of open seats, by instant.
    changes: Vec<BTreeMap<i64, i64>>,
    /// By class: number of persons whose highest class it was.
    distinct: Vec<i64>,
}

impl Tally {
    /// Creates a tally without any person.
    pub fn new(classes: &[SeatClass], calendar: &Calendar) -> Self {
        Self {
            classes: classes.to_vec(),
            calendar: calendar.clone(),
            touched: vec![vec![0; calendar.len() + 1]; classes.len()],
            changes: vec![BTreeMap::from([(calendar.open(), 0)]); classes.len()],
            distinct: vec![0; classes.len()],
        }
    }

    /// Creates a tally of all persons.
    pub fn of<P>(presence: &Presence<P>, classes: &[SeatClass], calendar: &Calendar) -> Self {
        let mut tally = Self::new(classes, calendar);
        presence.members.iter().for_each(|member| tally.add(member));
        tally
    }

    /// Adds a person.
    pub fn add<P>(&mut self, member: &Member<P>) {
        for run in &member.runs {
            self.touched[run.class][run.first] += 1;
            self.touched[run.class][run.last + 1] -= 1;
        }
        for stay in &member.stays {
            let changes = &mut self.changes[stay.class];
            *changes.entry(stay.start).or_default() += 1;
            if let Some(end) = stay.end.filter(|end| *end < self.calendar.close()) {
                *changes.entry(end).or_default() -= 1;
            }
        }
        if let Some(class) = highest(&member.runs, &self.classes) {
            self.distinct[class] += 1;
        }
    }

    /// Adds seats that are open during the whole period.
    pub fn add_seats(&mut self, class: usize, count: i64) {
        if let Some(last) = self.calendar.len().checked_sub(1) {
            self.touched[class][0] += count;
            self.touched[class][last + 1] -= count;
            *self.changes[class].entry(self.calendar.open()).or_default() += count;
            self.distinct[class] += count;
        }
    }

    /// Returns the counts of every class on every date: `counts[class][date]`.
    pub fn counts(&self) -> Vec<Vec<DailyCount>> {
        let mut counts = vec![vec![DailyCount::default(); self.calendar.len()]; self.classes.len()];
        for (class, of_class) in counts.iter_mut().enumerate() {
            let mut running = 0;
            for (count, change) in of_class.iter_mut().zip(&self.touched[class]) {
                running += change;
                count.seat_days = running;
            }
            open(&self.steps(class), &self.calendar, of_class);
        }
        counts
    }

    /// Returns the steps of a class, the first at the period's first instant.
    pub(crate) fn steps(&self, class: usize) -> Vec<Step> {
        Step::of(&self.changes[class])
    }

    pub(crate) fn distinct(&self, class: usize) -> i64 {
        self.distinct[class]
    }

    /// Returns the counted classes.
    pub fn classes(&self) -> &[SeatClass] {
        &self.classes
    }

    /// Returns the counted dates.
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}
