//! Whatever an operator may say and billing accepts: every period can be closed, and everything reported.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use usher_base::Reason;
use usher_base::id::{EventId, PersonKey};
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::from_wire;

use crate::harness::Billing;
use crate::invariants::Draw;
use crate::reports::REPORTS;
use crate::workspace::Workspace;

const CLASSES: [&str; 3] = ["regular", "external", "collaborator"];
const MODES: [&str; 8] = [
    "DAILY_TOUCH",
    "DAILY_CLOSE",
    "DAILY_PEAK",
    "SECOND",
    "PERIOD_CLOSE",
    "PERIOD_PEAK",
    "OPENING_PLUS_INCREMENTS",
    "DISTINCT",
];
const PRICES: [&str; 6] = ["0", "0.000001", "12.00", "12.00", "7.77", "100000000"];
const SEATS: [i64; 6] = [0, 0, 1, 3, 10_000_000, i64::MAX];
const ZONES: [&str; 5] =
    ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "Australia/Lord_Howe"];
const CURRENCIES: [&str; 4] = ["EUR", "JPY", "KWD", "USD"];

/// A workspace about which anything is said.
struct Life<'a> {
    acme: Workspace<'a>,
    draw: Draw,
    people: Vec<PersonKey>,
    /// When the last event was.
    at: Timestamp,
    /// What was accepted, for the reader of a failure.
    said: Vec<String>,
    closed: Vec<String>,
}

impl<'a> Life<'a> {
    fn new(billing: &'a Billing, seed: u64) -> Self {
        let acme = billing.workspace();
        let people = (0..6).map(|_| acme.person()).collect();
        let at = billing.clock.now();
        Self { acme, draw: Draw(seed), people, at, said: Vec::new(), closed: Vec::new() }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.draw.below(from.len() as u64)).unwrap()]
    }

    /// A date near now.
    fn date(&mut self) -> String {
        let days = i64::try_from(self.draw.below(100)).unwrap() - 40;
        let today = jiff::tz::TimeZone::UTC.to_datetime(self.acme.billing.clock.now()).date();
        let date = today.checked_add(days.days()).unwrap();
        // Often a month's first.
        if self.draw.below(2) == 0 { date.first_of_month().to_string() } else { date.to_string() }
    }

    /// A past instant.
    fn past(&mut self) -> Timestamp {
        let hours = i64::try_from(self.draw.below(24 * 70)).unwrap();
        self.acme.billing.clock.now() - SignedDuration::from_hours(hours)
    }

    /// Notes what was accepted; whatever was not must have been the caller's fault.
    fn heard(&mut self, what: String, outcome: Result<(), Failure>) {
        match outcome {
            Ok(()) => self.said.push(what),
            Err(refused) => {
                let callers = [
                    Reason::InvalidArgument,
                    Reason::FailedPrecondition,
                    Reason::AlreadyExists,
                    Reason::NotFound,
                    Reason::PriceMissing,
                ];
                assert!(callers.contains(&refused.reason), "{what}: {refused} after {:#?}", self.said);
            }
        }
    }

    async fn say_anything(&mut self) {
        match self.draw.below(11) {
            0..=2 => self.price().await,
            3 => self.minimum().await,
            4 => self.commitment().await,
            5 => self.limit().await,
            6 => self.account().await,
            7 => self.correction().await,
            8 => self.link().await,
            9 => self.credit().await,
            _ => self.withdrawal().await,
        }
        self.preview().await;
    }

    async fn price(&mut self) {
        let version = pb::PriceVersion {
            class: self.pick(&CLASSES).to_owned(),
            unit_price: self.pick(&PRICES).to_owned(),
            valid_from: self.date(),
            mode: self.pick(&MODES).to_owned(),
            included: self.pick(&SEATS),
            floor: self.pick(&SEATS),
            ..Default::default()
        };
        let what = format!("{version:?}");
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        let done = self.acme.billing.admin().create_price_version(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    async fn minimum(&mut self) {
        let (valid_from, amount_minor) =
            (self.date(), self.pick(&[0, 5_000, 1_000_000_000_000_000, i64::MAX]));
        let what = format!("minimum {amount_minor} from {valid_from}");
        let message = pb::SetMinimumSpendRequest { valid_from, amount_minor };
        let done = self.acme.billing.admin().set_minimum_spend(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    async fn commitment(&mut self) {
        let (start, end) = (self.date(), self.date());
        let (quantity, price) = (self.pick(&SEATS), self.pick(&PRICES));
        let what = format!("{quantity} seats at {price} from {start} to {end}");
        let done = crate::commitments::set(&self.acme, quantity, price, &start, &end).await;
        self.heard(what, done.map(drop));
    }

    async fn limit(&mut self) {
        let limit = pb::Limit {
            quantity: Some(self.pick(&SEATS)),
            ..crate::limits::limit(
                self.pick(&["paid", "collaborator"]),
                self.pick(&["ALLOW_TRUE_UP", "BLOCK"]),
            )
        };
        let done = crate::limits::set(&self.acme, limit.clone()).await;
        self.heard(format!("{limit:?}"), done.map(drop));
    }

    async fn account(&mut self) {
        let coming = self.periods().await.pop().unwrap_or_default().end_date;
        let effective = if self.draw.below(4) == 0 { self.date() } else { coming };
        let account = pb::Account {
            currency: self.sometimes(&CURRENCIES),
            time_zone: self.sometimes(&ZONES),
            anchor_date: if self.draw.below(2) == 0 { self.date() } else { String::new() },
            effective_date: effective,
            exponent: 0,
        };
        let what = format!("{account:?}");
        let message = pb::UpsertAccountRequest { account: Some(account) };
        let done = self.acme.billing.admin().upsert_account(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    fn sometimes(&mut self, from: &[&str]) -> String {
        if self.draw.below(2) == 0 { self.pick(from).to_owned() } else { String::new() }
    }

    async fn correction(&mut self) {
        let people = self.people.clone();
        let (person, a, b) = (self.pick(&people), self.past(), self.past());
        let class = self.pick(&["", "regular", "external", "collaborator"]);
        let (from, until) = (a.min(b).to_string(), a.max(b).to_string());
        let what = format!("{person} is {class:?} from {from} to {until}");
        let done = self.acme.correct(person, &from, &until, class).await;
        self.heard(what, done.map(drop));
    }

    async fn link(&mut self) {
        let people = self.people.clone();
        let message = pb::LinkPersonsRequest {
            person_key: self.pick(&people).to_string(),
            other_person_key: self.pick(&people).to_string(),
            reason: "one person".to_owned(),
        };
        let what = format!("{message:?}");
        let done = self.acme.billing.admin().link_persons(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    async fn credit(&mut self) {
        let Some(start_date) = self.closed.last().cloned() else { return };
        let line = pb::CreditNoteLine {
            line_no: 1,
            amount_minor: self.pick(&[1, 100, i64::MAX]),
            ..Default::default()
        };
        let message = pb::IssueCreditNoteRequest {
            id: EventId::new(&self.acme.billing.clock).to_string(),
            start_date,
            lines: vec![line],
            reason: "goodwill".to_owned(),
        };
        let what = format!("{message:?}");
        let done = self.acme.billing.invoicing().issue_credit_note(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    async fn withdrawal(&mut self) {
        let message = pb::ListPriceVersionsRequest {};
        let listed = self.acme.billing.admin().list_price_versions(self.acme.request(message)).await.unwrap();
        let ids: Vec<String> = listed.into_inner().price_versions.into_iter().map(|price| price.id).collect();
        if ids.is_empty() {
            return;
        }
        let id = ids[usize::try_from(self.draw.below(ids.len() as u64)).unwrap()].clone();
        let message = pb::WithdrawPriceVersionRequest { id: id.clone() };
        let done = self.acme.billing.admin().withdraw_price_version(self.acme.request(message)).await;
        self.heard(format!("withdrawn {id}"), done.map(drop).map_err(Failure::from));
    }

    async fn preview(&mut self) {
        let Some(open) = self.periods().await.pop() else { return };
        let class = self.pick(&CLASSES).to_owned();
        let message = pb::PreviewInvoiceRequest {
            start_date: open.start_date,
            known_time: None,
            prices: vec![pb::PriceIf {
                class: class.clone(),
                unit_price: self.pick(&PRICES).to_owned(),
                mode: self.pick(&MODES).to_owned(),
                floor: Some(self.pick(&SEATS)),
                ..Default::default()
            }],
            seats: vec![pb::SeatsIf { class, count: self.pick(&SEATS) }],
        };
        let done = self.acme.billing.invoicing().preview_invoice(self.acme.request(message)).await;
        self.heard("a preview".to_owned(), done.map(drop).map_err(Failure::from));
    }

    /// The closed periods, and the open one last.
    async fn periods(&self) -> Vec<pb::Period> {
        let message = pb::ListPeriodsRequest {};
        let listed = self.acme.billing.invoicing().list_periods(self.acme.request(message)).await.unwrap();
        listed.into_inner().periods.into_iter().map(|summary| summary.period.unwrap()).collect()
    }

    /// People come, go and change their class until now.
    async fn live(&mut self) {
        let now = self.acme.billing.clock.now();
        let mut events = Vec::new();
        while self.at < now - SignedDuration::from_hours(60) {
            let hours = i64::try_from(self.draw.below(50)).unwrap();
            let micros = i64::try_from(1 + self.draw.below(3_600_000_000)).unwrap();
            self.at += SignedDuration::from_micros(hours * 3_600_000_000 + micros);
            let people = self.people.clone();
            let person = self.pick(&people);
            let user_type = self.pick(&[None, Some("Regular"), Some("External"), Some("Collaborator")]);
            events.push(self.acme.event(&self.at.to_string(), person, user_type));
        }
        self.acme.apply(events).await;
        self.acme.prove(&now.to_string()).await;
    }

    /// Closes what has ended. The only thing that may be missing is a price, and then it is added.
    async fn close(&mut self) {
        while let Some(open) = self.periods().await.pop() {
            if from_wire("close_time", open.close_time.unwrap()).unwrap() > self.acme.billing.clock.now() {
                return;
            }
            let mut missing = 0;
            while let Err(refused) = self.acme.close(&open.start_date).await {
                assert_eq!(refused.reason, Reason::PriceMissing, "{refused} after {:#?}", self.said);
                missing += 1;
                assert!(missing <= 3, "{refused} after {:#?}", self.said);
                self.add_missing(&refused.metadata["class"], &open).await;
            }
            self.closed.push(open.start_date);
        }
    }

    /// Adds a price of the period's first date, in the mode of the next price of the class.
    async fn add_missing(&mut self, class: &str, open: &pb::Period) {
        let message = pb::ListPriceVersionsRequest {};
        let listed = self.acme.billing.admin().list_price_versions(self.acme.request(message)).await.unwrap();
        let (first, end): (Date, Date) = (open.start_date.parse().unwrap(), open.end_date.parse().unwrap());
        let of_period = |price: &pb::PriceVersion| {
            let from: Date = price.valid_from.parse().unwrap();
            price.class == class && first <= from && from < end
        };
        let next = listed.into_inner().price_versions.into_iter().find(of_period);
        let version = pb::PriceVersion {
            class: class.to_owned(),
            unit_price: "3.33".to_owned(),
            valid_from: open.start_date.clone(),
            mode: next.map(|next| next.mode).unwrap_or_default(),
            ..Default::default()
        };
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        let added = self.acme.billing.admin().create_price_version(self.acme.request(message)).await;
        added.unwrap_or_else(|refused| panic!("{refused} after {:#?}", self.said));
        self.said.push(format!("the price of {class} that was missing"));
    }

    /// Asks for everything about the last periods. Only a price may be missing, and only of the open one.
    async fn report(&self, most: usize) {
        let periods = self.periods().await;
        for (index, period) in periods.iter().enumerate().skip(periods.len().saturating_sub(most)) {
            let open = index + 1 == periods.len();
            let answered = |what: &str, refused: Option<Failure>| {
                let sound = refused.as_ref().is_none_or(|why| open && why.reason == Reason::PriceMissing);
                assert!(sound, "{what} of {}: {refused:?} {:#?}", period.start_date, self.said);
            };
            for report in REPORTS {
                answered(report, self.acme.report(report, "csv", &period.start_date, None).await.err());
            }
            answered("invoice", self.acme.invoice(&period.start_date).await.err());
            answered("statement", self.acme.statement(&period.start_date, &period.end_date).await.err());
            answered("usage", self.acme.usage(&period.start_date, &period.end_date).await.err());
            answered("forecast", self.forecast(&period.start_date).await.err());
            if open {
                answered("forecast of the coming period", self.forecast(&period.end_date).await.err());
            }
        }
    }

    async fn forecast(&self, start_date: &str) -> Result<(), Failure> {
        let message = pb::GetForecastRequest { start_date: start_date.to_owned(), known_time: None };
        self.acme.billing.invoicing().get_forecast(self.acme.request(message)).await?;
        Ok(())
    }

    /// Takes back whatever has billed nothing, the latest first.
    async fn withdraw_everything(&self) -> usize {
        let (mut admin, acme) = (self.acme.billing.admin(), &self.acme);
        let open = self.periods().await.pop().map(|open| open.start_date).unwrap_or_default();
        let listed = admin.list_price_versions(acme.request(pb::ListPriceVersionsRequest {})).await.unwrap();
        let mut prices = listed.into_inner().price_versions;
        prices.sort_by(|a, b| b.valid_from.cmp(&a.valid_from));
        let listed = admin.list_minimum_spends(acme.request(pb::ListMinimumSpendsRequest {})).await.unwrap();
        let minimums = listed.into_inner().minimum_spends;
        let listed = admin.list_commitments(acme.request(pb::ListCommitmentsRequest {})).await.unwrap();
        let (commitments, mut withdrawn) = (listed.into_inner().commitments, 0);
        for price in prices.into_iter().filter(|price| open <= price.valid_from) {
            let message = pb::WithdrawPriceVersionRequest { id: price.id };
            let done = admin.withdraw_price_version(acme.request(message)).await;
            done.unwrap_or_else(|refused| panic!("{refused} {:#?}", self.said));
            withdrawn += 1;
        }
        for minimum in minimums.into_iter().filter(|minimum| open <= minimum.valid_from) {
            let message = pb::WithdrawMinimumSpendRequest { valid_from: minimum.valid_from };
            let done = admin.withdraw_minimum_spend(acme.request(message)).await;
            done.unwrap_or_else(|refused| panic!("{refused} {:#?}", self.said));
            withdrawn += 1;
        }
        let billed = self.trued_up().await;
        for commitment in commitments {
            let message = pb::WithdrawCommitmentRequest { id: commitment.id.clone() };
            let done = admin.withdraw_commitment(acme.request(message)).await;
            assert_eq!(done.is_err(), billed.contains(&commitment.id), "{commitment:?} {:#?}", self.said);
            withdrawn += usize::from(done.is_ok());
        }
        withdrawn
    }

    /// The commitments of which true-ups were billed.
    async fn trued_up(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for start_date in &self.closed {
            let lines = self.acme.invoice(start_date).await.unwrap().lines;
            let without_class = lines.into_iter().filter(|line| line.class.is_empty());
            found.extend(without_class.flat_map(|line| line.price_versions));
        }
        found
    }
}

#[tokio::test]
async fn every_sequence_of_inputs_that_is_accepted_can_be_closed_reported_and_verified() {
    let billing = Billing::at("2026-01-01T12:00:00Z").await;
    let mut lives: Vec<Life<'_>> = (1..=3).map(|seed| Life::new(&billing, seed)).collect();
    let mut now = billing.clock.now();
    for _ in 0..7 {
        now += SignedDuration::from_hours(24 * 24);
        billing.advance_to(&now.to_string());
        for life in &mut lives {
            for _ in 0..4 {
                life.say_anything().await;
            }
            life.live().await;
            life.close().await;
        }
    }
    let closed: usize = lives.iter().map(|life| life.closed.len()).sum();
    let said: usize = lives.iter().map(|life| life.said.len()).sum();
    assert!(closed > 10 && said > 25, "{closed} closed, {said} accepted");
    let mut withdrawn = 0;
    for life in &mut lives {
        for _ in 0..8 {
            life.say_anything().await;
        }
        life.report(3).await;
        withdrawn += life.withdraw_everything().await;
        life.report(1).await;
        assert_eq!(life.acme.verify().await.faults, Vec::<String>::new(), "{:#?}", life.said);
    }
    assert!(withdrawn > 3, "{withdrawn} of what has billed nothing");
}
