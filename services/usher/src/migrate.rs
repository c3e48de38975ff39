//! `usher migrate`: the databases' schema.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;

use crate::config::{ServiceSettings, Settings};

/// Migrates the three databases as their owner, and lets each service's own role connect to its own database
/// only. Running it again does nothing.
///
/// # Errors
/// A database that can't be reached, or a migration that fails; that database is then unchanged. Two services that
/// connect as the same role; a role that is not there.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let databases = [
        ("tenant", &settings.tenant, &usher_tenant::MIGRATOR),
        ("identity", &settings.identity, &usher_identity::MIGRATOR),
        ("billing", &settings.billing, &usher_billing::MIGRATOR),
    ];
    let mut roles = BTreeMap::new();
    for (name, service, _) in &databases {
        let role = role(name, service)?;
        if let Some(other) = roles.insert(role.clone(), *name) {
            bail!(
                "{other} and {name} connect to their databases as the same role, {role}; give each its own"
            );
        }
    }
    for (name, service, migrator) in databases {
        let url =
            service.owner_database_url.as_ref().with_context(|| format!("{name}.owner_database_url"))?;
        if usher_store::is_clock_moved(url.expose_secret()).await? {
            bail!(
                "the clock of the {name} database was moved by `usher dev --clock`, so it is only of use to `usher \
                 dev`; check {name}.owner_database_url"
            );
        }
        usher_store::migrate(url.expose_secret(), migrator)
            .await
            .with_context(|| format!("the {name} database can't be migrated"))?;
        usher_store::admit(url.expose_secret(), &role(name, service)?)
            .await
            .with_context(|| format!("the {name} service can't be let into its database"))?;
        println!("{name}: up to date");
    }
    Ok(())
}

/// The role that a service connects as: that of its database URL.
fn role(name: &str, service: &ServiceSettings) -> anyhow::Result<String> {
    let Some(url) = &service.database_url else { return Ok(usher_store::service_role(name)) };
    usher_store::role_of(url.expose_secret()).with_context(|| format!("{name}.database_url can't be read"))
}
