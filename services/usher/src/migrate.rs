//! `usher migrate`: the databases' schema.

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::config::Settings;

/// Migrates the three databases as their owner. Running it again does nothing.
///
/// # Errors
/// A database that can't be reached, or a migration that fails; that database is then unchanged.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let databases = [
        ("tenant", &settings.tenant, &usher_tenant::MIGRATOR),
        ("identity", &settings.identity, &usher_identity::MIGRATOR),
        ("billing", &settings.billing, &usher_billing::MIGRATOR),
    ];
    for (name, service, migrator) in databases {
        let url =
            service.owner_database_url.as_ref().with_context(|| format!("{name}.owner_database_url"))?;
        usher_store::migrate(url.expose_secret(), migrator)
            .await
            .with_context(|| format!("the {name} database can't be migrated"))?;
        println!("{name}: up to date");
    }
    Ok(())
}
