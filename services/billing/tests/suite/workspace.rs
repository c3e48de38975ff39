//! A workspace as its operator and its producer see it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Streaming};
use usher_base::Permission;
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;
use usher_rpc::{Failure, WireEnum as _};
use usher_seats::{ComparisonOutcome, ReportFormat, ReportName, SeatClass};

use crate::harness::{Billing, outgoing};
use crate::words;

pub struct Workspace<'a> {
    pub billing: &'a Billing,
    pub id: WorkspaceId,
    next: i64,
    pub sent: Vec<pb::SeatEvent>,
}

impl<'a> Workspace<'a> {
    pub fn new(billing: &'a Billing) -> Self {
        Self { billing, id: WorkspaceId::new(&billing.clock), next: 1, sent: Vec::new() }
    }

    /// Returns a request of an operator about this workspace.
    pub fn request<T>(&self, message: T) -> Request<T> {
        self.request_of("ops", message)
    }

    pub fn batch(&self, events: Vec<pb::SeatEvent>) -> pb::AppendSeatEventsRequest {
        pb::AppendSeatEventsRequest { workspace_id: self.id.to_string(), epoch: 1, events }
    }

    /// Returns the next event: at `at`, `person` (who has one user with the same id) gets a `user_type`, or
    /// becomes inactive.
    pub fn event(&mut self, at: &str, person: PersonKey, user_type: Option<&str>) -> pb::SeatEvent {
        self.user_event(at, person, UserId::from_uuid(person.as_uuid()), user_type)
    }

    pub fn user_event(
        &mut self,
        at: &str,
        person: PersonKey,
        user: UserId,
        user_type: Option<&str>,
    ) -> pb::SeatEvent {
        let at: Timestamp = at.parse().unwrap();
        let event = pb::SeatEvent {
            sequence: self.next,
            event_id: EventId::new(&self.billing.clock).to_string(),
            person_key: person.to_string(),
            user_id: user.to_string(),
            active: user_type.is_some(),
            class: words::class_of_type(user_type.unwrap_or("Regular")),
            effective_time: Some(to_wire(at)),
            cause: if user_type.is_some() { "scim.create" } else { "scim.deactivate" }.to_owned(),
            actor: "scim:test".to_owned(),
            request_id: format!("request-{}", self.next),
        };
        self.next += 1;
        self.sent.push(event.clone());
        event
    }

    /// Advances the clock to the time of an event; billing refuses what is ahead of its clock.
    fn wait_for(&self, at: Timestamp) {
        let left = at.duration_since(self.billing.clock.now());
        if left.is_positive() {
            self.billing.clock.advance(left);
        }
    }

    /// Sends events in one batch after advancing the clock, and expects that they are applied.
    pub async fn apply(&self, events: Vec<pb::SeatEvent>) {
        let last = events.last().unwrap();
        let at = last.effective_time.unwrap();
        self.wait_for(Timestamp::new(at.seconds, at.nanos).unwrap());
        let last = last.sequence;
        let answers = self.billing.append(vec![self.batch(events)]).await.unwrap();
        assert_eq!((words::refused(&answers[0]), answers[0].acknowledged_sequence), ("", last));
    }

    pub fn person(&self) -> PersonKey {
        PersonKey::new(&self.billing.clock)
    }

    pub async fn price(&self, class: &str, unit_price: &str, valid_from: &str) -> Result<(), Failure> {
        let version = pb::PriceVersion {
            class: words::class(class),
            unit_price: unit_price.to_owned(),
            valid_from: valid_from.to_owned(),
            ..Default::default()
        };
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        self.billing.prices().create_price_version(self.request(message)).await?;
        Ok(())
    }

    pub async fn account(&self, currency: &str, exponent: i32, time_zone: &str) -> Result<(), Failure> {
        let account = pb::Account {
            currency: currency.to_owned(),
            exponent,
            time_zone: time_zone.to_owned(),
            ..Default::default()
        };
        let message = pb::UpsertAccountRequest { account: Some(account) };
        self.billing.accounts().upsert_account(self.request(message)).await?;
        Ok(())
    }

    pub async fn statement(&self, start: &str, end: &str) -> Result<pb::GetStatementResponse, Failure> {
        let message = pb::GetStatementRequest {
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            known_time: None,
        };
        Ok(self.billing.statements().get_statement(self.request(message)).await?.into_inner())
    }

    pub async fn usage(&self, start: &str, end: &str) -> Result<pb::GetUsageResponse, Failure> {
        let message = pb::GetUsageRequest {
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            ..Default::default()
        };
        Ok(self.billing.usage().get_usage(self.request(message)).await?.into_inner())
    }

    pub async fn intervals(&self) -> Vec<pb::Interval> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = pb::ListIntervalsRequest { page_size: 3, page_token, ..Default::default() };
            let page = self.billing.usage().list_intervals(self.request(message)).await.unwrap().into_inner();
            all.extend(page.intervals);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// Returns a request of the operator `name`.
    pub fn request_of<T>(&self, name: &str, message: T) -> Request<T> {
        let scopes = [Permission::BillingRead, Permission::BillingAdmin];
        let credential = self.billing.credential(&format!("operator:{name}"), None, &scopes);
        outgoing(&credential, Some(self.id)).request(message)
    }

    /// Returns a request of identity.
    pub fn produced<T>(&self, message: T) -> Request<T> {
        let credential = self.billing.credential("service:identity", None, &[Permission::SeatsAppend]);
        outgoing(&credential, None).request(message)
    }

    /// Returns the active users after all sent events, as identity would have them.
    pub fn state(&self) -> BTreeMap<String, (String, i32)> {
        let mut users = BTreeMap::new();
        for event in &self.sent {
            users.insert(event.user_id.clone(), event.clone());
        }
        let active = users.into_values().filter(|event| event.active);
        active.map(|event| (event.user_id, (event.person_key, event.class))).collect()
    }

    /// Sends a watermark after advancing the clock.
    pub async fn watermark(&self, epoch: i64, as_of: &str, last: i64) -> pb::AdvanceWatermarksResponse {
        self.wait_for(as_of.parse().unwrap());
        self.send_watermark(epoch, as_of, last).await
    }

    pub async fn send_watermark(&self, epoch: i64, as_of: &str, last: i64) -> pb::AdvanceWatermarksResponse {
        let watermark = pb::Watermark {
            workspace_id: self.id.to_string(),
            epoch,
            as_of_time: Some(to_wire(as_of.parse().unwrap())),
            last_sequence: last,
            ..Default::default()
        };
        let message = pb::AdvanceWatermarksRequest { watermarks: vec![watermark] };
        self.billing.ledger().advance_watermarks(self.produced(message)).await.unwrap().into_inner()
    }

    /// Compares digests at the producer's sequence number, and returns the outcome.
    pub async fn compare(
        &self,
        epoch: i64,
        sequence: i64,
        state: &BTreeMap<String, (String, i32)>,
    ) -> &'static str {
        let classes = SeatClass::BY_RANK.map(|class| {
            let mut hash = Sha256::new();
            let mut count = 0;
            for (user, (person, _)) in state.iter().filter(|(_, (_, of))| *of == class.to_wire()) {
                hash.update(user.parse::<UserId>().unwrap().as_uuid());
                hash.update(person.parse::<PersonKey>().unwrap().as_uuid());
                count += 1;
            }
            let digest = hash.finalize().to_vec();
            pb::ClassDigest { class: class.to_wire(), count, digest }
        });
        let message = pb::CompareStateRequest {
            workspace_id: self.id.to_string(),
            epoch,
            sequence,
            classes: classes.to_vec(),
        };
        let answer = self.billing.ledger().compare_state(self.produced(message)).await.unwrap().into_inner();
        words::name::<ComparisonOutcome>(answer.outcome)
    }

    /// Sends what a close requires up to a time: a watermark and a reconciliation.
    pub async fn prove(&self, as_of: &str) {
        let last = self.next - 1;
        self.watermark(1, as_of, last).await;
        assert_eq!(self.compare(1, last, &self.state()).await, "EQUAL");
    }

    pub async fn close(&self, start_date: &str) -> Result<pb::Invoice, Failure> {
        let message = pb::ClosePeriodRequest { start_date: start_date.to_owned(), expected_sequence: 0 };
        self.billing.periods().close_period(self.request(message)).await?;
        self.invoice(start_date).await
    }

    pub async fn invoice(&self, start_date: &str) -> Result<pb::Invoice, Failure> {
        let message = pb::GetInvoiceRequest { start_date: start_date.to_owned(), known_time: None };
        let answer = self.billing.invoices().get_invoice(self.request(message)).await?;
        Ok(answer.into_inner().invoice.unwrap())
    }

    /// Records a correction as one operator, and approves it as another.
    pub async fn correct(
        &self,
        person: PersonKey,
        from: &str,
        until: &str,
        class: &str,
    ) -> Result<i64, Failure> {
        let correction = pb::Correction {
            person_key: person.to_string(),
            from_time: Some(to_wire(from.parse().unwrap())),
            until_time: Some(to_wire(until.parse().unwrap())),
            class: words::class(class),
            reason: "left earlier than recorded".to_owned(),
            ..Default::default()
        };
        let message = pb::RecordCorrectionRequest { correction: Some(correction) };
        let recorded = self.billing.corrections().record_correction(self.request_of("ann", message)).await?;
        let id = recorded.into_inner().correction.unwrap().id;
        let message = pb::ApproveCorrectionRequest { id };
        let approved = self.billing.corrections().approve_correction(self.request_of("bea", message)).await?;
        Ok(approved.into_inner().sequence)
    }

    /// Returns a report as a file, with its manifest.
    pub async fn report(
        &self,
        report: &str,
        format: &str,
        start_date: &str,
        known: Option<&str>,
    ) -> Result<(String, pb::Manifest), Failure> {
        let message = pb::ExportReportRequest {
            report: words::number::<ReportName>(report),
            format: words::number::<ReportFormat>(format),
            start_date: start_date.to_owned(),
            known_time: known.map(|known| to_wire(known.parse().unwrap())),
            all_workspaces: false,
        };
        let mut stream = self.billing.reports().export_report(self.request(message)).await?.into_inner();
        read_report(&mut stream).await
    }

    pub async fn verify(&self) -> pb::VerifyLedgerResponse {
        let message = pb::VerifyLedgerRequest::default();
        self.billing.verifications().verify_ledger(self.request(message)).await.unwrap().into_inner()
    }

    pub async fn cursor(&self) -> pb::Cursor {
        let credential = self.billing.credential("service:identity", None, &[Permission::SeatsAppend]);
        let message = pb::GetCursorsRequest { workspace_ids: vec![self.id.to_string()] };
        let answer = self.billing.ledger().get_cursors(outgoing(&credential, None).request(message)).await;
        answer.unwrap().into_inner().cursors.remove(0)
    }
}

/// Collects the chunks of a report; the manifest comes last.
pub async fn read_report(
    stream: &mut Streaming<pb::ExportReportResponse>,
) -> Result<(String, pb::Manifest), Failure> {
    use pb::export_report_response::Part;
    let mut bytes = Vec::new();
    loop {
        match stream.message().await?.and_then(|message| message.part) {
            Some(Part::Chunk(chunk)) => bytes.extend(chunk),
            Some(Part::Manifest(manifest)) => return Ok((String::from_utf8(bytes).unwrap(), manifest)),
            None => panic!("the stream ended without a manifest"),
        }
    }
}
