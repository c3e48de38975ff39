//! Report `ROLL_FORWARD`: from a period's opening to its closing, by cause.

use std::collections::HashMap;

use usher_base::id::PersonKey;
use usher_rating::movement::{Movement, Movements, Step, steps};
use usher_seats::SeatClass;
use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::view::View;
use crate::ledger::members;
use crate::ledger::store::{facts, intervals};
use crate::reports::writer::Writer;

/// `other` counts corrections, links and new epochs; all columns sum to `closing`.
pub(super) const COLUMNS: [&str; 11] = [
    "period",
    "class",
    "opening",
    "created",
    "reactivated",
    "deactivated",
    "auto_deactivated",
    "deleted",
    "type",
    "other",
    "closing",
];

#[derive(Clone, Copy, Default)]
struct Sums {
    created: i64,
    reactivated: i64,
    deactivated: i64,
    auto_deactivated: i64,
    deleted: i64,
    changed: i64,
    other: i64,
}

impl Sums {
    fn add(&mut self, step: Step, cause: &str) {
        match (step, cause) {
            (Step::ChangedIn, _) => self.changed += 1,
            (Step::ChangedOut, _) => self.changed -= 1,
            (Step::Started, "scim.create") => self.created += 1,
            (Step::Started, "scim.reactivate") => self.reactivated += 1,
            (Step::Started, _) => self.other += 1,
            (Step::Stopped, "scim.deactivate") => self.deactivated -= 1,
            (Step::Stopped, "auto.deactivate") => self.auto_deactivated -= 1,
            (Step::Stopped, "scim.delete") => self.deleted -= 1,
            (Step::Stopped, _) => self.other -= 1,
        }
    }
}

pub(super) async fn write(tx: &mut TenantTx, view: &View, writer: &mut Writer) -> Result<(), BillingError> {
    let calendar = &view.calendar;
    let overlay = facts::overlay(tx, view.known.sequence).await?;
    let mut causes: HashMap<(PersonKey, i64), String> = HashMap::new();
    for interval in intervals::bounded_within(tx, view.known.sequence, calendar).await? {
        let person = overlay.person(interval.person);
        causes.insert((person, interval.start.as_microsecond()), interval.start_cause);
        if let Some(end) = interval.end {
            causes.entry((person, end.at.as_microsecond())).or_insert(end.cause);
        }
    }
    let (mut sums, mut movements) = ([Sums::default(); SeatClass::COUNT], Movements::new(calendar));
    members::each(tx, view.known.sequence, &calendar.with_eve(), |member| {
        movements.add(&member.stays);
        for (at, class, step) in steps(&member.stays, calendar) {
            let cause = causes.get(&(member.person, at)).map_or("", String::as_str);
            sums[class.index()].add(step, cause);
        }
    })
    .await?;
    let daily = movements.daily();
    for class in SeatClass::BY_RANK {
        let of_class = &daily[class.index()];
        let sums = sums[class.index()];
        let row = [
            view.period.first.to_string().into(),
            class.as_str().into(),
            of_class.first().map_or(0, |movement| movement.opening).into(),
            sums.created.into(),
            sums.reactivated.into(),
            sums.deactivated.into(),
            sums.auto_deactivated.into(),
            sums.deleted.into(),
            sums.changed.into(),
            sums.other.into(),
            of_class.last().map_or(0, Movement::closing).into(),
        ];
        writer.row(&row).await?;
    }
    Ok(())
}
