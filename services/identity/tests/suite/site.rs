//! Identity and tenant, and a workspace's apps as identity providers use them.

use std::time::Duration;

use jiff::SignedDuration;
use sqlx::{Connection as _, PgConnection};
use tonic::Request;
use tonic::transport::Channel;
use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_base::secret::ServiceKey;
use usher_net::Listener;
use usher_net::tls::ClientTls;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::access_service_client::AccessServiceClient;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_proto::tenant::v1::plan_service_client::PlanServiceClient;
use usher_proto::tenant::v1::token_service_client::TokenServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::{Tasks, connect};
use usher_store::{Database, DatabaseConfig};
use usher_tenant::{Keyring, ServiceKeys};
use usher_testing::TestDatabase;

use crate::caller::{Caller, request};

const SLUG: &str = "acme";

/// The two services, with one workspace.
pub struct Site {
    identity: Channel,
    tenant: Channel,
    operator: String,
    gateway: String,
    workspace: WorkspaceId,
    tasks: Tasks,
    database: TestDatabase,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.tasks.soft_stop();
    }
}

impl Site {
    /// Starts both, and creates the workspace.
    pub async fn start() -> Self {
        Self::with_clock(Clock::system()).await
    }

    /// Like [`Site::start`], with another clock.
    pub async fn with_clock(clock: Clock) -> Self {
        let tasks = Tasks::new();
        let database = TestDatabase::create("tenant", &usher_tenant::MIGRATOR).await.url();
        let keyring = Keyring::generate();
        let config = usher_tenant::Config {
            database_url: database.clone(),
            database_connections: 4,
            keyring: keyring.clone(),
            log_retention: Duration::from_hours(1),
        };
        let service = usher_tenant::Service::start(config, clock.clone(), &tasks).await.unwrap();
        let tenant_url = serve(&tasks, |listener, tasks| service.serve(listener, tasks)).await;
        let keys = ServiceKeys::new(open(database), keyring, clock.clone());
        let service_key = keys.create("identity").await.unwrap();
        let gateway_key = keys.create("gateway").await.unwrap();
        let operator = keys.operator_credential("tester", SignedDuration::from_hours(1)).await.unwrap();

        let database = TestDatabase::create("identity", &usher_identity::MIGRATOR).await;
        let config = usher_identity::Config {
            database_url: database.url(),
            database_connections: 16,
            tenant_url: tenant_url.clone(),
            tls: ClientTls::default(),
            // Billing is not running: seat events wait, and no write waits for them.
            billing_url: "http://127.0.0.1:9".to_owned(),
            service_key,
        };
        let service = usher_identity::Service::start(config, clock, &tasks).await.unwrap();
        let identity_url = serve(&tasks, |listener, tasks| service.serve(listener, tasks)).await;
        let tenant = connect(&tenant_url, &ClientTls::default()).unwrap();
        let gateway = issue(&tenant, "gateway", &gateway_key).await;
        let mut site = Self {
            identity: connect(&identity_url, &ClientTls::default()).unwrap(),
            tenant,
            operator,
            gateway,
            workspace: WorkspaceId::from_uuid(uuid::Uuid::nil()),
            tasks,
            database,
        };
        site.make_workspace().await;
        site
    }

    async fn make_workspace(&mut self) {
        let plan = tenant::Plan { name: "Open".into(), scim: true, ..Default::default() };
        let message = tenant::CreatePlanRequest { plan: Some(plan) };
        PlanServiceClient::new(self.tenant.clone()).create_plan(self.operated(message)).await.unwrap();
        let message = tenant::CreateWorkspaceRequest {
            slug: SLUG.into(),
            name: "Acme".into(),
            plan: "Open".into(),
            ..Default::default()
        };
        let made = WorkspaceServiceClient::new(self.tenant.clone())
            .create_workspace(self.operated(message))
            .await
            .unwrap();
        self.workspace = made.into_inner().workspace.unwrap().id.parse().unwrap();
    }

    fn operated<T>(&self, message: T) -> Request<T> {
        request(&self.operator, Some(self.workspace), message)
    }

    /// An app with its own token.
    pub async fn app(&self, name: &str) -> Caller {
        let message = tenant::CreateAppRequest { name: name.to_owned(), ..Default::default() };
        let app =
            AppServiceClient::new(self.tenant.clone()).create_app(self.operated(message)).await.unwrap();
        let app_id = app.into_inner().app.unwrap().id;
        let message =
            tenant::CreateTokenRequest { app_id: app_id.clone(), name: "first".into(), ..Default::default() };
        let token =
            TokenServiceClient::new(self.tenant.clone()).create_token(self.operated(message)).await.unwrap();
        let message = tenant::CheckTokenRequest { workspace: SLUG.into(), token: token.into_inner().secret };
        let checked = AccessServiceClient::new(self.tenant.clone())
            .check_token(request(&self.gateway, None, message))
            .await
            .unwrap();
        Caller { app: app_id, ..self.caller(checked.into_inner().credential) }
    }

    /// Deletes an API app.
    pub async fn delete_app(&self, app: &Caller) {
        let message = tenant::DeleteAppRequest { id: app.app.clone(), own_password: String::new() };
        AppServiceClient::new(self.tenant.clone()).delete_app(self.operated(message)).await.unwrap();
    }

    /// The id of an API app of another workspace.
    pub async fn app_of_another_workspace(&self) -> String {
        let message = tenant::CreateWorkspaceRequest {
            slug: "globex".into(),
            name: "Globex".into(),
            plan: "Open".into(),
            ..Default::default()
        };
        let made = WorkspaceServiceClient::new(self.tenant.clone())
            .create_workspace(request(&self.operator, None, message))
            .await
            .unwrap();
        let workspace = made.into_inner().workspace.unwrap().id.parse().unwrap();
        let message = tenant::CreateAppRequest { name: "Theirs".into(), ..Default::default() };
        let app = AppServiceClient::new(self.tenant.clone())
            .create_app(request(&self.operator, Some(workspace), message))
            .await
            .unwrap();
        app.into_inner().app.unwrap().id
    }

    /// Returns the operator as a caller.
    pub fn operator(&self) -> Caller {
        self.caller(self.operator.clone())
    }

    fn caller(&self, credential: String) -> Caller {
        Caller {
            channel: self.identity.clone(),
            credential,
            workspace: self.workspace,
            stable_ids: false,
            app: String::new(),
        }
    }

    /// A connection to identity's database as its owner.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.database.owner_url()).await.unwrap()
    }

    /// The person key of a user, also of a deleted one.
    pub async fn person_of(&self, user: &str) -> Option<uuid::Uuid> {
        let sql = "SELECT person_key FROM users WHERE user_id = $1
                   UNION SELECT person_key FROM deleted_users WHERE user_id = $1";
        let id: uuid::Uuid = user.parse().unwrap();
        sqlx::query_scalar(sql).bind(id).fetch_optional(&mut self.owner().await).await.unwrap()
    }
}

async fn serve<F>(tasks: &Tasks, service: impl FnOnce(Listener, Tasks) -> F) -> String
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(service(listener, tasks.clone()));
    url
}

fn open(url: String) -> Database {
    Database::open(&DatabaseConfig {
        url,
        max_connections: 2,
        statement_timeout: Duration::from_secs(10),
        application: "test",
    })
    .unwrap()
}

async fn issue(channel: &Channel, name: &str, key: &ServiceKey) -> String {
    let message = tenant::IssueCredentialRequest { name: name.to_owned(), key: key.expose().to_owned() };
    CredentialServiceClient::new(channel.clone())
        .issue_credential(message)
        .await
        .unwrap()
        .into_inner()
        .credential
}
