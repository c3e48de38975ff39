//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::{Purpose, Settings};
use crate::key_file::{self, KeyFileArgs};
use crate::role::Role;
use crate::service_key::{self, ServiceKeyArgs};
use crate::{admin, billing, dev, migrate, roles, telemetry};

/// The backend that provisions people over SCIM and counts every one of them as a seat.
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
    /// The billing role closes a period once it is proven that nothing of it is missing, `billing.close_after`
    /// (24h) after its end; 0 leaves it to `usher admin period close`. A period that is not closed
    /// `billing.close_alarm_after` (72h) after its end is logged and counted in `usher_period_close_overdue`;
    /// an account without prices is not.
    ///
    /// What is not of this machine is encrypted, or the program does not start. Certificates (PEM) are
    /// `gateway.certificate_file` for identity providers, `metrics.certificate_file` for the metrics, and
    /// `tls.certificate_file`, shown by services to each other and signed by `tls.ca_file`; a `key_file` goes with
    /// each. Services are called at https://, databases with `?sslmode=verify-full`. `tls.allow_plaintext` names the
    /// settings that may do without, such as `gateway.listen,metrics.listen` behind a proxy: whoever is on the way
    /// there can read and change what passes, tokens included. deploy/usher.toml has every setting.
    Serve(ServeArgs),
    /// Bring the databases to this version's schema. Run it before serving a new version.
    Migrate(SettingsArgs),
    /// Make a key for a service or an operator and show it, this once. It is made in tenant's database;
    /// `usher admin service-key` makes keys with chosen scopes, lists and revokes.
    ///
    /// Where standard output is not a terminal, say with --to or --show where the key goes:
    /// `usher service-key billing --to /etc/usher/billing.key`.
    ServiceKey {
        #[command(flatten)]
        key: ServiceKeyArgs,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Put a new key first in a service's key file, such as `tenant.key_file`; make the file if there is none.
    ///
    /// What older keys of the file made is accepted as long as they stay in it: tokens and service keys get the new
    /// key's mark with their next use, signing keys when they are rotated.
    ///
    /// A replica knows nothing that was made with a key that it has not read. With more than one, first give all of
    /// them the new key (`--last`, copy the file, restart each), then let them use it (`--promote`, copy, restart each).
    KeyFile(KeyFileArgs),
    /// The keys that credentials are signed with: rotate, list, revoke.
    Key(admin::key::KeyArgs),
    /// The operator's commands, over gRPC.
    Admin(admin::AdminArgs),
    /// What seats cost.
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
    /// Address of the tenant service's gRPC; port 0 takes a free one, which demo.json names.
    #[arg(long, default_value = ANY_PORT)]
    pub tenant_listen: SocketAddr,
    /// Address of the identity service's gRPC.
    #[arg(long, default_value = ANY_PORT)]
    pub identity_listen: SocketAddr,
    /// Address of the billing service's gRPC.
    #[arg(long, default_value = ANY_PORT)]
    pub billing_listen: SocketAddr,
    /// Address of the metrics.
    #[arg(long, default_value = ANY_PORT)]
    pub metrics_listen: SocketAddr,
    /// Let the addresses above be others than this machine's, without encryption: whoever is on the way can read and
    /// change what passes, tokens included.
    #[arg(long)]
    pub allow_plaintext: bool,
    /// Delete the data directory's contents first.
    #[arg(long)]
    pub reset: bool,
    /// Requests a second and workspace that the gateway takes, with bursts of four times as many; 0
    /// means no limit.
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

#[derive(Debug, Args)]
struct ServeArgs {
    /// What to serve.
    role: Role,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Where settings come from; the later wins: file, environment, flags.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// TOML file with settings; see deploy/usher.toml. Environment: `USHER_GATEWAY__LISTEN=…` sets gateway.listen.
    #[arg(long, env = "USHER_CONFIG")]
    config: Option<PathBuf>,
    /// One setting: --set gateway.listen=0.0.0.0:8080. Secrets belong into files, not here.
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
    /// Does what the command line says.
    ///
    /// # Errors
    /// Whatever stops the command; the message says what to do about it.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("the async runtime can't start")?;
        let outcome = runtime.block_on(self.command.run());
        // A blocked thread must not hold up the end: everything worth waiting for was drained.
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
