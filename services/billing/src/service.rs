//! Putting the service together.

use std::time::Duration;

use usher_base::secret::ServiceKey;
use usher_base::{Audience, Clock};
use usher_net::Listener;
use usher_net::tls::ClientTls;
use usher_proto::billing::v1::billing_admin_server::BillingAdminServer;
use usher_proto::billing::v1::invoicing_server::InvoicingServer;
use usher_proto::billing::v1::seat_ledger_server::SeatLedgerServer;
use usher_proto::billing::v1::seat_query_server::SeatQueryServer;
use usher_rpc::{
    Check, Readiness, Server, ServerConfig, ServiceCredential, Suspensions, Tasks, TenantKeys, TenantSlugs,
    Verifier, connect,
};
use usher_store::{BootError, Database, DatabaseConfig};

use crate::clock;
use crate::grpc::{admin::AdminApi, invoicing::InvoicingApi, ledger::LedgerApi, query::QueryApi};
use crate::jobs::{JobSettings, Jobs};
use crate::methods::METHODS;
use crate::signed_head::ProofKeys;
use crate::store::LONGEST_SCAN;

/// How the service is set up.
#[derive(Debug)]
pub struct Config {
    /// The database, as the runtime role.
    pub database_url: String,
    /// Most connections to it.
    pub database_connections: u32,
    /// Where tenant is, such as `https://tenant.internal:9101`.
    pub tenant_url: String,
    /// Whom of the services that are called is believed, and what is shown to them.
    pub tls: ClientTls,
    /// What is done without a call.
    pub jobs: JobSettings,
    /// The key of the service `billing`, with which it does that; none where nothing is to be done.
    pub service_key: Option<ServiceKey>,
    /// With what the heads of ledgers are signed; none where they are not.
    pub proof: Option<ProofKeys>,
}

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database's address can't be read.
    #[error("billing.database_url can't be used")]
    Database(#[from] usher_store::Error),
    /// The database is not fit to serve from.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// Tenant's address can't be read.
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
    /// Checks the database and puts the parts together.
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
        let server = Server::new(setup, verifier, slugs, clock.clone())
            .add(SeatLedgerServer::new(LedgerApi { database: database.clone(), tasks: tasks.clone() }))
            .add(SeatQueryServer::new(QueryApi::new(database.clone(), tasks.clone())))
            .add(InvoicingServer::new(InvoicingApi { database: database.clone(), tasks: tasks.clone() }))
            .add(BillingAdminServer::new(AdminApi {
                database: database.clone(),
                tasks: tasks.clone(),
                proof: config.proof,
            }))
            .until_suspended(suspensions)
            .ready_when(ready);
        Ok(Self { server, database, clock, jobs })
    }

    /// The database, to measure its connections.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Makes the service's health that of the whole process.
    #[must_use]
    pub fn part_of(self, process: &Readiness) -> Self {
        Self { server: self.server.part_of(process), ..self }
    }

    /// Serves, and does its jobs, until the stop is asked for.
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
