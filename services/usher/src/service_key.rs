//! `usher service-key`: keys with which services and operators request credentials.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use secrecy::ExposeSecret as _;
use usher_base::Clock;
use usher_store::{Database, DatabaseConfig};
use usher_tenant::ServiceKeys;

use crate::config::Settings;
use crate::new_secret::SecretArgs;
use crate::roles;

/// `usher service-key`
#[derive(Debug, Args)]
pub struct ServiceKeyArgs {
    /// `gateway`, `identity`, `billing`, or an operator's name.
    pub name: String,
    /// Delete the other keys with this name, and refuse their credentials within 30 s. First restart all processes
    /// that use the name with the new key. Without this option the other keys stay valid, so that a key can be
    /// replaced without an outage.
    #[arg(long)]
    pub retire_others: bool,
    /// The destination of the key.
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// Creates a key, and shows it once or writes it to a file. The database stores only a hash.
///
/// # Errors
/// The name is invalid, or the tenant database can't be reached.
pub async fn run(args: &ServiceKeyArgs, settings: &Settings) -> anyhow::Result<()> {
    let url = settings.tenant.database_url.as_ref().context("tenant.database_url is missing")?;
    let database = Database::open(&DatabaseConfig {
        url: url.expose_secret().to_owned(),
        max_connections: 1,
        statement_timeout: Duration::from_secs(10),
        application: "usher-service-key",
    })?;
    usher_store::check_clock(&database, Clock::system().offset()).await?;
    let keys = ServiceKeys::new(database, roles::keyring(&settings.tenant)?, Clock::system());
    let place = args.secret.open()?;
    let key = match keys.create(&args.name).await {
        Ok(key) => key,
        Err(error) => {
            place.discard();
            return Err(error.into());
        }
    };
    if let Some(shown) = place.put(key.expose().to_owned())? {
        // A reader that is gone is an error here, because nothing else can show the key again.
        writeln!(std::io::stdout(), "{shown}").context(
            "the key was created but could not be shown; find it with `usher admin service-key list`, and \
             revoke it with `usher admin service-key revoke`",
        )?;
    }
    // Last, because the other keys must stay valid if the new key could not be delivered.
    if args.retire_others {
        let retired = keys.retire_others(&args.name, &key).await;
        let retired =
            retired.context("the new key is valid, but the others could not be retired: try again")?;
        eprintln!("{retired} other keys of {} are retired", args.name);
    }
    Ok(())
}
