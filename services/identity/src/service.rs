//! Assembles the service.

use std::time::Duration;

use usher_base::secret::ServiceKey;
use usher_base::{Audience, Clock};
use usher_net::Listener;
use usher_net::tls::ClientTls;
use usher_proto::identity::v1::attribute_service_server::AttributeServiceServer;
use usher_proto::identity::v1::change_service_server::ChangeServiceServer;
use usher_proto::identity::v1::group_service_server::GroupServiceServer;
use usher_proto::identity::v1::seat_service_server::SeatServiceServer;
use usher_proto::identity::v1::user_service_server::UserServiceServer;
use usher_rpc::{
    Check, Readiness, Server, ServerConfig, ServiceCredential, Suspensions, Tasks, TenantKeys, TenantSlugs,
    Verifier, Workbench, connect,
};
use usher_store::{BootError, Database, DatabaseConfig};

use crate::attributes::Attributes;
use crate::cursor::Cursors;
use crate::epochs::Epochs;
use crate::groups::Groups;
use crate::grpc::attributes::AttributeApi;
use crate::grpc::changes::ChangeApi;
use crate::grpc::groups::GroupApi;
use crate::grpc::seats::SeatApi;
use crate::grpc::users::UserApi;
use crate::kept_apart;
use crate::methods::METHODS;
use crate::policy::Policies;
use crate::relay::{Nudge, Relay};
use crate::users::Users;

/// The configuration of the service.
#[derive(Debug)]
pub struct Config {
    /// The database URL, with the service's role.
    pub database_url: String,
    /// The maximum number of database connections.
    pub database_connections: u32,
    /// The address of tenant, such as `https://tenant.internal:9101`.
    pub tenant_url: String,
    /// The trusted authorities and the own certificate for calls to other services.
    pub tls: ClientTls,
    /// The address of billing.
    pub billing_url: String,
    /// The key of the service `identity`.
    pub service_key: ServiceKey,
}

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database URL can't be parsed.
    #[error("identity.database_url can't be used")]
    Database(#[from] usher_store::Error),
    /// The database is not as it must be.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// The address of another service can't be parsed.
    #[error("the address of another service can't be used")]
    Address(#[from] tonic::transport::Error),
}

/// The service, ready to serve.
pub struct Service {
    server: Server,
    database: Database,
    relay: Relay,
}

impl Service {
    /// Checks the database and assembles the service.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config, clock: Clock, tasks: &Tasks) -> Result<Self, StartError> {
        let database = Database::open(&DatabaseConfig {
            url: config.database_url,
            max_connections: config.database_connections,
            statement_timeout: Duration::from_secs(10),
            application: "usher-identity",
        })?;
        usher_store::check_belongs(&database, "identity", "heads").await?;
        usher_store::check(&database).await?;
        usher_store::check_clock(&database, clock.offset()).await?;
        kept_apart::report(&database).await?;
        let tenant = connect(&config.tenant_url, &config.tls)?;
        let billing = connect(&config.billing_url, &config.tls)?;
        let cursors = Cursors::new(&config.service_key);
        let credential =
            ServiceCredential::new("identity", config.service_key, tenant.clone(), clock.clone());
        let verifier = Verifier::new(TenantKeys::new(tenant.clone()), Audience::Identity, clock.clone());
        let slugs = TenantSlugs::new(tenant.clone(), credential.clone());
        let suspensions = Suspensions::new(tenant.clone(), credential.clone());
        let nudge = Nudge::default();
        let workbench = Workbench::default();
        let users = Users {
            database: database.clone(),
            policies: Policies::new(database.clone(), tenant, credential.clone()),
            relay: nudge.clone(),
            cursors: cursors.clone(),
            workbench: workbench.clone(),
        };
        let groups = Groups { database: database.clone(), cursors, workbench };
        let attributes = Attributes { database: database.clone() };
        let relay = Relay {
            database: database.clone(),
            billing: billing.clone(),
            credential: credential.clone(),
            verifier: verifier.clone(),
            clock: clock.clone(),
            nudge,
        };
        let setup = ServerConfig {
            role: "identity",
            longest: Duration::from_secs(30),
            most_calls: 1_024,
            methods: METHODS,
        };
        let asked = database.clone();
        let ready = Check::answering("the identity database", move || {
            let database = asked.clone();
            async move { database.ping().await }
        });
        let server = Server::new(setup, verifier, slugs, clock)
            .add(UserServiceServer::new(UserApi { users, tasks: tasks.clone() }))
            .add(GroupServiceServer::new(GroupApi { groups, tasks: tasks.clone() }))
            .add(AttributeServiceServer::new(AttributeApi { attributes, tasks: tasks.clone() }))
            .add(ChangeServiceServer::new(ChangeApi::new(database.clone(), tasks.clone())))
            .add(SeatServiceServer::new(SeatApi {
                database: database.clone(),
                epochs: Epochs { database: database.clone(), billing, credential },
                tasks: tasks.clone(),
            }))
            .until_suspended(suspensions)
            .ready_when(ready);
        Ok(Self { server, database, relay })
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

    /// Serves, and exchanges events and limits with billing, until shutdown begins.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(self, listener: Listener, tasks: Tasks) -> std::io::Result<()> {
        tasks.spawn(self.relay.clone().upkeep(tasks.clone()));
        tasks.spawn(self.relay.clone().follow_limits(tasks.clone()));
        tasks.spawn(self.relay.run(tasks.clone()));
        self.server.serve(listener, tasks).await
    }
}
