//! The roles that run in this process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinSet;
use usher_base::Clock;
use usher_base::secret::ServiceKey;
use usher_billing::ProofKeys;
use usher_rpc::{Readiness, Tasks};
use usher_tenant::Keyring;

use crate::config::{self, ServiceSettings, Settings};
use crate::databases::Databases;
use crate::listeners::{self, Listeners};
use crate::role::Role;
use crate::{key_file, lifecycle, telemetry};

/// How often billing looks for due jobs.
const JOBS_EVERY: Duration = Duration::from_secs(15);

/// The running roles. Each ends when shutdown begins, or when its transport fails.
#[derive(Debug)]
pub struct Running {
    roles: JoinSet<anyhow::Result<()>>,
    readiness: Readiness,
    databases: Databases,
}

impl Running {
    fn add(
        &mut self,
        name: &'static str,
        serving: impl Future<Output = Result<(), impl std::error::Error + Send + Sync + 'static>> + Send + 'static,
    ) {
        self.roles.spawn(async move {
            let ended = serving.await.with_context(|| format!("the {name} role failed"));
            tracing::info!(role = name, "stopped serving");
            ended
        });
    }

    /// The checks of what the roles need in order to serve.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// The databases of the roles.
    pub fn databases(&self) -> Databases {
        self.databases.clone()
    }

    /// Waits for a role that ends unexpectedly; forever while all serve.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn failed(&mut self) -> anyhow::Result<()> {
        match self.roles.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(error)) => bail!("a role ended: {error}"),
            None => std::future::pending().await,
        }
    }

    /// Waits until all roles have ended.
    pub async fn ended(&mut self) {
        while self.roles.join_next().await.is_some() {}
    }
}

/// `usher serve`: serves until SIGINT or SIGTERM, then drains.
///
/// # Errors
/// A setting can't be used, a database is not as it must be, or an address is in use.
pub async fn serve(role: Role, settings: Settings) -> anyhow::Result<()> {
    let tasks = Tasks::new();
    let handle = telemetry::init_metrics(role)?;
    let mut listeners = listeners::bind(role, &settings).await?;
    let metrics = listeners.metrics.take();
    let mut running = start(role, &settings, listeners, &tasks).await?;
    if let Some(metrics) = metrics {
        telemetry::serve_metrics(metrics, handle, (running.readiness(), running.databases()), &tasks);
    }
    tracing::info!(?role, "serving");
    let outcome = tokio::select! {
        stop = lifecycle::stop_requested() => stop,
        failed = running.failed() => failed.and_then(|()| bail!("a role ended unexpectedly")),
    };
    lifecycle::drain(&tasks, &mut running).await;
    outcome
}

/// Starts the roles that have a socket.
///
/// # Errors
/// As for [`serve`].
pub async fn start(
    role: Role,
    settings: &Settings,
    listeners: Listeners,
    tasks: &Tasks,
) -> anyhow::Result<Running> {
    start_by(Clock::system(), role, settings, listeners, tasks).await
}

/// As [`start`], by another clock than the system's: dev mode's.
pub(crate) async fn start_by(
    clock: Clock,
    role: Role,
    settings: &Settings,
    listeners: Listeners,
    tasks: &Tasks,
) -> anyhow::Result<Running> {
    let mut running =
        Running { roles: JoinSet::new(), readiness: Readiness::new(tasks), databases: Databases::default() };
    let tls = listeners.encryption.client.clone();
    drop(tasks.spawn(listeners.encryption.follow(tasks.clone())));
    if let Some(listener) = listeners.tenant.filter(|_| role.includes(Role::Tenant)) {
        let config = usher_tenant::Config {
            database_url: database_url("tenant", &settings.tenant)?,
            database_connections: settings.tenant.database_connections,
            keyring: keyring(&settings.tenant)?,
            log_retention: Duration::from_hours(24 * u64::from(settings.provisioning_log.retention_days)),
        };
        let service = usher_tenant::Service::start(config, clock.clone(), tasks).await?;
        running.databases.add("tenant", service.database());
        running.add("tenant", service.part_of(&running.readiness).serve(listener, tasks.clone()));
    }
    if let Some(listener) = listeners.billing.filter(|_| role.includes(Role::Billing)) {
        let own = &settings.billing;
        let config = usher_billing::Config {
            proof: proof_keys(&own.proof_key_file)?,
            database_url: database_url("billing", own)?,
            database_connections: own.database_connections,
            tenant_url: settings.tenant.url.clone(),
            tls: tls.clone(),
            jobs: usher_billing::JobSettings {
                close_after: config::duration(&own.close_after).context("billing.close_after")?,
                close_alarm_after: config::duration(&own.close_alarm_after)
                    .context("billing.close_alarm_after")?,
                verify_every: config::duration(&own.verify_every).context("billing.verify_every")?,
                poll: JOBS_EVERY,
            },
            service_key: Some(service_key("billing", own.service_key.as_ref(), &own.service_key_file)?),
        };
        let service = usher_billing::Service::start(config, clock.clone(), tasks).await?;
        running.databases.add("billing", service.database());
        running.add("billing", service.part_of(&running.readiness).serve(listener, tasks.clone()));
    }
    if let Some(listener) = listeners.identity.filter(|_| role.includes(Role::Identity)) {
        let own = &settings.identity;
        let config = usher_identity::Config {
            database_url: database_url("identity", own)?,
            database_connections: own.database_connections,
            tenant_url: settings.tenant.url.clone(),
            tls: tls.clone(),
            billing_url: settings.billing.url.clone(),
            service_key: service_key("identity", own.service_key.as_ref(), &own.service_key_file)?,
        };
        let service = usher_identity::Service::start(config, clock.clone(), tasks).await?;
        running.databases.add("identity", service.database());
        running.add("identity", service.part_of(&running.readiness).serve(listener, tasks.clone()));
    }
    if let Some(listener) = listeners.gateway.filter(|_| role.includes(Role::Gateway)) {
        let own = &settings.gateway;
        let config = usher_gateway::Config {
            tenant_url: settings.tenant.url.clone(),
            tls: tls.clone(),
            identity_url: settings.identity.url.clone(),
            public_url: own.public_url.clone(),
            trust_forwarded: own.trust_forwarded,
            rate_per_second: own.rate_per_second,
            rate_burst: own.rate_burst,
            service_key: service_key("gateway", own.service_key.as_ref(), &own.service_key_file)?,
        };
        let service = usher_gateway::Service::start(config, clock, tasks).await?;
        running.add("gateway", service.part_of(&running.readiness).serve(listener, tasks.clone()));
    }
    Ok(running)
}

/// Reads tenant's own keys.
///
/// # Errors
/// The key file can't be read, other users can read it, or it contains anything else.
pub fn keyring(tenant: &ServiceSettings) -> anyhow::Result<Keyring> {
    let text = match &tenant.keys {
        Some(keys) => keys.clone(),
        None => SecretString::from(key_file::read(Path::new(&tenant.key_file))?),
    };
    Keyring::parse(text.expose_secret()).context("can't use tenant.key_file")
}

/// The keys that sign the heads of ledgers; `None` if no file is named.
fn proof_keys(file: &str) -> anyhow::Result<Option<ProofKeys>> {
    if file.is_empty() {
        tracing::warn!("billing.proof_key_file is not set: the heads of ledgers are not signed");
        return Ok(None);
    }
    let keys = ProofKeys::parse(&key_file::read(Path::new(file))?);
    Ok(Some(keys.context("can't use billing.proof_key_file")?))
}

fn database_url(name: &str, service: &ServiceSettings) -> anyhow::Result<String> {
    let url = service.database_url.as_ref().with_context(|| format!("{name}.database_url is missing"))?;
    Ok(url.expose_secret().to_owned())
}

fn service_key(name: &str, value: Option<&SecretString>, file: &str) -> anyhow::Result<ServiceKey> {
    let text = config::secret(value, file)?;
    ServiceKey::parse(text.expose_secret()).with_context(|| {
        format!(
            "{name}.service_key_file does not hold a service key; make one with: usher service-key {name}"
        )
    })
}
