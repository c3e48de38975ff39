//! The real program, with one process per role, on a separate PostgreSQL: for tests that kill processes.
#![expect(clippy::unwrap_used, reason = "a test can't continue without its processes")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use usher::config::ServiceSettings;
use usher_base::secret::ServerKey;
use usher_net::tls::ClientTls;
use usher_store::{Cluster, Durability, OWNER_ROLE, service_role};
use usher_testing::temporary_directory;

use super::{OPERATOR_LIFE, PLANS, WorkspaceBuilder, free_port, service_keys};
use crate::operator::{Addresses, Operator};

/// The roles in the order of their start.
pub const ROLES: [&str; 4] = ["tenant", "billing", "identity", "gateway"];
const READY_WITHIN: Duration = Duration::from_secs(30);

/// The processes. When this is dropped, they are killed, and PostgreSQL is stopped.
#[derive(Debug)]
pub struct Processes {
    roles: BTreeMap<&'static str, RoleProcess>,
    operator: Operator,
    cluster: Option<Cluster>,
    launch: Launch,
    directory: TempDir,
}

/// The options of the processes.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Whether PostgreSQL's commits survive a power failure.
    pub durability: Durability,
    /// Use the rate limits of a new installation, and not the maximum. A test or benchmark usually sends all traffic
    /// from one workspace.
    pub usual_rates: bool,
    /// The limit on open descriptors of each role (`ulimit -n`), if it differs from that of this process.
    pub descriptors: Option<u32>,
}

impl Launch {
    /// Without limits that affect tests.
    pub const fn unlimited(durability: Durability) -> Self {
        Self { durability, usual_rates: false, descriptors: None }
    }

    /// The program, with the limit on descriptors.
    fn command(&self) -> Command {
        let Some(max) = self.descriptors else { return Command::new(program()) };
        let mut shell = Command::new("sh");
        // Both limits, so that the program can't raise it.
        shell.args(["-c", &format!("ulimit -n {max}; exec \"$0\" \"$@\"")]).arg(program());
        shell
    }
}

#[derive(Debug)]
struct RoleProcess {
    child: Option<Child>,
    listen: SocketAddr,
    metrics: SocketAddr,
    environment: Vec<(String, String)>,
}

/// The `usher` program that was built together with this one.
///
/// # Panics
/// It was not built.
pub fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let mut folders = this.ancestors().skip(1).take(2);
    let found = folders.find_map(|folder| Some(folder.join("usher")).filter(|path| path.is_file()));
    found.unwrap_or_else(|| panic!("no `usher` beside {}: build it with `cargo build`", this.display()))
}

impl Processes {
    /// Starts PostgreSQL and the four roles.
    pub async fn start(durability: Durability) -> Self {
        Self::start_as(Launch::unlimited(durability)).await
    }

    /// Starts PostgreSQL and the four roles with options.
    pub async fn start_as(launch: Launch) -> Self {
        let directory = temporary_directory();
        let cluster = Cluster::start(&directory.path().join("pg"), launch.durability).await.unwrap();
        for (name, migrator) in [
            ("tenant", &usher_tenant::MIGRATOR),
            ("identity", &usher_identity::MIGRATOR),
            ("billing", &usher_billing::MIGRATOR),
        ] {
            cluster.ensure_database(&database(name)).await.unwrap();
            let owner = cluster.url(&database(name), OWNER_ROLE);
            usher_store::migrate(&owner, migrator).await.unwrap();
            usher_store::admit(&owner, &service_role(name)).await.unwrap();
        }
        let own = ServerKey::generate();
        let tenant = ServiceSettings {
            keys: Some(SecretString::from(own.expose().to_owned())),
            ..ServiceSettings::default()
        };
        let keys = service_keys(&cluster.url(&database("tenant"), &service_role("tenant")), &tenant);
        let mut roles: BTreeMap<_, _> = ROLES
            .into_iter()
            .map(|role| {
                let (listen, metrics) = (free_port(), free_port());
                (role, RoleProcess { child: None, listen, metrics, environment: Vec::new() })
            })
            .collect();
        let addresses = Addresses {
            tenant: format!("http://{}", roles["tenant"].listen),
            identity: format!("http://{}", roles["identity"].listen),
            billing: format!("http://{}", roles["billing"].listen),
        };
        let urls = [
            ("USHER_TENANT__URL", &addresses.tenant),
            ("USHER_IDENTITY__URL", &addresses.identity),
            ("USHER_BILLING__URL", &addresses.billing),
        ];
        for (role, process) in &mut roles {
            let section = format!("USHER_{}", role.to_uppercase());
            let mut set = |name: String, value: String| process.environment.push((name, value));
            set(format!("{section}__LISTEN"), process.listen.to_string());
            set("USHER_METRICS__LISTEN".to_owned(), process.metrics.to_string());
            set("USHER_LOG__FILTER".to_owned(), "warn".to_owned());
            for (name, url) in urls {
                set(name.to_owned(), url.clone());
            }
            match *role {
                "gateway" => {
                    set("USHER_GATEWAY__PUBLIC_URL".to_owned(), format!("http://{}", process.listen));
                    if !launch.usual_rates {
                        set("USHER_GATEWAY__RATE_PER_SECOND".to_owned(), "1000000".to_owned());
                        set("USHER_GATEWAY__RATE_BURST".to_owned(), "1000000".to_owned());
                    }
                }
                name => {
                    set(
                        format!("{section}__DATABASE_URL"),
                        cluster.url(&database(name), &service_role(name)),
                    );
                }
            }
            if *role == "tenant" {
                set(format!("{section}__KEYS"), own.expose().to_owned());
            }
            if matches!(*role, "gateway" | "identity" | "billing") {
                let key = keys.create(role).await.unwrap();
                set(format!("{section}__SERVICE_KEY"), key.expose().to_owned());
            }
        }
        let mut processes = Self {
            operator: Operator::new(&addresses, String::new(), &ClientTls::default()).unwrap(),
            roles,
            cluster: Some(cluster),
            launch,
            directory,
        };
        for role in ROLES {
            processes.spawn(role);
        }
        for role in ROLES {
            processes.ready(role).await;
        }
        // Tenant creates the first signing key, which signs credentials.
        let credential = keys.operator_credential("tester", OPERATOR_LIFE).await.unwrap();
        processes.operator = processes.operator.with_credential(&credential);
        for (name, scim, enforce_domains) in PLANS {
            processes.operator.plan(name, scim, enforce_domains).await.unwrap();
        }
        processes
    }

    /// Like [`Stack::workspace`](super::Stack::workspace).
    pub fn workspace(&self, slug: &str) -> WorkspaceBuilder {
        WorkspaceBuilder::new(self.operator.clone(), self.gateway(), slug)
    }

    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The addresses of the services.
    pub fn addresses(&self) -> Addresses {
        let url = |role| format!("http://{}", self.listens(role));
        Addresses { tenant: url("tenant"), identity: url("identity"), billing: url("billing") }
    }

    /// The gateway's URL.
    pub fn gateway(&self) -> String {
        format!("http://{}", self.roles["gateway"].listen)
    }

    /// The process id of a role.
    pub fn pid(&self, role: &str) -> Option<u32> {
        self.roles[role].child.as_ref()?.id()
    }

    /// The address of a role.
    pub fn listens(&self, role: &str) -> SocketAddr {
        self.roles[role].listen
    }

    /// PostgreSQL's process id.
    pub fn postgres_pid(&self) -> Option<u32> {
        self.cluster.as_ref()?.pid()
    }

    /// The URL of a service's database for a PostgreSQL role.
    pub fn database_url(&self, service: &str, role: &str) -> String {
        usher_store::cluster::url(&self.postgres_directory(), &database(service), role)
    }

    /// The directory of PostgreSQL; its socket is in `run`.
    pub fn postgres_directory(&self) -> PathBuf {
        self.directory.path().join("pg")
    }

    /// The log of a role since its first start: warnings and errors, one JSON object per line.
    pub fn log(&self, role: &str) -> String {
        read(&self.log_file(role))
    }

    fn log_file(&self, role: &str) -> PathBuf {
        self.directory.path().join(format!("{role}.log"))
    }

    /// The metrics URL of a role.
    pub fn metrics_url(&self, role: &str) -> String {
        format!("http://{}/metrics", self.roles[role].metrics)
    }

    /// Sets an environment variable for the next start of a role.
    pub fn set(&mut self, role: &str, name: &str, value: &str) {
        let environment = &mut self.roles.get_mut(role).unwrap().environment;
        environment.retain(|(set, _)| set != name);
        environment.push((name.to_owned(), value.to_owned()));
    }

    /// Kills a role with `kill -9`.
    pub async fn kill(&mut self, role: &str) {
        let mut child = self.roles.get_mut(role).unwrap().child.take().unwrap();
        child.kill().await.unwrap();
    }

    /// Starts a killed role, and waits until it is ready.
    pub async fn restart(&mut self, role: &'static str) {
        self.spawn(role);
        self.ready(role).await;
    }

    /// Stops PostgreSQL, whatever it is doing.
    pub async fn stop_postgres(&mut self) {
        self.cluster.take().unwrap().stop().await;
    }

    /// Starts PostgreSQL again.
    pub async fn start_postgres(&mut self) {
        self.cluster =
            Some(Cluster::start(&self.postgres_directory(), self.launch.durability).await.unwrap());
    }

    fn spawn(&mut self, role: &'static str) {
        let file = self.log_file(role);
        let process = self.roles.get_mut(role).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(file).unwrap();
        let child = self
            .launch
            .command()
            .args(["serve", role])
            .envs(process.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        process.child = Some(child);
    }

    async fn ready(&mut self, role: &'static str) {
        let log = self.log_file(role);
        let process = self.roles.get_mut(role).unwrap();
        let url = format!("http://{}/readyz", process.metrics);
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = process.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "{role} ended with {ended:?}: {}", read(&log));
            assert!(Instant::now() < deadline, "{role} is not ready: {}", read(&log));
            sleep(Duration::from_millis(20)).await;
        }
    }
}

fn database(service: &str) -> String {
    format!("usher_{service}")
}

fn read(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}
