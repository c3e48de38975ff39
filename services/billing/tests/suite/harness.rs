//! A billing service on a socket, and a publisher of the keys with which it verifies credentials.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::secret::ServiceKey;
use usher_base::{Audience, Claims, Clock, Permission};
use usher_billing::{Config, JobSettings, MIGRATOR, ProofKeys, Service};
use usher_net::tls::ClientTls;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::account_service_client::AccountServiceClient;
use usher_proto::billing::v1::audit_service_client::AuditServiceClient;
use usher_proto::billing::v1::commitment_service_client::CommitmentServiceClient;
use usher_proto::billing::v1::correction_service_client::CorrectionServiceClient;
use usher_proto::billing::v1::credit_note_service_client::CreditNoteServiceClient;
use usher_proto::billing::v1::forecast_service_client::ForecastServiceClient;
use usher_proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::billing::v1::minimum_service_client::MinimumServiceClient;
use usher_proto::billing::v1::period_service_client::PeriodServiceClient;
use usher_proto::billing::v1::price_service_client::PriceServiceClient;
use usher_proto::billing::v1::reconciliation_service_client::ReconciliationServiceClient;
use usher_proto::billing::v1::report_service_client::ReportServiceClient;
use usher_proto::billing::v1::seat_ledger_service_client::SeatLedgerServiceClient;
use usher_proto::billing::v1::statement_service_client::StatementServiceClient;
use usher_proto::billing::v1::usage_service_client::UsageServiceClient;
use usher_proto::billing::v1::verification_service_client::VerificationServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::credential_service_server::{CredentialService, CredentialServiceServer};
use usher_rpc::convert::to_wire;
use usher_rpc::{Failure, Outgoing, Tasks, connect};
use usher_testing::TestDatabase;

use crate::workspace::Workspace;

/// No job runs unless a test asks for it.
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
        Ok(Response::new(tenant::GetKeySetResponse { keys: vec![key], ended: Vec::new() }))
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

    async fn list_keys(
        &self,
        _: Request<tenant::ListKeysRequest>,
    ) -> Result<Response<tenant::ListKeysResponse>, Status> {
        Err(Status::unimplemented("one key for all tests"))
    }

    async fn revoke_key(
        &self,
        _: Request<tenant::RevokeKeyRequest>,
    ) -> Result<Response<tenant::RevokeKeyResponse>, Status> {
        Err(Status::unimplemented("one key for all tests"))
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
        nbf: now,
        exp: now + 600,
        jti: "1".into(),
        key: None,
    }
}

pub struct Billing {
    pub database: TestDatabase,
    pub clock: Clock,
    key: Arc<SigningKey>,
    channel: Channel,
    tasks: Tasks,
    serving: JoinHandle<Result<(), std::io::Error>>,
}

impl Billing {
    pub async fn start() -> Self {
        Self::over(TestDatabase::create("billing", &MIGRATOR).await).await
    }

    /// Starts a service whose clock stands at a time.
    pub async fn at(now: &str) -> Self {
        let database = timeless().await;
        Self::with(database, Clock::manual(now.parse().unwrap()), None).await
    }

    /// Starts a service like [`Billing::at`], with jobs.
    pub async fn working_at(now: &str, jobs: JobSettings) -> Self {
        let database = timeless().await;
        Self::with(database, Clock::manual(now.parse().unwrap()), Some(jobs)).await
    }

    /// Starts another replica on the same database and clock.
    pub async fn replica(&self, jobs: JobSettings) -> Self {
        Self::with(self.database.clone(), self.clock.clone(), Some(jobs)).await
    }

    /// Starts a service whose clock is moved by hand, on a database with the system's clock.
    pub async fn with_own_clock(clock: Clock, jobs: Option<JobSettings>) -> Self {
        Self::with(TestDatabase::create("billing", &MIGRATOR).await, clock, jobs).await
    }

    /// Starts a service on a database that may have been used before.
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
            tls: ClientTls::default(),
            jobs: jobs.unwrap_or(NO_JOBS),
            service_key: jobs.map(|_| ServiceKey::generate()),
            proof: Some(ProofKeys::parse(&"7".repeat(40)).unwrap()),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let channel = connect(&url, &ClientTls::default()).unwrap();
        let service = Service::start(config, clock.clone(), &tasks).await.unwrap();
        let serving = tasks.spawn(service.serve(listener.into(), tasks.clone()));
        Self { database, clock, key, channel, tasks, serving }
    }

    /// Stops the service, and waits until it has ended.
    pub async fn stop(&mut self) {
        self.tasks.soft_stop();
        (&mut self.serving).await.unwrap().unwrap();
    }

    pub fn credential(&self, actor: &str, workspace: Option<WorkspaceId>, scopes: &[Permission]) -> String {
        self.key.sign(&claims(&self.clock, actor, workspace, scopes)).unwrap()
    }

    /// Creates a workspace as its operator and its producer see it.
    pub fn workspace(&self) -> Workspace<'_> {
        Workspace::new(self)
    }

    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    pub fn audit(&self) -> AuditServiceClient<Channel> {
        AuditServiceClient::new(self.channel.clone())
    }

    pub fn commitments(&self) -> CommitmentServiceClient<Channel> {
        CommitmentServiceClient::new(self.channel.clone())
    }

    pub fn corrections(&self) -> CorrectionServiceClient<Channel> {
        CorrectionServiceClient::new(self.channel.clone())
    }

    pub fn credit_notes(&self) -> CreditNoteServiceClient<Channel> {
        CreditNoteServiceClient::new(self.channel.clone())
    }

    pub fn forecasts(&self) -> ForecastServiceClient<Channel> {
        ForecastServiceClient::new(self.channel.clone())
    }

    pub fn invoices(&self) -> InvoiceServiceClient<Channel> {
        InvoiceServiceClient::new(self.channel.clone())
    }

    pub fn ledger(&self) -> SeatLedgerServiceClient<Channel> {
        SeatLedgerServiceClient::new(self.channel.clone())
    }

    pub fn limits(&self) -> LimitServiceClient<Channel> {
        LimitServiceClient::new(self.channel.clone())
    }

    pub fn minimums(&self) -> MinimumServiceClient<Channel> {
        MinimumServiceClient::new(self.channel.clone())
    }

    pub fn periods(&self) -> PeriodServiceClient<Channel> {
        PeriodServiceClient::new(self.channel.clone())
    }

    pub fn prices(&self) -> PriceServiceClient<Channel> {
        PriceServiceClient::new(self.channel.clone())
    }

    pub fn reconciliations(&self) -> ReconciliationServiceClient<Channel> {
        ReconciliationServiceClient::new(self.channel.clone())
    }

    pub fn reports(&self) -> ReportServiceClient<Channel> {
        ReportServiceClient::new(self.channel.clone())
    }

    pub fn statements(&self) -> StatementServiceClient<Channel> {
        StatementServiceClient::new(self.channel.clone())
    }

    pub fn usage(&self) -> UsageServiceClient<Channel> {
        UsageServiceClient::new(self.channel.clone())
    }

    pub fn verifications(&self) -> VerificationServiceClient<Channel> {
        VerificationServiceClient::new(self.channel.clone())
    }

    /// Sends batches on one stream, and returns the answers in order.
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

/// Creates a database that accepts any time to which a service's clock may be set.
async fn timeless() -> TestDatabase {
    let database = TestDatabase::create("billing", &MIGRATOR).await;
    let mut owner = PgConnection::connect(&database.owner_url()).await.unwrap();
    let late = "CREATE OR REPLACE FUNCTION app_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT timestamptz '2999-01-01 00:00:00Z' $$";
    sqlx::raw_sql(late).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    database
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
