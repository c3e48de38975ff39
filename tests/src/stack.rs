//! A complete Usher for a test: the four real roles, with their own databases and ports.
#![expect(clippy::unwrap_used, reason = "a test can't continue without its stack")]

pub mod processes;
mod workspace;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, PgConnection};
use usher::config::{ServiceSettings, Settings, TlsSettings};
use usher::listeners;
use usher::role::Role;
use usher::roles::{self, Running};
use usher_base::Clock;
use usher_base::secret::ServerKey;
use usher_net::tls::{ClientFiles, ClientTls, Pair};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_rpc::Tasks;
use usher_store::{Database, DatabaseConfig};
use usher_tenant::ServiceKeys;
use usher_testing::TestDatabase;

use crate::operator::{Addresses, Operator};

pub use processes::Processes;
pub use workspace::{Workspace, WorkspaceBuilder};

/// The plans of every stack: name, SCIM included, domains enforced.
pub(crate) const PLANS: [(&str, bool, bool); 3] =
    [("Enterprise", true, true), ("Open", true, false), ("Free", false, true)];
const ANY_PORT: &str = "127.0.0.1:0";
const OPERATOR_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// The four roles in this process, which talk to each other over real sockets. They stop when this is dropped.
#[derive(Debug)]
pub struct Stack {
    settings: Settings,
    tasks: Tasks,
    running: Vec<Running>,
    operator: Operator,
    gateway: String,
    databases: Databases,
}

/// The databases, one per service.
#[derive(Clone, Debug)]
pub struct Databases {
    pub tenant: TestDatabase,
    pub identity: TestDatabase,
    pub billing: TestDatabase,
}

impl Databases {
    async fn create() -> Self {
        Self {
            tenant: TestDatabase::create("tenant", &usher_tenant::MIGRATOR).await,
            identity: TestDatabase::create("identity", &usher_identity::MIGRATOR).await,
            billing: TestDatabase::create("billing", &usher_billing::MIGRATOR).await,
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.tasks.soft_stop();
    }
}

impl Stack {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts everything with changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let databases = Databases::create().await;
        let mut settings = Settings::default();
        settings.tenant.keys = Some(SecretString::from(ServerKey::generate().expose().to_owned()));
        let keys = service_keys(&databases.tenant.url(), &settings.tenant);
        settings.gateway.listen = ANY_PORT.into();
        settings.metrics.listen = ANY_PORT.into();
        settings.gateway.rate_per_second = 0;
        for (service, database) in [
            (&mut settings.tenant, &databases.tenant),
            (&mut settings.identity, &databases.identity),
            (&mut settings.billing, &databases.billing),
        ] {
            service.listen = ANY_PORT.into();
            service.database_url = Some(SecretString::from(database.url()));
            service.database_connections = 8;
        }
        for (name, slot) in [
            ("gateway", &mut settings.gateway.service_key),
            ("identity", &mut settings.identity.service_key),
            ("billing", &mut settings.billing.service_key),
        ] {
            *slot = Some(SecretString::from(keys.create(name).await.unwrap().expose().to_owned()));
        }
        settings.fill_defaults();
        change(&mut settings);

        let listeners = listeners::bind(Role::All, &settings).await.unwrap();
        let scheme = |certificate: &str| if certificate.is_empty() { "http" } else { "https" };
        let between = scheme(&settings.tls.certificate_file);
        let url = |role| format!("{between}://{}", listeners.address(role).unwrap());
        settings.tenant.url = url(Role::Tenant);
        settings.identity.url = url(Role::Identity);
        settings.billing.url = url(Role::Billing);
        let public = scheme(&settings.gateway.certificate_file);
        let gateway = format!("{public}://{}", listeners.address(Role::Gateway).unwrap());
        let tasks = Tasks::new();
        let running = Box::pin(roles::start(Role::All, &settings, listeners, &tasks)).await.unwrap();

        let credential = keys.operator_credential("tester", OPERATOR_LIFE).await.unwrap();
        let addresses = Addresses {
            tenant: settings.tenant.url.clone(),
            identity: settings.identity.url.clone(),
            billing: settings.billing.url.clone(),
        };
        let operator = Operator::new(&addresses, credential, &client_tls(&settings)).unwrap();
        for (name, scim, enforce_domains) in PLANS {
            operator.plan(name, scim, enforce_domains).await.unwrap();
        }
        Self { settings, tasks, running: vec![running], operator, gateway, databases }
    }

    /// A workspace with the plan Enterprise and the approved domain `<slug>.example`, unless the builder changes it.
    pub fn workspace(&self, slug: &str) -> WorkspaceBuilder {
        WorkspaceBuilder::new(self.operator.clone(), self.gateway.clone(), slug)
    }

    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The gateway's URL: `http://127.0.0.1:…`.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The part of demo.json that operator's commands need.
    pub fn demo(&self) -> serde_json::Value {
        serde_json::json!({
            "grpc": {
                "tenant": self.settings.tenant.url, "identity": self.settings.identity.url,
                "billing": self.settings.billing.url,
            },
            "service_credential": self.operator.credential(),
        })
    }

    pub const fn databases(&self) -> &Databases {
        &self.databases
    }

    /// The credential of a service: `gateway`, `identity` or `billing`.
    pub async fn service_credential(&self, service: &str) -> String {
        let key = match service {
            "gateway" => &self.settings.gateway.service_key,
            "identity" => &self.settings.identity.service_key,
            "billing" => &self.settings.billing.service_key,
            other => panic!("there is no key of {other}"),
        };
        let key = key.as_ref().unwrap().expose_secret().to_owned();
        let message = pb::IssueCredentialRequest { name: service.to_owned(), key };
        let mut client = CredentialServiceClient::new(self.operator.tenant());
        client.issue_credential(message).await.unwrap().into_inner().credential
    }

    /// The settings, with another database for one service.
    pub fn settings_with(&self, service: &str, database: &TestDatabase) -> Settings {
        let mut settings = self.settings.clone();
        let own = match service {
            "tenant" => &mut settings.tenant,
            "identity" => &mut settings.identity,
            "billing" => &mut settings.billing,
            other => panic!("{other} has no database"),
        };
        own.database_url = Some(SecretString::from(database.url()));
        settings
    }

    /// Starts another gateway and returns its URL.
    pub async fn another_gateway(&mut self) -> String {
        let listeners = listeners::bind(Role::Gateway, &self.settings).await.unwrap();
        let address = listeners.address(Role::Gateway).unwrap();
        self.running.push(roles::start(Role::Gateway, &self.settings, listeners, &self.tasks).await.unwrap());
        format!("http://{address}")
    }

    /// A connection to a database as its owner, who sees the rows of all workspaces.
    pub async fn owner(&self, database: &TestDatabase) -> PgConnection {
        PgConnection::connect(&database.owner_url()).await.unwrap()
    }
}

/// The certificates and trusted authorities of the services.
fn client_tls(settings: &Settings) -> ClientTls {
    let TlsSettings { certificate_file, key_file, ca_file, .. } = &settings.tls;
    if certificate_file.is_empty() {
        return ClientTls::default();
    }
    let pair = Pair { certificate: certificate_file.into(), key: key_file.into() };
    ClientTls::load(ClientFiles { authorities: Some(ca_file.into()), pair: Some(pair) }).unwrap()
}

/// Creates service keys in a tenant database.
fn service_keys(url: &str, tenant: &ServiceSettings) -> ServiceKeys {
    let database = Database::open(&DatabaseConfig {
        url: url.to_owned(),
        max_connections: 1,
        statement_timeout: std::time::Duration::from_secs(10),
        application: "usher-tests",
    })
    .unwrap();
    ServiceKeys::new(database, roles::keyring(tenant).unwrap(), Clock::system())
}

/// A port that is free now, and that nobody uses while its program is restarted: outgoing connections use ports from
/// 32768 up, and each test process begins at a different place.
pub fn free_port() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(61);
    (0..PORTS.len())
        .map(|_| {
            begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % u32::try_from(PORTS.len()).unwrap()
        })
        .map(|place| SocketAddr::from(([127, 0, 0, 1], PORTS.start + u16::try_from(place).unwrap())))
        .find(|address| std::net::TcpListener::bind(address).is_ok())
        .unwrap()
}

/// The range of [`free_port`].
const PORTS: std::ops::Range<u16> = 20_000..32_000;
