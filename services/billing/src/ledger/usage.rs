//! Usage: seats by day and class.

use jiff::Timestamp;
use jiff::civil::Date;
use usher_base::{CallContext, Permission};
use usher_rating::movement::{Movement, Movements};
use usher_rating::{Calendar, DailyCount, Member, Tally};
use usher_rpc::convert::{InvalidArgument, invalid};
use usher_seats::{Granularity, SeatClass};
use usher_store::{Database, TenantTx};

use crate::error::BillingError;
use crate::ledger::{as_of, members};
use crate::sql::LONGEST_SCAN;
use crate::terms::model::account::Account;
use crate::terms::store::accounts;

/// The dates from `start` to the day before `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateRange {
    pub(crate) start: Date,
    pub(crate) end: Date,
}

/// The seats on some days, and the calendar that they were counted by.
pub(crate) struct Usage {
    pub(crate) account: Account,
    /// The calendar of the days.
    pub(crate) currency_since: Option<Date>,
    pub(crate) calendar: Calendar,
    pub(crate) tally: Tally,
    /// Ordered by class and date.
    pub(crate) movements: Vec<Vec<Movement>>,
    /// The number of the last fact that is counted.
    pub(crate) sequence: i64,
}

/// One class on one date, or on several dates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    /// The first of the dates.
    pub(crate) date: Date,
    pub(crate) class: SeatClass,
    pub(crate) count: DailyCount,
    pub(crate) movement: Movement,
}

impl Summary {
    /// Adds the next date.
    fn add(&mut self, next: &Self) {
        self.count.seat_days += next.count.seat_days;
        self.count.closing = next.count.closing;
        self.count.peak = self.count.peak.max(next.count.peak);
        self.movement.started += next.movement.started;
        self.movement.stopped += next.movement.stopped;
        self.movement.changed_in += next.movement.changed_in;
        self.movement.changed_out += next.movement.changed_out;
    }
}

impl Usage {
    /// Returns the usage by date, then class by rank, without entries that have no seats.
    pub(crate) fn summaries(&self, granularity: Granularity) -> Vec<Summary> {
        let counts = self.tally.counts();
        let same = |left: Date, right: Date| match granularity {
            Granularity::Day => left == right,
            Granularity::Month => left.first_of_month() == right.first_of_month(),
            Granularity::Total => true,
        };
        let dates = self.calendar.dates();
        let days: Vec<usize> = (0..dates.len()).collect();
        let mut summaries = Vec::new();
        for days in days.chunk_by(|left, right| same(dates[*left], dates[*right])) {
            for class in SeatClass::BY_RANK {
                let index = class.index();
                let of_day = |day: &usize| Summary {
                    date: dates[*day],
                    class,
                    count: counts[index][*day],
                    movement: self.movements[index][*day],
                };
                let sum = |mut sum: Summary, next: Summary| {
                    sum.add(&next);
                    sum
                };
                summaries.extend(days.iter().map(of_day).reduce(sum));
            }
        }
        summaries.retain(|summary| {
            summary.count != DailyCount::default() || summary.movement != Movement::default()
        });
        summaries
    }
}

/// Counts the seats on some days.
pub(crate) async fn get(
    database: &Database,
    ctx: &CallContext,
    dates: DateRange,
    known_at: Option<Timestamp>,
) -> Result<Usage, BillingError> {
    let database = database.scoped(&ctx.scope(Permission::BillingRead)?);
    let mut tx = database.scan(LONGEST_SCAN).await?;
    let usage = count(&mut tx, dates, known_at).await?;
    tx.commit().await?;
    Ok(usage)
}

/// Counts all facts known at a time, or known now; facts that are appended meanwhile are excluded.
pub(crate) async fn count(
    tx: &mut TenantTx,
    dates: DateRange,
    known_at: Option<Timestamp>,
) -> Result<Usage, BillingError> {
    let sequence = as_of::sequence(tx, known_at).await?;
    let schedule = accounts::schedule(tx).await?;
    let account = schedule.terms_on(dates.start).account.clone();
    // The dates of a period may begin at the instant at which another zone's day ended.
    let calendar = match schedule.exact(dates.start, dates.end) {
        Some(period) => period.calendar()?,
        None => calendar(&account, dates)?,
    };
    let Seats { tally, movements } = Seats::read(tx, sequence, &calendar).await?;
    let currency_since = schedule.currency_since(dates.start);
    Ok(Usage { account, currency_since, calendar, tally, movements, sequence })
}

fn calendar(account: &Account, dates: DateRange) -> Result<Calendar, InvalidArgument> {
    Calendar::new(dates.start, dates.end, &account.zone).map_err(|error| invalid("end_date", error))
}

/// The seats and the movements on some dates.
pub(crate) struct Seats {
    pub(crate) tally: Tally,
    /// Ordered by class and date.
    pub(crate) movements: Vec<Vec<Movement>>,
}

impl Seats {
    /// Counts the ledger's facts up to a number.
    pub(crate) async fn read(
        tx: &mut TenantTx,
        sequence: i64,
        calendar: &Calendar,
    ) -> Result<Self, BillingError> {
        let classes = usher_rating::classes();
        let (mut tally, mut movements) = (Tally::new(&classes, calendar), Movements::new(calendar));
        members::each(tx, sequence, &calendar.with_eve(), |member| {
            movements.add(&member.stays);
            if let Some(member) = Member::new(member.stays.iter().copied(), &classes, calendar) {
                tally.add(&member);
            }
        })
        .await?;
        Ok(Self { tally, movements: movements.daily() })
    }
}
