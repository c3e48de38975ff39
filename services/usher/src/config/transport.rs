//! Settings of connections: limits, encryption, and exemptions.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::{Purpose, Settings};
use crate::role::Role;

/// `connections.*`, for each port.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionSettings {
    /// Maximum number of connections per address.
    pub per_address: usize,
    /// Networks whose addresses each stand for many clients, such as proxies. No limit by address applies to them.
    #[serde(deserialize_with = "list")]
    pub shared: Vec<IpNet>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        let usher_net::Limits { per_address, shared, .. } = usher_net::Limits::default();
        Self { per_address, shared }
    }
}

/// `tls.*`: encryption between services, and exemptions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// PEM file of the certificate that this process uses both to call services and to be called.
    pub certificate_file: String,
    /// PEM file of its key.
    pub key_file: String,
    /// PEM file of the authorities that sign the certificates of services and operators.
    pub ca_file: String,
    /// Settings whose address or URL may be on another machine without encryption: `["metrics.listen"]`.
    #[serde(deserialize_with = "list")]
    pub allow_plaintext: Vec<String>,
}

impl TlsSettings {
    /// The URL of a service on this machine that listens on an address.
    pub(crate) fn url_of(&self, listen: &str) -> String {
        let scheme = if self.certificate_file.is_empty() { "http" } else { "https" };
        let address = listen.parse::<SocketAddr>();
        address.map_or_else(
            |_| format!("{scheme}://{listen}"),
            |address| format!("{scheme}://{}", reachable(address)),
        )
    }
}

/// The address at which this machine reaches a listener, which may listen on all addresses.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip: IpAddr = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

/// Parses a list in the file, or a comma-separated text in the environment and flags.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    struct Entries<T>(PhantomData<T>);
    impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for Entries<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list, or a comma-separated text")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            entries.map(|entry| entry.parse().map_err(de::Error::custom)).collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = entries.next_element::<String>()? {
                list.push(entry.parse().map_err(de::Error::custom)?);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_any(Entries(PhantomData))
}

/// A setting with an address to listen on or to connect to.
struct Address {
    setting: &'static str,
    /// Whether this process uses it.
    used: bool,
    /// Whether it is local or encrypted.
    protected: bool,
    remedy: &'static str,
}

impl Settings {
    /// Reports every address that would send plain text to another machine, and every certificate or key file without
    /// its counterpart.
    pub(super) fn validate_transport(&self, purpose: Purpose, faults: &mut Vec<String>) {
        let addresses =
            self.listeners(purpose).into_iter().chain(self.urls(purpose)).chain(self.databases(purpose));
        let addresses: Vec<Address> = addresses.collect();
        for name in &self.tls.allow_plaintext {
            if !addresses.iter().any(|address| address.setting == name) {
                faults.push(format!(
                    "tls.allow_plaintext names {name:?}, which is not a setting with an address; it takes \
                     names such as metrics.listen"
                ));
            }
        }
        let allowed = |address: &Address| self.tls.allow_plaintext.iter().any(|name| name == address.setting);
        let refused =
            addresses.iter().filter(|address| address.used && !address.protected && !allowed(address));
        for Address { setting, remedy, .. } in refused {
            faults.push(format!(
                "{setting} leads to another machine without encryption: anybody on the network path can read and \
                 change the traffic, including tokens and keys; {remedy}, or allow it: tls.allow_plaintext = [{setting:?}]"
            ));
        }
        for (section, certificate, key) in [
            ("tls", &self.tls.certificate_file, &self.tls.key_file),
            ("gateway", &self.gateway.certificate_file, &self.gateway.key_file),
            ("metrics", &self.metrics.certificate_file, &self.metrics.key_file),
        ] {
            if certificate.is_empty() != key.is_empty() {
                faults.push(format!("{section}.certificate_file and {section}.key_file go together"));
            }
        }
        if !self.tls.certificate_file.is_empty() && self.tls.ca_file.is_empty() {
            faults.push("tls.ca_file is missing: it contains the authorities to trust".to_owned());
        }
    }

    fn listeners(&self, purpose: Purpose) -> [Address; 5] {
        let Self { gateway, metrics, tenant, identity, billing, tls, .. } = self;
        let between = &tls.certificate_file;
        [
            ("gateway.listen", &gateway.listen, &gateway.certificate_file, serves(purpose, Role::Gateway)),
            (
                "metrics.listen",
                &metrics.listen,
                &metrics.certificate_file,
                matches!(purpose, Purpose::Serve(_)),
            ),
            ("tenant.listen", &tenant.listen, between, serves(purpose, Role::Tenant)),
            ("identity.listen", &identity.listen, between, serves(purpose, Role::Identity)),
            ("billing.listen", &billing.listen, between, serves(purpose, Role::Billing)),
        ]
        .map(|(setting, listen, certificate, used)| {
            // An invalid address is reported elsewhere.
            let local = listen.parse().map_or(true, |listen: SocketAddr| usher_net::is_loopback(listen.ip()));
            let remedy = match setting {
                "gateway.listen" => "set gateway.certificate_file",
                "metrics.listen" => "set metrics.certificate_file",
                _ => "set tls.certificate_file",
            };
            Address { setting, used, protected: local || !certificate.is_empty(), remedy }
        })
    }

    fn urls(&self, purpose: Purpose) -> [Address; 3] {
        let [gateway, identity, billing] =
            [Role::Gateway, Role::Identity, Role::Billing].map(|role| serves(purpose, role));
        [
            ("tenant.url", &self.tenant.url, gateway || identity || billing),
            ("identity.url", &self.identity.url, gateway),
            ("billing.url", &self.billing.url, identity),
        ]
        .map(|(setting, url, used)| {
            let protected = usher_net::is_protected(url);
            Address { setting, used, protected, remedy: "write it as https://host:port" }
        })
    }

    fn databases(&self, purpose: Purpose) -> [Address; 6] {
        let Self { tenant, identity, billing, .. } = self;
        let migrates = purpose == Purpose::Migrate;
        let tenant_used = serves(purpose, Role::Tenant) || purpose == Purpose::ServiceKey;
        [
            ("tenant.database_url", &tenant.database_url, tenant_used),
            ("identity.database_url", &identity.database_url, serves(purpose, Role::Identity)),
            ("billing.database_url", &billing.database_url, serves(purpose, Role::Billing)),
            ("tenant.owner_database_url", &tenant.owner_database_url, migrates),
            ("identity.owner_database_url", &identity.owner_database_url, migrates),
            ("billing.owner_database_url", &billing.owner_database_url, migrates),
        ]
        .map(|(setting, url, used)| {
            let protected = url.as_ref().is_none_or(|url| usher_store::is_protected(url.expose_secret()));
            Address { setting, used, protected, remedy: "add ?sslmode=verify-full&sslrootcert=<file>" }
        })
    }
}

fn serves(purpose: Purpose, role: Role) -> bool {
    matches!(purpose, Purpose::Serve(served) if served.includes(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[&str]) -> Settings {
        let overrides: Vec<String> = set.iter().map(|setting| (*setting).to_owned()).collect();
        Settings::load(None, &overrides).unwrap()
    }

    fn faults(set: &[&str], role: Role) -> Vec<String> {
        let mut faults = Vec::new();
        settings(set).validate_transport(Purpose::Serve(role), &mut faults);
        faults
    }

    #[test]
    fn plain_text_that_leaves_this_machine_is_refused_by_the_name_of_each_setting() {
        let open = [
            "gateway.listen=0.0.0.0:8080",
            "metrics.listen=[::]:9464",
            "identity.listen=10.0.0.7:9102",
            "tenant.url=http://tenant.internal:9101",
            "identity.database_url=postgres://usher_identity@db.internal/usher_identity?sslmode=require",
        ];
        let named = |role| {
            let faults = faults(&open, role).join("\n");
            let names = open.iter().map(|entry| entry.split_once('=').unwrap().0);
            names.filter(|name| faults.contains(&format!("[{name:?}]"))).collect::<Vec<_>>()
        };

        assert_eq!(named(Role::All).len(), open.len());
        assert_eq!(named(Role::Gateway), ["gateway.listen", "metrics.listen", "tenant.url"]);
        assert_eq!(named(Role::Tenant), ["metrics.listen"]);
    }

    #[test]
    fn what_is_encrypted_local_or_allowed_by_name_is_not_refused() {
        let set = [
            "gateway.listen=0.0.0.0:8443",
            "gateway.certificate_file=public.pem",
            "gateway.key_file=public.key",
            "metrics.listen=0.0.0.0:9464",
            "tls.allow_plaintext=metrics.listen, billing.url",
            "identity.listen=10.0.0.7:9102",
            "tls.certificate_file=own.pem",
            "tls.key_file=own.key",
            "tls.ca_file=ca.pem",
            "tenant.url=https://tenant.internal:9101",
            "identity.url=http://[::1]:9102",
            "billing.url=http://billing.internal:9103",
            "identity.database_url=postgres://usher_identity@db.internal/usher_identity?sslmode=verify-full",
        ];

        assert_eq!(faults(&set, Role::All), Vec::<String>::new());
        assert_eq!(faults(&[], Role::All), Vec::<String>::new());
    }

    #[test]
    fn half_a_pair_and_a_name_that_is_no_setting_are_refused() {
        let set = ["tls.certificate_file=own.pem", "gateway.key_file=x", "tls.allow_plaintext=metrics"];
        let refused = faults(&set, Role::All);

        for part in ["tls.key_file", "tls.ca_file", "gateway.certificate_file", "\"metrics\""] {
            assert!(refused.iter().any(|fault| fault.contains(part)), "{part}: {refused:?}");
        }
    }

    #[test]
    fn a_url_defaults_to_the_services_own_port_and_its_encryption() {
        let open = settings(&["tenant.listen=0.0.0.0:1", "identity.listen=[::]:2"]);
        assert_eq!([open.tenant.url, open.identity.url], ["http://127.0.0.1:1", "http://[::1]:2"]);

        let encrypted = settings(&["tls.certificate_file=own.pem"]);
        assert_eq!(encrypted.billing.url, "https://127.0.0.1:9103");
    }
}
