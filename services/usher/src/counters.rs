//! Counters that exist from the start. A counter that appears only with its first event has no rate at that time, so
//! an alert on it would miss the event.

use crate::role::Role;

/// A counter of a role, with the values of its only label.
struct Counter(Role, &'static str, &'static str, &'static [&'static str]);

const COUNTERS: [Counter; 11] = [
    Counter(Role::Gateway, "usher_gateway_token_checks_total", "outcome", &["accepted", "refused", "failed"]),
    Counter(
        Role::Gateway,
        "usher_provisioning_log_dropped_total",
        "why",
        &["full", "stopped", "refused", "nowhere", "noise"],
    ),
    Counter(Role::Identity, "usher_relay_events_total", "outcome", &["applied", "refused"]),
    Counter(Role::Identity, "usher_seats_refused_total", "pool", &["paid", "collaborator"]),
    Counter(Role::Identity, "usher_seats_degraded_total", "", &[]),
    Counter(Role::Billing, "usher_ledger_facts_ahead_total", "", &[]),
    Counter(Role::Billing, "usher_ledger_watermarks_ahead_total", "", &[]),
    Counter(Role::Billing, "usher_ledger_verifications_total", "outcome", &["sound", "faulty"]),
    Counter(Role::Billing, "usher_ledger_conflicts_total", "", &[]),
    Counter(Role::Billing, "usher_reconciliation_differences_total", "", &[]),
    Counter(Role::Billing, "usher_seat_limit_alerts_total", "pool", &["paid", "collaborator"]),
];

/// Sets the counters of a role to 0, including those of requests and calls that have alerts, and reports the build.
pub fn begin(role: Role) {
    metrics::gauge!("usher_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    for Counter(of, name, label, values) in COUNTERS {
        if !role.includes(of) {
            continue;
        }
        if values.is_empty() {
            metrics::counter!(name).increment(0);
        }
        for value in values {
            metrics::counter!(name, label => *value).increment(0);
        }
    }
    for (of, name, methods) in [
        (Role::Tenant, "tenant", usher_tenant::METHODS),
        (Role::Identity, "identity", usher_identity::METHODS),
        (Role::Billing, "billing", usher_billing::METHODS),
    ] {
        if role.includes(of) {
            usher_rpc::begin_counters(name, methods);
        }
    }
    if role.includes(Role::Gateway) {
        usher_gateway::begin_counters();
    }
    for (of, port) in [
        (Role::Gateway, "gateway"),
        (Role::Tenant, "tenant"),
        (Role::Identity, "identity"),
        (Role::Billing, "billing"),
        (role, "metrics"),
    ] {
        if role.includes(of) {
            for why in ["silent", "idle", "slow", "full", "address", "flood", "handshake"] {
                metrics::counter!("usher_connections_ended_total", "port" => port, "why" => why).increment(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_described_counter_begins_at_zero() {
        let described = include_str!("telemetry.rs").split("describe_counter!(").skip(1);
        let described = described
            .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
            .filter(|name| name.starts_with("usher_"));
        // These have several labels.
        let elsewhere =
            ["usher_http_requests_total", "usher_rpc_requests_total", "usher_connections_ended_total"];

        for name in described.filter(|name| !elsewhere.contains(name)) {
            let known = COUNTERS.iter().any(|Counter(_, known, ..)| *known == name);
            assert!(known, "{name} begins with its first event; add it to COUNTERS");
        }
    }
}
