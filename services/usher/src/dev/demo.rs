//! The demo workspaces.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use rand::RngExt as _;
use tonic::transport::Channel;
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_net::tls::ClientTls;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::price_service_client::PriceServiceClient;
use usher_proto::seats::v1::Cap;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;
use usher_proto::tenant::v1::domain_service_client::DomainServiceClient;
use usher_proto::tenant::v1::plan_service_client::PlanServiceClient;
use usher_proto::tenant::v1::token_service_client::TokenServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::{Failure, WireEnum as _};
use usher_seats::SeatClass;

use super::directory::write_private;
use super::seeded::{Demo, Secrets, Seeded};
use super::site::Site;

/// Plans: name, SCIM included, domains enforced.
const PLANS: [(&str, bool, bool); 4] =
    [("Enterprise", true, true), ("Business", true, true), ("Sandbox", true, false), ("Free", false, true)];

/// Every plan's: 15 Collaborators in a hundred paid licences, and never fewer than 20.
const COLLABORATOR_CAP: Cap = Cap { at_least: 20, percent: 15 };

const WORKSPACES: [Demo; 3] = [
    Demo {
        slug: "acme",
        title: "Acme",
        plan: "Enterprise",
        domains: &["acme.example", "acme-guests.example"],
    },
    Demo { slug: "globex", title: "Globex", plan: "Business", domains: &["globex.example"] },
    Demo { slug: "sandbox", title: "Sandbox", plan: "Sandbox", domains: &[] },
];

const PRICES: [(SeatClass, &str); 2] = [(SeatClass::Regular, "12.00"), (SeatClass::External, "8.00")];
const APP: &str = "Azure AD SCIM";

/// Creates what is missing of the demo workspaces. Existing parts stay as they are.
pub(super) async fn seed(site: &Site, secrets_file: &Path) -> anyhow::Result<Vec<Seeded>> {
    let seeder = Seeder {
        channel: usher_rpc::connect(&site.tenant_url, &ClientTls::default())?,
        billing: usher_rpc::connect(&site.billing_url, &ClientTls::default())?,
        site,
    };
    let mut secrets: BTreeMap<String, Secrets> = match fs::read(secrets_file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged; start again with --reset", secrets_file.display()))?,
        Err(_) => BTreeMap::new(),
    };
    seeder.plans().await?;
    let mut done = Vec::new();
    for demo in &WORKSPACES {
        // Passwords are stored before they are used, so that the next start can continue an interrupted one.
        let own = secrets
            .entry(demo.slug.to_owned())
            .or_insert_with(|| Secrets { password: password(), token: String::new() });
        let mut own = own.clone();
        write_private(secrets_file, &serde_json::to_value(&secrets)?)?;
        let id = seeder
            .workspace(demo, &mut own)
            .await
            .with_context(|| format!("demo workspace {}", demo.slug))?;
        secrets.insert(demo.slug.to_owned(), own.clone());
        write_private(secrets_file, &serde_json::to_value(&secrets)?)?;
        done.push(Seeded { demo, id, secrets: own });
    }
    Ok(done)
}

struct Seeder<'a> {
    channel: Channel,
    billing: Channel,
    site: &'a Site,
}

impl Seeder<'_> {
    fn request<T>(&self, message: T, workspace: Option<WorkspaceId>) -> tonic::Request<T> {
        self.site.request(message, workspace)
    }

    async fn plans(&self) -> anyhow::Result<()> {
        let mut plans = PlanServiceClient::new(self.channel.clone());
        for (name, scim, enforce_domains) in PLANS {
            let plan = pb::Plan {
                id: String::new(),
                name: name.to_owned(),
                scim,
                enforce_domains,
                collaborator_cap: Some(COLLABORATOR_CAP),
            };
            let message = pb::CreatePlanRequest { plan: Some(plan) };
            unless_there(plans.create_plan(self.request(message, None)).await)?;
        }
        Ok(())
    }

    async fn workspace(&self, demo: &Demo, secrets: &mut Secrets) -> anyhow::Result<String> {
        let mut workspaces = WorkspaceServiceClient::new(self.channel.clone());
        let message = pb::CreateWorkspaceRequest {
            slug: demo.slug.to_owned(),
            name: demo.title.to_owned(),
            plan: demo.plan.to_owned(),
            ..Default::default()
        };
        unless_there(workspaces.create_workspace(self.request(message, None)).await)?;
        let message = pb::GetWorkspaceRequest { workspace: demo.slug.to_owned() };
        let found = workspaces.get_workspace(self.request(message, None)).await.map_err(Failure::from)?;
        let id = found.into_inner().workspace.unwrap_or_default().id;
        let workspace: WorkspaceId = id.parse()?;
        if secrets.token.is_empty() {
            self.domains(demo, workspace).await?;
            self.admin(demo, workspace, &secrets.password).await?;
            self.prices(workspace).await?;
            secrets.token = self.token(workspace).await?;
        }
        Ok(id)
    }

    async fn domains(&self, demo: &Demo, workspace: WorkspaceId) -> anyhow::Result<()> {
        let mut domains = DomainServiceClient::new(self.channel.clone());
        for name in demo.domains {
            let message = pb::ApproveDomainRequest { name: (*name).to_owned(), ..Default::default() };
            domains.approve_domain(self.request(message, Some(workspace))).await.map_err(Failure::from)?;
        }
        Ok(())
    }

    async fn admin(&self, demo: &Demo, workspace: WorkspaceId, password: &str) -> anyhow::Result<()> {
        let message = pb::CreateAdminRequest {
            email: demo.email(),
            password: password.to_owned(),
            permissions: vec![pb::AdminPermission::ConfigureAdvancedSecuritySettings.into()],
            ..Default::default()
        };
        let mut admins = AdminServiceClient::new(self.channel.clone());
        unless_there(admins.create_admin(self.request(message, Some(workspace))).await)
    }

    async fn prices(&self, workspace: WorkspaceId) -> anyhow::Result<()> {
        let mut admin = PriceServiceClient::new(self.billing.clone());
        for (class, price) in PRICES {
            let version = billing::PriceVersion {
                class: class.to_wire(),
                unit_price: price.to_owned(),
                valid_from: "2020-01-01".to_owned(),
                ..Default::default()
            };
            let message = billing::CreatePriceVersionRequest { price_version: Some(version) };
            unless_there(admin.create_price_version(self.request(message, Some(workspace))).await)?;
        }
        Ok(())
    }

    async fn token(&self, workspace: WorkspaceId) -> anyhow::Result<String> {
        let mut apps = AppServiceClient::new(self.channel.clone());
        let message =
            pb::CreateAppRequest { name: APP.to_owned(), description: "Made by usher dev".to_owned() };
        unless_there(apps.create_app(self.request(message, Some(workspace))).await)?;
        let listed = apps
            .list_apps(self.request(pb::ListAppsRequest {}, Some(workspace)))
            .await
            .map_err(Failure::from)?;
        let app = listed
            .into_inner()
            .apps
            .into_iter()
            .find(|app| app.name == APP)
            .context("the demo app is missing")?;
        let message =
            pb::CreateTokenRequest { app_id: app.id, name: "demo".to_owned(), ..Default::default() };
        let mut tokens = TokenServiceClient::new(self.channel.clone());
        let made =
            tokens.create_token(self.request(message, Some(workspace))).await.map_err(Failure::from)?;
        Ok(made.into_inner().secret)
    }
}

/// Treats an existing object like one that was created now.
fn unless_there<T>(answer: Result<T, tonic::Status>) -> anyhow::Result<()> {
    match answer.map_err(Failure::from) {
        Err(failure) if failure.reason != Reason::AlreadyExists => Err(failure.into()),
        _ => Ok(()),
    }
}

fn password() -> String {
    let mut rng = rand::rng();
    (0..20).map(|_| char::from(b"abcdefghjkmnpqrstuvwxyz23456789"[rng.random_range(0..31)])).collect()
}
