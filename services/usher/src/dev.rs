//! `usher dev`: everything on this machine, in one directory.

pub(crate) mod clock;
mod demo;
mod directory;
mod seeded;
mod site;

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use usher_base::Clock;
use usher_rpc::Tasks;
use usher_store::{Cluster, Database, DatabaseConfig, Durability, MigrateError, OWNER_ROLE};
use usher_tenant::ServiceKeys;

use crate::cli::DevArgs;
use crate::config::{LogSettings, Settings, reachable};
use crate::listeners::{self, Listeners};
use crate::role::Role;
use crate::{key_file, lifecycle, roles, telemetry};

/// The services that have a database.
const DATABASES: [&str; 3] = ["tenant", "identity", "billing"];
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Starts a private PostgreSQL, the four roles and the demo workspaces. Serves until SIGINT or SIGTERM.
///
/// # Errors
/// One line that says what to do: an address is in use, there is no PostgreSQL, or the directory can't be used.
pub async fn run(args: DevArgs) -> anyhow::Result<()> {
    telemetry::init_log(&LogSettings { format: "auto".into(), filter: args.log.clone() })?;
    stay_here(&args)?;
    let directory = directory::DataDirectory::open(&args.data_dir).await?;
    let mut settings = Settings::default();
    settings.gateway.listen = args.listen.to_string();
    settings.gateway.rate_per_second = args.rate_per_second;
    settings.gateway.rate_burst = args.rate_per_second.saturating_mul(4);
    for (listen, address) in [
        (&mut settings.tenant.listen, args.tenant_listen),
        (&mut settings.identity.listen, args.identity_listen),
        (&mut settings.billing.listen, args.billing_listen),
        (&mut settings.metrics.listen, args.metrics_listen),
    ] {
        *listen = address.to_string();
    }
    settings.fill_defaults();
    // Before PostgreSQL is started, because it inherits the raised limit on file descriptors.
    let listeners = listeners::bind(Role::All, &settings)
        .await
        .with_context(|| format!("no ports for usher dev; is --listen {} free?", args.listen))?;
    if args.reset {
        Cluster::stop_leftover(&directory.cluster()).await;
        directory.clear()?;
    }
    directory.remove_demo()?;
    let clock = clock::open(&directory, args.clock)?;
    // Heard from here on: a signal during the start must not leave PostgreSQL behind.
    let mut stop = std::pin::pin!(lifecycle::stop_requested());
    let postgres = directory.cluster();
    let cluster = tokio::select! {
        biased;
        stopped = &mut stop => return stopped,
        started = Cluster::start(&postgres, Durability::Full) => started?,
    };
    let place = Place { directory: &directory, cluster: &cluster, clock };
    let served = Box::pin(serve(settings, listeners, place, stop)).await;
    directory.remove_demo()?;
    cluster.stop().await;
    served
}

/// Refuses addresses that others can reach, because `usher dev` has no certificates.
fn stay_here(args: &DevArgs) -> anyhow::Result<()> {
    let addresses = [
        ("--listen", args.listen),
        ("--tenant-listen", args.tenant_listen),
        ("--identity-listen", args.identity_listen),
        ("--billing-listen", args.billing_listen),
        ("--metrics-listen", args.metrics_listen),
    ];
    let others = addresses.into_iter().find(|(_, address)| !usher_net::is_loopback(address.ip()));
    if let Some((flag, address)) = others
        && !args.allow_plaintext
    {
        bail!(
            "{flag} {address} can be reached from other machines, and usher dev does not encrypt: anybody on the \
             network path can read and change the traffic, including tokens; listen on 127.0.0.1, or pass --allow-plaintext"
        );
    }
    Ok(())
}

/// What it serves from.
struct Place<'a> {
    directory: &'a directory::DataDirectory,
    cluster: &'a Cluster,
    /// The clock that can be moved, where there is one.
    clock: Option<Clock>,
}

impl Place<'_> {
    fn clock(&self) -> Clock {
        self.clock.clone().unwrap_or_else(Clock::system)
    }
}

async fn serve(
    mut settings: Settings,
    mut listeners: Listeners,
    place: Place<'_>,
    mut stop: Pin<&mut impl Future<Output = anyhow::Result<()>>>,
) -> anyhow::Result<()> {
    let tasks = Tasks::new();
    let handle = telemetry::init_metrics(Role::All)?;
    for (role, service) in [
        (Role::Tenant, &mut settings.tenant),
        (Role::Identity, &mut settings.identity),
        (Role::Billing, &mut settings.billing),
    ] {
        let address = listeners.address(role).context("a service has no port")?;
        service.url = format!("http://{}", reachable(address));
    }
    let address = listeners.address(Role::Gateway).context("the gateway has no port")?;
    let metrics = listeners.metrics.take().context("metrics have no port")?;
    let directory = place.directory;
    key_file::ensure(&directory.key_file())?;
    settings.tenant.key_file = display(&directory.key_file());
    key_file::ensure(&directory.proof_key())?;
    settings.billing.proof_key_file = display(&directory.proof_key());
    prepare_databases(&place, &mut settings).await?;
    let keys = service_keys(&mut settings, place.clock()).await?;
    let mut running = roles::start_by(place.clock(), Role::All, &settings, listeners, &tasks).await?;
    let metrics_address = metrics.local_addr()?;
    telemetry::serve_metrics(metrics, handle, (running.readiness(), running.databases()), &tasks);
    let mut site = site::Site {
        base_url: format!("http://{}", reachable(address)),
        tenant_url: settings.tenant.url.clone(),
        identity_url: settings.identity.url.clone(),
        billing_url: settings.billing.url.clone(),
        metrics_url: format!("http://{metrics_address}/metrics"),
        ..site::Site::default()
    };
    site.sign(&keys).await?;
    let seed = async {
        let workspaces = demo::seed(&site, &directory.secrets()).await?;
        ready(reachable(address)).await?;
        anyhow::Ok(workspaces)
    };
    let seeded = tokio::select! {
        seeded = seed => seeded,
        stopped = &mut stop => { lifecycle::drain(&tasks, &mut running).await; return stopped },
        failed = running.failed() => failed.and_then(|()| bail!("a role ended unexpectedly")),
    };
    let outcome = match seeded {
        Ok(workspaces) => tokio::select! {
            stopped = stop => stopped,
            failed = running.failed() => failed.and_then(|()| bail!("a role ended by itself")),
            failed = offer(place, keys, site, workspaces) => failed,
        },
        Err(error) => Err(error),
    };
    lifecycle::drain(&tasks, &mut running).await;
    outcome
}

/// Says that everything is ready, and lets the clock be moved, until that fails.
async fn offer(
    place: Place<'_>,
    keys: ServiceKeys,
    site: site::Site,
    workspaces: Vec<seeded::Seeded>,
) -> anyhow::Result<()> {
    let Place { directory, cluster, clock } = place;
    let socket = clock.as_ref().map(|_| directory.bind_clock_socket()).transpose()?;
    directory.write_demo(&site.document(&workspaces))?;
    site.print(&workspaces, &directory.demo());
    let Some((clock, socket)) = clock.zip(socket) else { return std::future::pending().await };
    println!("It is {}; usher dev clock moves time forward.", clock::seconds(clock.now()));
    clock::Movable { clock, directory, cluster, keys, site, workspaces }.listen(socket).await
}

/// Makes and migrates the three databases, and puts their addresses into the settings.
async fn prepare_databases(place: &Place<'_>, settings: &mut Settings) -> anyhow::Result<()> {
    let cluster = place.cluster;
    let services = [
        (&mut settings.tenant, &usher_tenant::MIGRATOR),
        (&mut settings.identity, &usher_identity::MIGRATOR),
        (&mut settings.billing, &usher_billing::MIGRATOR),
    ];
    for (name, (service, migrator)) in DATABASES.into_iter().zip(services) {
        let database = database(name);
        cluster.ensure_database(&database).await?;
        usher_store::migrate(&cluster.url(&database, OWNER_ROLE), migrator)
            .await
            .map_err(|error| unusable(name, error))?;
        if let Some(offset) = place.clock.as_ref().and_then(Clock::offset) {
            usher_store::move_clock(&cluster.url(&database, OWNER_ROLE), offset).await?;
        }
        let role = usher_store::service_role(name);
        usher_store::admit(&cluster.url(&database, OWNER_ROLE), &role).await?;
        service.database_url = Some(SecretString::from(cluster.url(&database, &role)));
    }
    Ok(())
}

/// What a service's database is called.
fn database(service: &str) -> String {
    format!("usher_{service}")
}

/// Why a database can't be used. Data of a newer program is not this one's to delete.
fn unusable(name: &str, error: MigrateError) -> anyhow::Error {
    let advice = match error {
        MigrateError::Newer(_) => {
            "the data directory belongs to a newer version of usher: run that one, or choose another \
             --data-dir"
        }
        _ => "choose another --data-dir, or start again with --reset",
    };
    anyhow::Error::new(error).context(format!("the {name} database can't be migrated; {advice}"))
}

/// Gives gateway, identity and billing keys that live as long as this process.
async fn service_keys(settings: &mut Settings, clock: Clock) -> anyhow::Result<ServiceKeys> {
    let url =
        settings.tenant.database_url.as_ref().map(secrecy::ExposeSecret::expose_secret).unwrap_or_default();
    let database = Database::open(&DatabaseConfig {
        url: url.to_owned(),
        max_connections: 1,
        statement_timeout: Duration::from_secs(10),
        application: "usher-dev",
    })?;
    let keys = ServiceKeys::new(database, roles::keyring(&settings.tenant)?, clock);
    for (name, slot) in [
        ("gateway", &mut settings.gateway.service_key),
        ("identity", &mut settings.identity.service_key),
        ("billing", &mut settings.billing.service_key),
    ] {
        let key = keys.create(name).await?;
        keys.retire_others(name, &key).await?;
        *slot = Some(SecretString::from(key.expose().to_owned()));
    }
    Ok(keys)
}

/// Waits until the gateway is ready.
async fn ready(address: SocketAddr) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + READY_WITHIN;
    while !is_ready(address).await.unwrap_or(false) {
        if tokio::time::Instant::now() > deadline {
            bail!("the gateway was not ready after {} s; the log says why", READY_WITHIN.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

/// The absolute form of a path, for people.
fn display(path: &Path) -> String {
    path.display().to_string()
}
