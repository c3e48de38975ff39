//! Assembles the service.

use std::time::Duration;

use usher_base::{Audience, Clock};
use usher_net::Listener;
use usher_proto::tenant::v1::access_service_server::AccessServiceServer;
use usher_proto::tenant::v1::admin_service_server::AdminServiceServer;
use usher_proto::tenant::v1::app_service_server::AppServiceServer;
use usher_proto::tenant::v1::audit_service_server::AuditServiceServer;
use usher_proto::tenant::v1::credential_service_server::CredentialServiceServer;
use usher_proto::tenant::v1::domain_service_server::DomainServiceServer;
use usher_proto::tenant::v1::plan_service_server::PlanServiceServer;
use usher_proto::tenant::v1::policy_service_server::PolicyServiceServer;
use usher_proto::tenant::v1::provisioning_log_service_server::ProvisioningLogServiceServer;
use usher_proto::tenant::v1::service_key_service_server::ServiceKeyServiceServer;
use usher_proto::tenant::v1::token_service_server::TokenServiceServer;
use usher_proto::tenant::v1::workspace_service_server::WorkspaceServiceServer;
use usher_rpc::{Check, Readiness, Server, ServerConfig, Tasks, Verifier};
use usher_store::{BootError, Database, DatabaseConfig};

use crate::access::Access;
use crate::admins::Admins;
use crate::announcements::Announcements;
use crate::error::TenantError;
use crate::expiry;
use crate::grpc::access::AccessApi;
use crate::grpc::admins::AdminApi;
use crate::grpc::apps::AppApi;
use crate::grpc::audit::AuditApi;
use crate::grpc::credentials::CredentialApi;
use crate::grpc::domains::DomainApi;
use crate::grpc::plans::PlanApi;
use crate::grpc::policies::PolicyApi;
use crate::grpc::provisioning_log::ProvisioningLogApi;
use crate::grpc::service_keys::ServiceKeyApi;
use crate::grpc::tokens::TokenApi;
use crate::grpc::workspaces::WorkspaceApi;
use crate::hashing::Hasher;
use crate::keyring::Keyring;
use crate::methods::METHODS;
use crate::peer_rate_limit::PeerRateLimit;
use crate::provisioning_log::ProvisioningLog;
use crate::secrets::Secrets;
use crate::service_keys::ServiceKeys;
use crate::signer::{RELOAD, Signer};
use crate::workspaces::Directory;

/// How often inactive peers are forgotten.
const TIDY_INTERVAL: Duration = Duration::from_mins(5);

/// The configuration of the service.
#[derive(Debug)]
pub struct Config {
    /// The database URL, with the service's role.
    pub database_url: String,
    /// The maximum number of database connections.
    pub database_connections: u32,
    /// The service's own keys.
    pub keyring: Keyring,
    /// How long entries of the provisioning log are kept.
    pub log_retention: Duration,
}

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database URL can't be parsed.
    #[error("tenant.database_url can't be used")]
    Database(#[from] usher_store::Error),
    /// The database is not as it must be.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// The signing key can't be loaded.
    #[error("can't load the signing key")]
    Key(#[from] TenantError),
}

/// The service, ready to serve.
pub struct Service {
    server: Server,
    database: Database,
    announcements: Announcements,
    signer: Signer,
    keys: ServiceKeys,
    rate_limits: [PeerRateLimit; 2],
    clock: Clock,
    log_retention: Duration,
}

impl Service {
    /// Checks the database, loads or creates the signing key, and assembles the service.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config, clock: Clock, tasks: &Tasks) -> Result<Self, StartError> {
        let database = Database::open(&DatabaseConfig {
            url: config.database_url,
            max_connections: config.database_connections,
            statement_timeout: Duration::from_secs(10),
            application: "usher-tenant",
        })?;
        usher_store::check_belongs(&database, "tenant", "workspace_directory").await?;
        usher_store::check(&database).await?;
        usher_store::check_clock(&database, clock.offset()).await?;
        let signer = Signer::load(database.clone(), config.keyring.clone(), clock.clone()).await?;
        let verifier = Verifier::new(signer.clone(), Audience::Tenant, clock.clone());
        let hasher = Hasher::new();
        let secrets = Secrets::new(config.keyring.clone(), hasher.clone());
        let keys = ServiceKeys::new(database.clone(), config.keyring, clock.clone());
        let (sign_ins, service_keys) = (PeerRateLimit::for_sign_ins(), PeerRateLimit::for_service_keys());
        let announcements = Announcements::new();
        let admins = Admins {
            database: database.clone(),
            hasher,
            secrets: secrets.clone(),
            sign_ins: sign_ins.clone(),
            signer: signer.clone(),
            clock: clock.clone(),
        };
        let access = Access::new(database.clone(), secrets, signer.clone(), tasks.clone());
        let setup = ServerConfig {
            role: "tenant",
            longest: Duration::from_secs(15),
            most_calls: 512,
            methods: METHODS,
        };
        let asked = database.clone();
        let ready = Check::answering("the tenant database", move || {
            let database = asked.clone();
            async move { database.ping().await }
        });
        let server = Server::new(setup, verifier, Directory(database.clone()), clock.clone())
            .add(PlanServiceServer::new(PlanApi { database: database.clone() }))
            .add(WorkspaceServiceServer::new(WorkspaceApi {
                database: database.clone(),
                tasks: tasks.clone(),
            }))
            .add(DomainServiceServer::new(DomainApi { admins: admins.clone(), tasks: tasks.clone() }))
            .add(PolicyServiceServer::new(PolicyApi { database: database.clone() }))
            .add(AdminServiceServer::new(AdminApi { admins: admins.clone(), tasks: tasks.clone() }))
            .add(AppServiceServer::new(AppApi { admins: admins.clone(), tasks: tasks.clone() }))
            .add(TokenServiceServer::new(TokenApi { admins, tasks: tasks.clone() }))
            .add(AuditServiceServer::new(AuditApi { database: database.clone(), signer: signer.clone() }))
            .add(ProvisioningLogServiceServer::new(ProvisioningLogApi {
                log: ProvisioningLog::new(database.clone(), access.clone()),
            }))
            .add(AccessServiceServer::new(AccessApi {
                access,
                announcements: announcements.clone(),
                tasks: tasks.clone(),
            }))
            .add(CredentialServiceServer::new(CredentialApi {
                signer: signer.clone(),
                keys: keys.clone(),
                rate_limit: service_keys.clone(),
            }))
            .add(ServiceKeyServiceServer::new(ServiceKeyApi { keys: keys.clone(), tasks: tasks.clone() }))
            .ready_when(ready);
        let log_retention = config.log_retention;
        let rate_limits = [sign_ins, service_keys];
        Ok(Self { server, database, announcements, signer, keys, rate_limits, clock, log_retention })
    }

    /// The service keys, for setting up an installation in the same process.
    pub fn keys(&self) -> ServiceKeys {
        self.keys.clone()
    }

    /// The database, to measure its connections.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Makes the health service answer for the whole process, and adds this service's checks to the process.
    #[must_use]
    pub fn part_of(self, process: &Readiness) -> Self {
        Self { server: self.server.part_of(process), ..self }
    }

    /// Serves until shutdown begins.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(self, listener: Listener, tasks: Tasks) -> std::io::Result<()> {
        let expire =
            expiry::run(self.database.clone(), self.clock.clone(), self.log_retention, tasks.clone());
        drop(tasks.spawn(expire));
        drop(tasks.spawn(self.announcements.run(self.database, tasks.clone())));
        drop(tasks.spawn(reload_keys(self.signer, self.clock, tasks.clone())));
        drop(tasks.spawn(tidy(self.rate_limits, tasks.clone())));
        self.server.serve(listener, tasks).await
    }
}

async fn reload_keys(signer: Signer, clock: Clock, tasks: Tasks) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            () = clock.pause(RELOAD) => {}
        }
        if let Err(error) = signer.reload().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "can't reload the signing keys");
        }
    }
}

async fn tidy(rate_limits: [PeerRateLimit; 2], tasks: Tasks) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(TIDY_INTERVAL) => rate_limits.iter().for_each(PeerRateLimit::tidy),
        }
    }
}
