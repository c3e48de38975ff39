//! The ports of this process, and the number of connections of each.

use std::net::SocketAddr;

use anyhow::Context as _;
use usher_net::descriptors::{self, Shares};
use usher_net::{Limits, Listener};

use crate::config::Settings;
use crate::encryption::Encryption;
use crate::role::Role;

/// File descriptors for everything except the connections of ports and databases: logs, channels to other services.
const RESERVED: u64 = 96;
/// Database connections outside of the pool, which listen for notifications.
const ANNOUNCEMENTS: u64 = 8;

/// The sockets of the roles, bound before anything else is started, and the certificates of the process.
#[derive(Debug, Default)]
pub struct Listeners {
    pub(crate) gateway: Option<Listener>,
    pub(crate) tenant: Option<Listener>,
    pub(crate) identity: Option<Listener>,
    pub(crate) billing: Option<Listener>,
    pub(crate) metrics: Option<Listener>,
    pub(crate) encryption: Encryption,
}

impl Listeners {
    /// The address of a role's socket if it has one, with the actual port if port 0 was requested.
    pub fn address(&self, role: Role) -> Option<SocketAddr> {
        let listener = match role {
            Role::Gateway => self.gateway.as_ref(),
            Role::Tenant => self.tenant.as_ref(),
            Role::Identity => self.identity.as_ref(),
            Role::Billing => self.billing.as_ref(),
            Role::All => None,
        };
        listener?.local_addr().ok()
    }
}

/// Raises the limit on file descriptors, and binds the sockets of a role and of the metrics.
///
/// # Errors
/// A certificate can't be used, an address is in use or not local, or the limit leaves too few connections.
pub async fn bind(role: Role, settings: &Settings) -> anyhow::Result<Listeners> {
    let shares = shares(role, settings)?;
    let limits = |places| Limits {
        places,
        per_address: settings.connections.per_address,
        shared: settings.connections.shared.clone(),
        ..Limits::default()
    };
    let encryption = Encryption::load(settings)?;
    let Encryption { gateway, grpc, metrics, .. } = encryption.clone();
    let mut listeners = Listeners { encryption, ..Listeners::default() };
    for (of, name, address, places, tls, slot) in [
        (Role::Gateway, "gateway", &settings.gateway.listen, shares.http, &gateway, &mut listeners.gateway),
        (Role::Tenant, "tenant", &settings.tenant.listen, shares.grpc, &grpc, &mut listeners.tenant),
        (Role::Identity, "identity", &settings.identity.listen, shares.grpc, &grpc, &mut listeners.identity),
        (Role::Billing, "billing", &settings.billing.listen, shares.grpc, &grpc, &mut listeners.billing),
        (role, "metrics", &settings.metrics.listen, shares.metrics, &metrics, &mut listeners.metrics),
    ] {
        if role.includes(of) {
            let listener = Listener::bind(address).await.with_context(|| {
                format!("{name} can't listen on {address}; stop what uses it, or choose another address")
            })?;
            *slot = Some(listener.with_limits(limits(places)).with_tls(tls.clone()));
        }
    }
    Ok(listeners)
}

fn shares(role: Role, settings: &Settings) -> anyhow::Result<Shares> {
    let limit = descriptors::raise().context("can't raise the limit on file descriptors")?;
    let services = [
        (Role::Tenant, &settings.tenant),
        (Role::Identity, &settings.identity),
        (Role::Billing, &settings.billing),
    ];
    let served = services.into_iter().filter(|(of, _)| role.includes(*of));
    let (grpc_ports, reserved) = served.fold((0, RESERVED), |(ports, reserved), (_, service)| {
        (ports + 1, reserved + u64::from(service.database_connections) + ANNOUNCEMENTS)
    });
    Ok(Shares::divide(limit, reserved, role.includes(Role::Gateway), grpc_ports)?)
}
