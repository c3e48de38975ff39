//! Settings: from a file, environment variables and flags. Later ones take precedence.

mod misplaced;
mod transport;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::key_file;
use crate::role::Role;

pub(crate) use transport::reachable;
pub use transport::{ConnectionSettings, TlsSettings};

/// All settings. Each field is `section.name` in the file, `USHER_SECTION__NAME` in the environment and `--set
/// section.name=value` as a flag.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The format of the log.
    pub log: LogSettings,
    /// The metrics endpoint.
    pub metrics: MetricsSettings,
    /// Limits on connections.
    pub connections: ConnectionSettings,
    /// Encryption between services, and exemptions.
    pub tls: TlsSettings,
    /// The provisioning logs.
    pub provisioning_log: ProvisioningLogSettings,
    /// The gateway's settings.
    pub gateway: GatewaySettings,
    /// The tenant service's settings.
    pub tenant: ServiceSettings,
    /// The identity service's settings.
    pub identity: ServiceSettings,
    /// The billing service's settings.
    pub billing: ServiceSettings,
}

/// `log.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `auto` (pretty on a terminal, otherwise JSON), `pretty` or `json`.
    pub format: String,
    /// Log filter, as `tracing` directives: `info`, `warn,usher_identity=debug`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: "auto".into(), filter: "info,sqlx=warn,h2=warn,hyper=warn,tower=warn".into() }
    }
}

/// `metrics.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Address of `/metrics`, `/livez` and `/readyz`.
    pub listen: String,
    /// PEM file of the certificate; empty means no encryption.
    pub certificate_file: String,
    /// PEM file of its key.
    pub key_file: String,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".into(), certificate_file: String::new(), key_file: String::new() }
    }
}

/// `provisioning_log.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProvisioningLogSettings {
    /// How many days entries are kept; at least 1.
    pub retention_days: u32,
}

impl Default for ProvisioningLogSettings {
    fn default() -> Self {
        Self { retention_days: 30 }
    }
}

/// `gateway.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// Address of the HTTP port.
    pub listen: String,
    /// PEM file of the certificate for identity providers; empty means no encryption, behind a proxy.
    pub certificate_file: String,
    /// PEM file of its key.
    pub key_file: String,
    /// The address that identity providers use, such as `https://scim.example.com`. The host in requests is not
    /// trusted. Only `usher dev` works without it.
    pub public_url: String,
    /// Whether X-Forwarded-Proto and X-Forwarded-Host are trusted. Only behind a proxy that sets them.
    pub trust_forwarded: bool,
    /// Requests per second of one workspace, on average; at least 25.
    pub rate_per_second: u32,
    /// Requests of one workspace at once after a pause; at least 100.
    pub rate_burst: u32,
    /// File with the gateway's service key.
    pub service_key_file: String,
    /// The gateway's service key, if there is no file.
    pub service_key: Option<SecretString>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            certificate_file: String::new(),
            key_file: String::new(),
            public_url: String::new(),
            trust_forwarded: false,
            rate_per_second: 50,
            rate_burst: 200,
            service_key_file: String::new(),
            service_key: None,
        }
    }
}

/// `tenant.*`, `identity.*` and `billing.*`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSettings {
    /// Address of the gRPC port. Default: 127.0.0.1:9101 (tenant), :9102 (identity), :9103 (billing).
    pub listen: String,
    /// The address at which the other roles reach this service: `https://host:port`. Default: its `listen`.
    pub url: String,
    /// PostgreSQL URL with the service's own role: `postgres://usher_tenant@host/usher_tenant`.
    pub database_url: Option<SecretString>,
    /// PostgreSQL URL with the owner, for `usher migrate`.
    pub owner_database_url: Option<SecretString>,
    /// Maximum number of database connections of one replica. Default: 16.
    pub database_connections: u32,
    /// File with the service key: identity's, which calls other services, and billing's, which closes periods.
    pub service_key_file: String,
    /// The service key, if there is no file.
    pub service_key: Option<SecretString>,
    /// File with tenant's own keys, as `usher key-file` creates it.
    pub key_file: String,
    /// Tenant's own keys, if there is no file: one key per line.
    pub keys: Option<SecretString>,
    /// How long after its end billing closes a period, such as `24h`. `0` means never automatically. Default: 24h.
    pub close_after: String,
    /// How long after its end billing raises an alarm for a period that is not closed; `0` means never. Default: 72h.
    pub close_alarm_after: String,
    /// How often billing verifies each ledger; `0` means never. Default: 168h.
    pub verify_every: String,
    /// File with the keys that sign the heads of ledgers once a day: one per line, the newest first. Without it
    /// nothing is signed.
    pub proof_key_file: String,
}

/// Parses a duration such as `24h` or `1h 30m`. `None` for `0`.
///
/// # Errors
/// The text is not a duration, or is negative.
pub fn duration(text: &str) -> anyhow::Result<Option<SignedDuration>> {
    if text == "0" {
        return Ok(None);
    }
    let duration: SignedDuration =
        text.parse().with_context(|| format!("{text:?} is not a duration; write it as 24h"))?;
    if duration.is_negative() {
        bail!("{text:?} is negative");
    }
    Ok(Some(duration).filter(|duration| !duration.is_zero()))
}

/// The settings that a command uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Serving a role.
    Serve(Role),
    /// Migrating the three databases.
    Migrate,
    /// Making a service key.
    ServiceKey,
}

impl Settings {
    /// Reads the file, the environment and the flags.
    ///
    /// # Errors
    /// The file can't be read, a name is unknown, a value has the wrong type, or a flag has no `=`.
    pub fn load(file: Option<&Path>, overrides: &[String]) -> anyhow::Result<Self> {
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        // Settings have a section. Variables such as USHER_CONFIG and USHER_DEMO belong to flags.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("USHER_") && name.contains("__"));
        builder = builder.add_source(
            config::Environment::with_prefix("USHER")
                .prefix_separator("_")
                .separator("__")
                .try_parsing(true)
                .source(Some(variables.collect())),
        );
        for entry in overrides {
            let (name, value) =
                entry.split_once('=').with_context(|| format!("--set {entry}: write it as name=value"))?;
            builder = builder.set_override(name, value)?;
        }
        let mut settings: Self =
            builder.build()?.try_deserialize().context("can't read the configuration")?;
        settings.fill_defaults();
        Ok(settings)
    }

    /// Sets the defaults.
    pub fn fill_defaults(&mut self) {
        for (service, port) in
            [(&mut self.tenant, 9101), (&mut self.identity, 9102), (&mut self.billing, 9103)]
        {
            if service.listen.is_empty() {
                service.listen = format!("127.0.0.1:{port}");
            }
            if service.url.is_empty() {
                service.url = self.tls.url_of(&service.listen);
            }
            if service.database_connections == 0 {
                service.database_connections = 16;
            }
        }
        for (setting, usual) in [
            (&mut self.billing.close_after, "24h"),
            (&mut self.billing.close_alarm_after, "72h"),
            (&mut self.billing.verify_every, "168h"),
        ] {
            if setting.is_empty() {
                usual.clone_into(setting);
            }
        }
    }

    /// Checks all settings that `purpose` uses, and reports all errors at once.
    ///
    /// # Errors
    /// A message with one line per error.
    pub fn validate(&self, purpose: Purpose) -> anyhow::Result<()> {
        let mut faults = Vec::new();
        self.validate_transport(purpose, &mut faults);
        misplaced::find(self, &mut faults);
        if self.connections.per_address == 0 {
            faults.push("connections.per_address must be at least 1".to_owned());
        }
        if let Purpose::Serve(role) = purpose {
            self.validate_listeners(role, &mut faults);
            self.validate_log(&mut faults);
        }
        for (name, service, role) in [
            ("tenant", &self.tenant, Role::Tenant),
            ("identity", &self.identity, Role::Identity),
            ("billing", &self.billing, Role::Billing),
        ] {
            match purpose {
                Purpose::Migrate if service.owner_database_url.is_none() => {
                    faults.push(format!("{name}.owner_database_url is missing"));
                }
                Purpose::ServiceKey if role == Role::Tenant => {
                    if service.database_url.is_none() {
                        faults.push("tenant.database_url is missing".to_owned());
                    }
                    self.validate_keys(&mut faults);
                }
                Purpose::Serve(wanted) if wanted.includes(role) => {
                    if service.database_url.is_none() {
                        faults.push(format!("{name}.database_url is missing"));
                    }
                    let keyless = service.service_key.is_none() && service.service_key_file.is_empty();
                    if matches!(role, Role::Identity | Role::Billing) && keyless {
                        faults.push(format!(
                            "{name}.service_key_file is missing; make a key with: usher service-key {name}"
                        ));
                    }
                    if role == Role::Billing {
                        validate_durations(service, &mut faults);
                    }
                }
                _ => {}
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        bail!("the configuration has {} fault(s):\n  {}", faults.len(), faults.join("\n  "))
    }

    fn validate_listeners(&self, role: Role, faults: &mut Vec<String>) {
        let mut address = |name: &str, text: &str| {
            if text.parse::<SocketAddr>().is_err() {
                faults.push(format!("{name} = {text:?} is not an address; write it as 127.0.0.1:8080"));
            }
        };
        address("metrics.listen", &self.metrics.listen);
        for (name, text, of) in [
            ("gateway.listen", &self.gateway.listen, Role::Gateway),
            ("tenant.listen", &self.tenant.listen, Role::Tenant),
            ("identity.listen", &self.identity.listen, Role::Identity),
            ("billing.listen", &self.billing.listen, Role::Billing),
        ] {
            if role.includes(of) {
                address(name, text);
            }
        }
        if role.includes(Role::Tenant) {
            self.validate_keys(faults);
        }
        if role.includes(Role::Tenant) && self.provisioning_log.retention_days == 0 {
            faults.push("provisioning_log.retention_days must be at least 1".into());
        }
        if role.includes(Role::Gateway) {
            if self.gateway.rate_per_second < 25 {
                faults.push("gateway.rate_per_second must be at least 25: Entra ID sends that much".into());
            }
            if self.gateway.rate_burst < 100 {
                faults.push("gateway.rate_burst must be at least 100".into());
            }
            let public_url = &self.gateway.public_url;
            if !public_url.starts_with("https://") && !public_url.starts_with("http://") {
                faults.push(
                    "gateway.public_url is missing; it is the address that identity providers use, such as \
                     https://scim.example.com"
                        .into(),
                );
            }
            if self.gateway.service_key.is_none() && self.gateway.service_key_file.is_empty() {
                faults.push("gateway.service_key_file is missing".into());
            }
        }
    }

    fn validate_keys(&self, faults: &mut Vec<String>) {
        if self.tenant.keys.is_none() && self.tenant.key_file.is_empty() {
            faults.push("tenant.key_file is missing; make one with: usher key-file <path>".to_owned());
        }
    }

    fn validate_log(&self, faults: &mut Vec<String>) {
        if !["auto", "pretty", "json"].contains(&self.log.format.as_str()) {
            faults.push(format!("log.format = {:?}; it is auto, pretty or json", self.log.format));
        }
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log.filter) {
            faults.push(format!("log.filter: {error}"));
        }
    }
}

fn validate_durations(billing: &ServiceSettings, faults: &mut Vec<String>) {
    for (name, text) in [
        ("close_after", &billing.close_after),
        ("close_alarm_after", &billing.close_alarm_after),
        ("verify_every", &billing.verify_every),
    ] {
        if let Err(error) = duration(text) {
            faults.push(format!("billing.{name}: {error:#}"));
        }
    }
}

/// Reads a secret from its own setting or from a file, without the file's final line break.
///
/// # Errors
/// The file can't be read, or other users can read it.
pub fn secret(value: Option<&SecretString>, file: &str) -> anyhow::Result<SecretString> {
    if let Some(value) = value {
        return Ok(value.clone());
    }
    let text = key_file::read_secret(Path::new(file))?;
    Ok(SecretString::from(text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests;
