//! Random requests of an operator, with usual and extreme values.

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use super::Life;
use crate::words;

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

impl Life<'_> {
    /// Returns a date near now.
    fn date(&mut self) -> String {
        let days = i64::try_from(self.draw.below(100)).unwrap() - 40;
        let today = jiff::tz::TimeZone::UTC.to_datetime(self.acme.billing.clock.now()).date();
        let date = today.checked_add(days.days()).unwrap();
        // Often the first of a month.
        if self.draw.below(2) == 0 { date.first_of_month().to_string() } else { date.to_string() }
    }

    /// Returns an instant in the past.
    fn past(&mut self) -> Timestamp {
        let hours = i64::try_from(self.draw.below(24 * 70)).unwrap();
        self.acme.billing.clock.now() - SignedDuration::from_hours(hours)
    }

    /// Makes a random request, then asks for a preview with other prices or counts.
    pub(super) async fn say_anything(&mut self) {
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
            class: words::class(self.pick(&CLASSES)),
            unit_price: self.pick(&PRICES).to_owned(),
            valid_from: self.date(),
            mode: words::mode(self.pick(&MODES)),
            included: self.pick(&SEATS),
            floor: self.pick(&SEATS),
            ..Default::default()
        };
        let what = format!("{version:?}");
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        let done = self.acme.billing.prices().create_price_version(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    async fn minimum(&mut self) {
        let (valid_from, amount_minor) =
            (self.date(), self.pick(&[0, 5_000, 1_000_000_000_000_000, i64::MAX]));
        let what = format!("minimum {amount_minor} from {valid_from}");
        let message = pb::SetMinimumSpendRequest { valid_from, amount_minor };
        let done = self.acme.billing.minimums().set_minimum_spend(self.acme.request(message)).await;
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
        let done = crate::limits::set(&self.acme, limit).await;
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
        let done = self.acme.billing.accounts().upsert_account(self.acme.request(message)).await;
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
        let done = self.acme.billing.corrections().link_persons(self.acme.request(message)).await;
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
        let done = self.acme.billing.credit_notes().issue_credit_note(self.acme.request(message)).await;
        self.heard(what, done.map(drop).map_err(Failure::from));
    }

    async fn withdrawal(&mut self) {
        let message = pb::ListPriceVersionsRequest {};
        let listed =
            self.acme.billing.prices().list_price_versions(self.acme.request(message)).await.unwrap();
        let ids: Vec<String> = listed.into_inner().price_versions.into_iter().map(|price| price.id).collect();
        if ids.is_empty() {
            return;
        }
        let id = ids[usize::try_from(self.draw.below(ids.len() as u64)).unwrap()].clone();
        let message = pb::WithdrawPriceVersionRequest { id: id.clone() };
        let done = self.acme.billing.prices().withdraw_price_version(self.acme.request(message)).await;
        self.heard(format!("withdrawn {id}"), done.map(drop).map_err(Failure::from));
    }

    async fn preview(&mut self) {
        let Some(open) = self.periods().await.pop() else { return };
        let class = words::class(self.pick(&CLASSES));
        let message = pb::PreviewInvoiceRequest {
            start_date: open.start_date,
            known_time: None,
            prices: vec![pb::PriceIf {
                class,
                unit_price: self.pick(&PRICES).to_owned(),
                mode: words::mode(self.pick(&MODES)),
                floor: Some(self.pick(&SEATS)),
                ..Default::default()
            }],
            seats: vec![pb::SeatsIf { class, count: self.pick(&SEATS) }],
        };
        let done = self.acme.billing.invoices().preview_invoice(self.acme.request(message)).await;
        self.heard("a preview".to_owned(), done.map(drop).map_err(Failure::from));
    }
}
