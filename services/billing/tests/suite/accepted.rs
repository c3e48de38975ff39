//! Whatever requests billing accepts from operators, every period can be closed and every report can be made.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use usher_base::Reason;
use usher_base::id::PersonKey;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::from_wire;

use crate::harness::Billing;
use crate::invariants::Draw;
use crate::reports::REPORTS;
use crate::words::{self, class_name};
use crate::workspace::Workspace;

mod says;

/// A workspace for which an operator makes random requests.
struct Life<'a> {
    acme: Workspace<'a>,
    draw: Draw,
    people: Vec<PersonKey>,
    /// The time of the last event.
    at: Timestamp,
    /// The accepted requests, which are shown if the test fails.
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

    /// Records an accepted request. A refused request must be the caller's fault.
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

    /// Returns the closed periods, and the open one last.
    async fn periods(&self) -> Vec<pb::Period> {
        let message = pb::ListPeriodsRequest {};
        let listed = self.acme.billing.periods().list_periods(self.acme.request(message)).await.unwrap();
        listed.into_inner().periods.into_iter().map(|summary| summary.period.unwrap()).collect()
    }

    /// Lets people come, leave and change their class until now.
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

    /// Closes the periods that have ended. Only a price may be missing; then it is added.
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

    /// Adds a price from the first date of the period, in the mode of the next price of the class.
    async fn add_missing(&mut self, class: &str, open: &pb::Period) {
        let message = pb::ListPriceVersionsRequest {};
        let listed =
            self.acme.billing.prices().list_price_versions(self.acme.request(message)).await.unwrap();
        let (first, end): (Date, Date) = (open.start_date.parse().unwrap(), open.end_date.parse().unwrap());
        let of_period = |price: &pb::PriceVersion| {
            let from: Date = price.valid_from.parse().unwrap();
            class_name(price.class) == class && first <= from && from < end
        };
        let next = listed.into_inner().price_versions.into_iter().find(of_period);
        let version = pb::PriceVersion {
            class: words::class(class),
            unit_price: "3.33".to_owned(),
            valid_from: open.start_date.clone(),
            mode: next.map(|next| next.mode).unwrap_or_default(),
            ..Default::default()
        };
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        let added = self.acme.billing.prices().create_price_version(self.acme.request(message)).await;
        added.unwrap_or_else(|refused| panic!("{refused} after {:#?}", self.said));
        self.said.push(format!("the price of {class} that was missing"));
    }

    /// Requests every report about the last periods. Only the open period may lack a price.
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
        self.acme.billing.forecasts().get_forecast(self.acme.request(message)).await?;
        Ok(())
    }

    /// Withdraws everything that has billed nothing, the latest first.
    async fn withdraw_everything(&self) -> usize {
        let (billing, acme) = (self.acme.billing, &self.acme);
        let open = self.periods().await.pop().map(|open| open.start_date).unwrap_or_default();
        let listed = billing
            .prices()
            .list_price_versions(acme.request(pb::ListPriceVersionsRequest {}))
            .await
            .unwrap();
        let mut prices = listed.into_inner().price_versions;
        prices.sort_by(|a, b| b.valid_from.cmp(&a.valid_from));
        let listed = billing
            .minimums()
            .list_minimum_spends(acme.request(pb::ListMinimumSpendsRequest {}))
            .await
            .unwrap();
        let minimums = listed.into_inner().minimum_spends;
        let listed = billing
            .commitments()
            .list_commitments(acme.request(pb::ListCommitmentsRequest {}))
            .await
            .unwrap();
        let (commitments, mut withdrawn) = (listed.into_inner().commitments, 0);
        for price in prices.into_iter().filter(|price| open <= price.valid_from) {
            let message = pb::WithdrawPriceVersionRequest { id: price.id };
            let done = billing.prices().withdraw_price_version(acme.request(message)).await;
            done.unwrap_or_else(|refused| panic!("{refused} {:#?}", self.said));
            withdrawn += 1;
        }
        for minimum in minimums.into_iter().filter(|minimum| open <= minimum.valid_from) {
            let message = pb::WithdrawMinimumSpendRequest { valid_from: minimum.valid_from };
            let done = billing.minimums().withdraw_minimum_spend(acme.request(message)).await;
            done.unwrap_or_else(|refused| panic!("{refused} {:#?}", self.said));
            withdrawn += 1;
        }
        let billed = self.trued_up().await;
        for commitment in commitments {
            let message = pb::WithdrawCommitmentRequest { id: commitment.id.clone() };
            let done = billing.commitments().withdraw_commitment(acme.request(message)).await;
            assert_eq!(done.is_err(), billed.contains(&commitment.id), "{commitment:?} {:#?}", self.said);
            withdrawn += usize::from(done.is_ok());
        }
        withdrawn
    }

    /// Returns the commitments whose true-ups were billed.
    async fn trued_up(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for start_date in &self.closed {
            let lines = self.acme.invoice(start_date).await.unwrap().lines;
            let without_class = lines.into_iter().filter(|line| line.class == 0);
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
