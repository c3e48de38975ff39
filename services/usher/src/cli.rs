//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

use crate::config::{Purpose, Settings};
use crate::key_file::{self, KeyFileArgs};
use crate::role::Role;
use crate::service_key::{self, ServiceKeyArgs};
use crate::{admin, billing, dev, migrate, roles, telemetry};

/// Provisions people over SCIM, and bills each of them as a seat.
#[derive(Debug, Parser)]
#[command(name = "usher", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: a private PostgreSQL, the four roles, demo workspaces.
    ///
    /// With --clock, time can be moved, so that a month with its invoice is tried in minutes:
    ///
    ///   usher dev --clock 2026-01-01T00:00:00Z      in one terminal, and in another
    ///
    ///   usher dev clock advance 31d                 or: usher dev clock set 2026-02-01T00:00:00Z
    Dev(Box<DevArgs>),
    /// Serve one role, or all of them.
    ///
    /// The billing role closes a period when it is proven to be complete, `billing.close_after` (24h) after its end;
    /// with 0, only `usher admin period close` does. A period that is not closed `billing.close_alarm_after` (72h)
    /// after its end is logged and counted in `usher_period_close_overdue`, unless its account has no prices.
    ///
    /// Traffic that leaves this machine must be encrypted, or the program does not start. The certificates (PEM) are
    /// `gateway.certificate_file` for identity providers, `metrics.certificate_file` for the metrics, and
    /// `tls.certificate_file` for traffic between services, signed by `tls.ca_file`; each has its `key_file`.
    /// Services are called at https://, databases with `?sslmode=verify-full`. `tls.allow_plaintext` lists settings
    /// that are exempt, such as `gateway.listen,metrics.listen` behind a proxy: anybody on the network path can then
    /// read and change the traffic, including tokens. deploy/usher.toml contains all settings.
    Serve(ServeArgs),
    /// Migrate the databases to this version's schema. Run it before serving a new version.
    Migrate(SettingsArgs),
    /// Create a key for a service or an operator. It is shown only once. This needs access to tenant's database;
    /// `usher admin service-key` creates keys with chosen scopes, lists and revokes keys.
    ///
    /// If standard output is not a terminal, use --to or --show: `usher service-key billing --to
    /// /etc/usher/billing.key`.
    ServiceKey {
        #[command(flatten)]
        key: ServiceKeyArgs,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Add a new first key to a service's key file, such as `tenant.key_file`; create the file if there is none.
    ///
    /// Data that was made with the older keys is accepted as long as these stay in the file. Tokens and service keys
    /// are converted to the new key with their next use, and signing keys when they are rotated.
    ///
    /// A replica can't use data that was made with a key which it has not read. With several replicas, first add the
    /// new key to all of them (`--last`, copy the file, restart each), then start to use it (`--promote`, copy,
    /// restart each).
    KeyFile(KeyFileArgs),
    /// The keys that sign credentials: rotate, list, revoke.
    Key(admin::key::KeyArgs),
    /// The operator's commands, over gRPC.
    Admin(admin::AdminArgs),
    /// Local calculations of prices.
    #[command(subcommand)]
    Billing(billing::BillingCommand),
}

/// A free port of this machine.
const ANY_PORT: &str = "127.0.0.1:0";

/// `usher dev`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DevArgs {
    #[command(subcommand)]
    command: Option<DevCommand>,
    /// Everything that dev mode keeps is in this directory, and nothing is written outside it.
    #[arg(long, default_value = ".usher")]
    pub data_dir: PathBuf,
    /// Address of the gateway.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address of the tenant service (gRPC). Port 0 means a free port, which demo.json names.
    #[arg(long, default_value = ANY_PORT)]
    pub tenant_listen: SocketAddr,
    /// Address of the identity service (gRPC).
    #[arg(long, default_value = ANY_PORT)]
    pub identity_listen: SocketAddr,
    /// Address of the billing service (gRPC).
    #[arg(long, default_value = ANY_PORT)]
    pub billing_listen: SocketAddr,
    /// Address of the metrics.
    #[arg(long, default_value = ANY_PORT)]
    pub metrics_listen: SocketAddr,
    /// Permit addresses that are not local, without encryption. Anybody on the network path can then read and change
    /// the traffic, including tokens.
    #[arg(long)]
    pub allow_plaintext: bool,
    /// Delete the data directory's contents first.
    #[arg(long)]
    pub reset: bool,
    /// Maximum requests per second and workspace at the gateway, with bursts of four times as many. 0 means no limit.
    #[arg(long, default_value_t = 0)]
    pub rate_per_second: u32,
    /// Begin at this time, such as 2026-01-01T00:00:00Z, and let `usher dev clock` move time forward. The data
    /// directory keeps how far its clock is ahead of the machine's, also for starts without --clock; what is there
    /// already is moved to this time, but never back.
    #[arg(long, value_name = "TIME", value_parser = dev::clock::time)]
    pub clock: Option<Timestamp>,
    /// What is logged, as `tracing` directives.
    #[arg(long, default_value = "info,sqlx=warn,h2=warn,hyper=warn,tower=warn")]
    pub log: String,
}

#[derive(Debug, Subcommand)]
enum DevCommand {
    /// Show what time it is in a running `usher dev --clock`, or move time forward: for all services at once.
    ///
    /// usher dev clock advance 10d
    Clock(dev::clock::ClockArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// What to serve.
    role: Role,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Sources of settings. Later ones take precedence: file, environment, flags.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// TOML file with settings; see deploy/usher.toml. In the environment, `USHER_GATEWAY__LISTEN=…` sets
    /// gateway.listen.
    #[arg(long, env = "USHER_CONFIG")]
    config: Option<PathBuf>,
    /// One setting: --set gateway.listen=0.0.0.0:8080. Do not use it for secrets.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    overrides: Vec<String>,
}

impl SettingsArgs {
    fn load(&self, purpose: Purpose) -> anyhow::Result<Settings> {
        let settings = Settings::load(self.config.as_deref(), &self.overrides)?;
        settings.validate(purpose)?;
        Ok(settings)
    }
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// The error of the command; its message says what to do.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("can't start the async runtime")?;
        let outcome = runtime.block_on(self.command.run());
        // A blocked thread must not delay the exit; everything that matters was drained before.
        runtime.shutdown_timeout(std::time::Duration::from_millis(500));
        outcome
    }
}

impl Command {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Dev(args) => match args.command {
                Some(DevCommand::Clock(clock)) => dev::clock::run(clock).await,
                None => Box::pin(dev::run(*args)).await,
            },
            Self::Serve(args) => {
                let settings = args.settings.load(Purpose::Serve(args.role))?;
                telemetry::init_log(&settings.log)?;
                roles::serve(args.role, settings).await
            }
            Self::Migrate(args) => migrate::run(&args.load(Purpose::Migrate)?).await,
            Self::ServiceKey { key, settings } => {
                service_key::run(&key, &settings.load(Purpose::ServiceKey)?).await
            }
            Self::KeyFile(args) => key_file::run(&args),
            Self::Key(args) => admin::key::run(args).await,
            Self::Admin(args) => admin::run(args).await,
            Self::Billing(command) => billing::run(&command),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
