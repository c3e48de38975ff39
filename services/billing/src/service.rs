//! Assembles the service from its parts.

use std::time::Duration;

use usher_base::secret::ServiceKey;
use usher_base::{Audience, Clock};
use usher_net::Listener;
use usher_net::tls::ClientTls;
use usher_proto::billing::v1::account_service_server::AccountServiceServer;
use usher_proto::billing::v1::audit_service_server::AuditServiceServer;
use usher_proto::billing::v1::commitment_service_server::CommitmentServiceServer;
use usher_proto::billing::v1::correction_service_server::CorrectionServiceServer;
use usher_proto::billing::v1::credit_note_service_server::CreditNoteServiceServer;
use usher_proto::billing::v1::forecast_service_server::ForecastServiceServer;
use usher_proto::billing::v1::invoice_service_server::InvoiceServiceServer;
use usher_proto::billing::v1::limit_service_server::LimitServiceServer;
use usher_proto::billing::v1::minimum_service_server::MinimumServiceServer;
use usher_proto::billing::v1::period_service_server::PeriodServiceServer;
use usher_proto::billing::v1::price_service_server::PriceServiceServer;
use usher_proto::billing::v1::reconciliation_service_server::ReconciliationServiceServer;
use usher_proto::billing::v1::report_service_server::ReportServiceServer;
use usher_proto::billing::v1::seat_ledger_service_server::SeatLedgerServiceServer;
use usher_proto::billing::v1::statement_service_server::StatementServiceServer;
use usher_proto::billing::v1::usage_service_server::UsageServiceServer;
use usher_proto::billing::v1::verification_service_server::VerificationServiceServer;
use usher_rpc::{
    Check, Readiness, Server, ServerConfig, ServiceCredential, Suspensions, Tasks, TenantKeys, TenantSlugs,
    Verifier, connect,
};
use usher_store::{BootError, Database, DatabaseConfig};

use crate::grpc::accounts::AccountApi;
use crate::grpc::audit::AuditApi;
use crate::grpc::commitments::CommitmentApi;
use crate::grpc::corrections::CorrectionApi;
use crate::grpc::credit_notes::CreditNoteApi;
use crate::grpc::forecasts::ForecastApi;
use crate::grpc::invoices::InvoiceApi;
use crate::grpc::limits::LimitApi;
use crate::grpc::minimums::MinimumApi;
use crate::grpc::periods::PeriodApi;
use crate::grpc::prices::PriceApi;
use crate::grpc::reconciliations::ReconciliationApi;
use crate::grpc::reports::ReportApi;
use crate::grpc::seat_ledger::SeatLedgerApi;
use crate::grpc::statements::StatementApi;
use crate::grpc::usage::UsageApi;
use crate::grpc::verifications::VerificationApi;
use crate::jobs::Jobs;
use crate::jobs::model::JobSettings;
use crate::ledger::clock;
use crate::methods::METHODS;
use crate::sql::LONGEST_SCAN;
use crate::verification::model::proof::ProofKeys;

/// The settings of the service.
#[derive(Debug)]
pub struct Config {
    /// The address of the database, for the runtime role.
    pub database_url: String,
    /// The maximum number of connections to the database.
    pub database_connections: u32,
    /// The address of tenant, such as `https://tenant.internal:9101`.
    pub tenant_url: String,
    /// The trusted certificates for calls to other services, and the client certificate.
    pub tls: ClientTls,
    /// The schedule of the jobs.
    pub jobs: JobSettings,
    /// The service key of `billing`, which the jobs use; `None` if there are no jobs.
    pub service_key: Option<ServiceKey>,
    /// The keys that sign heads; `None` if heads are not signed.
    pub proof: Option<ProofKeys>,
}

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database's address can't be parsed.
    #[error("billing.database_url can't be used")]
    Database(#[from] usher_store::Error),
    /// The database can't be used: see the source.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// Tenant's address can't be parsed.
    #[error("tenant.url can't be used")]
    Address(#[from] tonic::transport::Error),
}

/// The service, ready to serve.
pub struct Service {
    server: Server,
    database: Database,
    clock: Clock,
    jobs: Option<Jobs>,
}

impl Service {
    /// Checks the database and assembles the service.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config, clock: Clock, tasks: &Tasks) -> Result<Self, StartError> {
        let tenant = connect(&config.tenant_url, &config.tls)?;
        let verifier = Verifier::new(TenantKeys::new(tenant.clone()), Audience::Billing, clock.clone());
        let database = Database::open(&DatabaseConfig {
            url: config.database_url,
            max_connections: config.database_connections,
            statement_timeout: LONGEST_SCAN,
            application: "usher-billing",
        })?;
        usher_store::check_belongs(&database, "billing", "ledgers").await?;
        usher_store::check(&database).await?;
        usher_store::check_clock(&database, clock.offset()).await?;
        let credential = config
            .service_key
            .map(|key| ServiceCredential::new("billing", key, tenant.clone(), clock.clone()));
        let suspensions = credential.clone().map(|credential| Suspensions::new(tenant.clone(), credential));
        let slugs = credential.clone().map(|credential| TenantSlugs::new(tenant, credential));
        let jobs = credential.map(|credential| Jobs {
            database: database.clone(),
            credential,
            verifier: verifier.clone(),
            clock: clock.clone(),
            settings: config.jobs,
            proof: config.proof.clone(),
        });
        let setup = ServerConfig {
            role: "billing",
            longest: Duration::from_mins(1),
            most_calls: 256,
            methods: METHODS,
        };
        let asked = database.clone();
        let ready = Check::answering("the billing database", move || {
            let database = asked.clone();
            async move { database.ping().await }
        });
        let server = Server::new(setup, verifier, slugs, clock.clone());
        let server = add_services(server, &database, tasks, config.proof)
            .until_suspended(suspensions)
            .ready_when(ready);
        Ok(Self { server, database, clock, jobs })
    }

    /// Returns the database, so that its connections can be measured.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Shares the health of the whole process.
    #[must_use]
    pub fn part_of(self, process: &Readiness) -> Self {
        Self { server: self.server.part_of(process), ..self }
    }

    /// Serves and runs the jobs until shutdown.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(self, listener: Listener, tasks: Tasks) -> std::io::Result<()> {
        if let Some(jobs) = self.jobs {
            jobs.spawn(&tasks);
        }
        drop(tasks.spawn(clock::watch(self.database, self.clock, tasks.clone())));
        self.server.serve(listener, tasks).await
    }
}

/// Adds the gRPC services to the server.
fn add_services(server: Server, database: &Database, tasks: &Tasks, proof: Option<ProofKeys>) -> Server {
    server
        .add(AccountServiceServer::new(AccountApi { database: database.clone(), tasks: tasks.clone() }))
        .add(PriceServiceServer::new(PriceApi { database: database.clone(), tasks: tasks.clone() }))
        .add(MinimumServiceServer::new(MinimumApi { database: database.clone(), tasks: tasks.clone() }))
        .add(CommitmentServiceServer::new(CommitmentApi { database: database.clone(), tasks: tasks.clone() }))
        .add(LimitServiceServer::new(LimitApi::new(database.clone(), tasks.clone())))
        .add(CorrectionServiceServer::new(CorrectionApi { database: database.clone(), tasks: tasks.clone() }))
        .add(SeatLedgerServiceServer::new(SeatLedgerApi { database: database.clone(), tasks: tasks.clone() }))
        .add(UsageServiceServer::new(UsageApi { database: database.clone() }))
        .add(StatementServiceServer::new(StatementApi { database: database.clone() }))
        .add(PeriodServiceServer::new(PeriodApi { database: database.clone(), tasks: tasks.clone() }))
        .add(InvoiceServiceServer::new(InvoiceApi { database: database.clone() }))
        .add(CreditNoteServiceServer::new(CreditNoteApi { database: database.clone(), tasks: tasks.clone() }))
        .add(ForecastServiceServer::new(ForecastApi { database: database.clone() }))
        .add(ReportServiceServer::new(ReportApi { database: database.clone(), tasks: tasks.clone() }))
        .add(VerificationServiceServer::new(VerificationApi { database: database.clone(), proof }))
        .add(ReconciliationServiceServer::new(ReconciliationApi { database: database.clone() }))
        .add(AuditServiceServer::new(AuditApi { database: database.clone() }))
}
