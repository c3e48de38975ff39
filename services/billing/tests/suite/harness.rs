//! A billing service on a socket, with somebody who publishes the keys that it verifies by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use usher_base::credential::ISSUER;
use usher_base::id::{EventId, PersonKey, UserId, WorkspaceId};
use usher_base::key::SigningKey;
use usher_base::secret::ServiceKey;
use usher_base::{Audience, Claims, Clock, Permission};
use usher_billing::{Config, JobSettings, MIGRATOR, Service};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_client::BillingAdminClient;
use usher_proto::billing::v1::invoicing_client::InvoicingClient;
use usher_proto::billing::v1::seat_ledger_client::SeatLedgerClient;
use usher_proto::billing::v1::seat_query_client::SeatQueryClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::credential_service_server::{CredentialService, CredentialServiceServer};
use usher_rpc::convert::to_wire;
use usher_rpc::{Failure, Outgoing, Tasks, connect};
use usher_store::testing::TestDatabase;

/// Nothing is done that no test calls for.
const NO_JOBS: JobSettings = JobSettings {
    close_after: None,
    close_alarm_after: None,
    verify_every: None,
    poll: Duration::from_millis(50),
};

/// Publishes one key, as tenant does, and signs the service's own credential with it.
struct KeyPublisher {
    key: Arc<SigningKey>,
    clock: Clock,
}

#[tonic::async_trait]
impl CredentialService for KeyPublisher {
    async fn get_key_set(
        &self,
        _: Request<tenant::GetKeySetRequest>,
    ) -> Result<Response<tenant::GetKeySetResponse>, Status> {
        let public = self.key.public();
        let key = tenant::PublicKey { kid: public.kid.clone(), x: public.x.clone() };
        Ok(Response::new(tenant::GetKeySetResponse { keys: vec![key] }))
    }

    async fn issue_credential(
        &self,
        request: Request<tenant::IssueCredentialRequest>,
    ) -> Result<Response<tenant::IssueCredentialResponse>, Status> {
        assert_eq!(request.into_inner().name, "billing");
        let scopes = [Permission::BillingRead, Permission::BillingAdmin];
        let claims = claims(&self.clock, "service:billing", None, &scopes);
        Ok(Response::new(tenant::IssueCredentialResponse {
            credential: self.key.sign(&claims).unwrap(),
            expire_time: Some(to_wire(Timestamp::from_second(claims.exp).unwrap())),
        }))
    }

    async fn rotate_keys(
        &self,
        _: Request<tenant::RotateKeysRequest>,
    ) -> Result<Response<tenant::RotateKeysResponse>, Status> {
        Err(Status::unimplemented("this publishes keys only"))
    }
}

fn claims(clock: &Clock, actor: &str, workspace: Option<WorkspaceId>, scopes: &[Permission]) -> Claims {
    let now = clock.now().as_second();
    Claims {
        iss: ISSUER.into(),
        sub: actor.into(),
        aud: vec![Audience::Billing],
        tid: workspace,
        scp: scopes.iter().copied().collect::<BTreeSet<_>>(),
        pol: None,
        iat: now,
        exp: now + 600,
        jti: "1".into(),
    }
}

pub struct Billing {
    pub database: TestDatabase,
    pub clock: Clock,
    key: Arc<SigningKey>,
    channel: Channel,
    _tasks: Tasks,
}

impl Billing {
    pub async fn start() -> Self {
        Self::over(TestDatabase::create("billing", &MIGRATOR).await).await
    }

    /// A service whose clock stands at a time.
    pub async fn at(now: &str) -> Self {
        let database = TestDatabase::create("billing", &MIGRATOR).await;
        Self::with(database, Clock::manual(now.parse().unwrap()), None).await
    }

    /// As [`Billing::at`], with jobs.
    pub async fn working_at(now: &str, jobs: JobSettings) -> Self {
        let database = TestDatabase::create("billing", &MIGRATOR).await;
        Self::with(database, Clock::manual(now.parse().unwrap()), Some(jobs)).await
    }

    /// Another replica over the same database and clock.
    pub async fn replica(&self, jobs: JobSettings) -> Self {
        Self::with(self.database.clone(), self.clock.clone(), Some(jobs)).await
    }

    /// A service over a database that may have been served before.
    pub async fn over(database: TestDatabase) -> Self {
        Self::with(database, Clock::system(), None).await
    }

    /// Moves the clock to a time.
    pub fn advance_to(&self, now: &str) {
        self.clock.advance(now.parse::<Timestamp>().unwrap().duration_since(self.clock.now()));
    }

    async fn with(database: TestDatabase, clock: Clock, jobs: Option<JobSettings>) -> Self {
        let key = Arc::new(SigningKey::generate().unwrap());
        let tasks = Tasks::new();
        let config = Config {
            database_url: database.url(),
            database_connections: 8,
            tenant_url: publish(&key, &clock, &tasks).await,
            jobs: jobs.unwrap_or(NO_JOBS),
            service_key: jobs.map(|_| ServiceKey::generate()),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let channel = connect(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let service = Service::start(config, clock.clone(), &tasks).await.unwrap();
        drop(tasks.spawn(service.serve(listener, tasks.clone())));
        Self { database, clock, key, channel, _tasks: tasks }
    }

    pub fn credential(&self, actor: &str, workspace: Option<WorkspaceId>, scopes: &[Permission]) -> String {
        self.key.sign(&claims(&self.clock, actor, workspace, scopes)).unwrap()
    }

    /// A workspace as its operator and its producer see it.
    pub fn workspace(&self) -> Workspace<'_> {
        let id = WorkspaceId::new(&self.clock);
        Workspace { billing: self, id, next: 1, sent: Vec::new() }
    }

    pub fn ledger(&self) -> SeatLedgerClient<Channel> {
        SeatLedgerClient::new(self.channel.clone())
    }

    pub fn query(&self) -> SeatQueryClient<Channel> {
        SeatQueryClient::new(self.channel.clone())
    }

    pub fn invoicing(&self) -> InvoicingClient<Channel> {
        InvoicingClient::new(self.channel.clone())
    }

    pub fn admin(&self) -> BillingAdminClient<Channel> {
        BillingAdminClient::new(self.channel.clone())
    }

    /// Sends batches on one stream; the answers in order.
    pub async fn append(
        &self,
        batches: Vec<pb::AppendSeatEventsRequest>,
    ) -> Result<Vec<pb::AppendSeatEventsResponse>, Failure> {
        let credential = self.credential("service:identity", None, &[Permission::SeatsAppend]);
        let request = outgoing(&credential, None).request(tokio_stream::iter(batches));
        let mut answers = self.ledger().append_seat_events(request).await?.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            all.push(answer);
        }
        Ok(all)
    }
}

/// Collects a report's chunks; the manifest comes last.
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

async fn publish(key: &Arc<SigningKey>, clock: &Clock, tasks: &Tasks) -> String {
    let publisher = KeyPublisher { key: Arc::clone(key), clock: clock.clone() };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tonic::transport::Server::builder()
        .add_service(CredentialServiceServer::new(publisher))
        .serve_with_incoming(TcpListenerStream::new(listener));
    drop(tasks.spawn(server));
    address
}

pub fn outgoing(credential: &str, workspace: Option<WorkspaceId>) -> Outgoing<'_> {
    Outgoing { credential, workspace, request_id: "test", trace: None, timeout: Duration::from_secs(30) }
}

pub struct Workspace<'a> {
    pub billing: &'a Billing,
    pub id: WorkspaceId,
    next: i64,
    pub sent: Vec<pb::SeatEvent>,
}

impl Workspace<'_> {
    /// A request of an operator about this workspace.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let scopes = [Permission::BillingRead, Permission::BillingAdmin];
        let credential = self.billing.credential("operator:ops", None, &scopes);
        outgoing(&credential, Some(self.id)).request(message)
    }

    pub fn batch(&self, events: Vec<pb::SeatEvent>) -> pb::AppendSeatEventsRequest {
        pb::AppendSeatEventsRequest { workspace_id: self.id.to_string(), epoch: 1, events }
    }

    /// The next event: at `at`, `person` (who has one user of the same id) becomes a `user_type`,
    /// or inactive.
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
            user_type: user_type.unwrap_or("Regular").to_owned(),
            effective_time: Some(to_wire(at)),
            cause: if user_type.is_some() { "scim.create" } else { "scim.deactivate" }.to_owned(),
            actor: "scim:test".to_owned(),
            request_id: format!("request-{}", self.next),
        };
        self.next += 1;
        self.sent.push(event.clone());
        event
    }

    /// Sends events in one batch, and expects that they are applied.
    pub async fn apply(&self, events: Vec<pb::SeatEvent>) {
        let last = events.last().unwrap().sequence;
        let answers = self.billing.append(vec![self.batch(events)]).await.unwrap();
        assert_eq!((answers[0].refused_reason.as_str(), answers[0].acknowledged_sequence), ("", last));
    }

    pub fn person(&self) -> PersonKey {
        PersonKey::new(&self.billing.clock)
    }

    pub async fn price(&self, class: &str, unit_price: &str, valid_from: &str) -> Result<(), Failure> {
        let version = pb::PriceVersion {
            class: class.to_owned(),
            unit_price: unit_price.to_owned(),
            valid_from: valid_from.to_owned(),
            ..Default::default()
        };
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        self.billing.admin().create_price_version(self.request(message)).await?;
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
        self.billing.admin().upsert_account(self.request(message)).await?;
        Ok(())
    }

    pub async fn statement(&self, start: &str, end: &str) -> Result<pb::GetStatementResponse, Failure> {
        let message = pb::GetStatementRequest {
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            known_time: None,
        };
        Ok(self.billing.query().get_statement(self.request(message)).await?.into_inner())
    }

    pub async fn usage(&self, start: &str, end: &str) -> Result<pb::GetUsageResponse, Failure> {
        let message =
            pb::GetUsageRequest { start_date: start.to_owned(), end_date: end.to_owned(), known_time: None };
        Ok(self.billing.query().get_usage(self.request(message)).await?.into_inner())
    }

    pub async fn intervals(&self) -> Vec<pb::Interval> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = pb::ListIntervalsRequest { page_size: 3, page_token, ..Default::default() };
            let page = self.billing.query().list_intervals(self.request(message)).await.unwrap().into_inner();
            all.extend(page.intervals);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// A request of the operator `name`.
    pub fn request_of<T>(&self, name: &str, message: T) -> Request<T> {
        let scopes = [Permission::BillingRead, Permission::BillingAdmin];
        let credential = self.billing.credential(&format!("operator:{name}"), None, &scopes);
        outgoing(&credential, Some(self.id)).request(message)
    }

    /// A request of identity.
    pub fn produced<T>(&self, message: T) -> Request<T> {
        let credential = self.billing.credential("service:identity", None, &[Permission::SeatsAppend]);
        outgoing(&credential, None).request(message)
    }

    /// Active users after all that was sent, as identity would have them.
    pub fn state(&self) -> BTreeMap<String, (String, String)> {
        let mut users = BTreeMap::new();
        for event in &self.sent {
            users.insert(event.user_id.clone(), event.clone());
        }
        let active = users.into_values().filter(|event| event.active);
        active.map(|event| (event.user_id, (event.person_key, event.user_type))).collect()
    }

    pub async fn watermark(&self, epoch: i64, as_of: &str, last: i64) -> pb::AdvanceWatermarksResponse {
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

    /// Compares digests at the producer's number; the outcome.
    pub async fn compare(
        &self,
        epoch: i64,
        sequence: i64,
        state: &BTreeMap<String, (String, String)>,
    ) -> String {
        let classes = ["Regular", "External", "Collaborator"].map(|class| {
            let mut hash = Sha256::new();
            let mut count = 0;
            for (user, (person, _)) in state.iter().filter(|(_, (_, user_type))| user_type == class) {
                hash.update(user.parse::<UserId>().unwrap().as_uuid());
                hash.update(person.parse::<PersonKey>().unwrap().as_uuid());
                count += 1;
            }
            let digest = usher_billing::event::hex(&hash.finalize());
            pb::ClassDigest { class: class.to_lowercase(), count, digest }
        });
        let message = pb::CompareStateRequest {
            workspace_id: self.id.to_string(),
            epoch,
            sequence,
            classes: classes.to_vec(),
        };
        self.billing.ledger().compare_state(self.produced(message)).await.unwrap().into_inner().outcome
    }

    /// Everything that closing needs, up to a time.
    pub async fn prove(&self, as_of: &str) {
        let last = self.next - 1;
        self.watermark(1, as_of, last).await;
        assert_eq!(self.compare(1, last, &self.state()).await, "EQUAL");
    }

    pub async fn close(&self, start_date: &str) -> Result<pb::Invoice, Failure> {
        let message = pb::ClosePeriodRequest { start_date: start_date.to_owned(), expected_sequence: 0 };
        let answer = self.billing.invoicing().close_period(self.request(message)).await?;
        Ok(answer.into_inner().invoice.unwrap())
    }

    pub async fn invoice(&self, start_date: &str) -> Result<pb::Invoice, Failure> {
        let message = pb::GetInvoiceRequest { start_date: start_date.to_owned(), known_time: None };
        let answer = self.billing.invoicing().get_invoice(self.request(message)).await?;
        Ok(answer.into_inner().invoice.unwrap())
    }

    /// Records a correction as one operator and approves it as another.
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
            class: class.to_owned(),
            reason: "left earlier than recorded".to_owned(),
            ..Default::default()
        };
        let message = pb::RecordCorrectionRequest { correction: Some(correction) };
        let recorded = self.billing.admin().record_correction(self.request_of("ann", message)).await?;
        let id = recorded.into_inner().correction.unwrap().id;
        let message = pb::ApproveCorrectionRequest { id };
        let approved = self.billing.admin().approve_correction(self.request_of("bea", message)).await?;
        Ok(approved.into_inner().sequence)
    }

    /// A report as a file, with its manifest.
    pub async fn report(
        &self,
        report: &str,
        format: &str,
        start_date: &str,
        known: Option<&str>,
    ) -> Result<(String, pb::Manifest), Failure> {
        let message = pb::ExportReportRequest {
            report: report.to_owned(),
            format: format.to_owned(),
            start_date: start_date.to_owned(),
            known_time: known.map(|known| to_wire(known.parse().unwrap())),
            all_workspaces: false,
        };
        let mut stream = self.billing.invoicing().export_report(self.request(message)).await?.into_inner();
        read_report(&mut stream).await
    }

    pub async fn verify(&self) -> pb::VerifyLedgerResponse {
        let message = pb::VerifyLedgerRequest {};
        self.billing.admin().verify_ledger(self.request(message)).await.unwrap().into_inner()
    }

    pub async fn cursor(&self) -> pb::Cursor {
        let credential = self.billing.credential("service:identity", None, &[Permission::SeatsAppend]);
        let message = pb::GetCursorsRequest { workspace_ids: vec![self.id.to_string()] };
        let answer = self.billing.ledger().get_cursors(outgoing(&credential, None).request(message)).await;
        answer.unwrap().into_inner().cursors.remove(0)
    }
}
