//! `usher migrate`: migrates the databases.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;

use crate::config::{ServiceSettings, Settings};
use crate::output;

/// Migrates the three databases as their owner, and gives each service's own role access to its own database only.
/// Running it again has no effect.
///
/// # Errors
/// A database can't be reached, or its migration fails and is rolled back; two services connect with the same role; a
/// role does not exist.
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
            .with_context(|| format!("can't migrate the {name} database"))?;
        usher_store::admit(url.expose_secret(), &role(name, service)?)
            .await
            .with_context(|| format!("can't give the {name} service access to its database"))?;
        output::print(&format!("{name}: up to date\n"))?;
    }
    Ok(())
}

/// The role that a service connects with, from its database URL.
fn role(name: &str, service: &ServiceSettings) -> anyhow::Result<String> {
    let Some(url) = &service.database_url else { return Ok(usher_store::service_role(name)) };
    usher_store::role_of(url.expose_secret()).with_context(|| format!("{name}.database_url can't be read"))
}
