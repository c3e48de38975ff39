//! The log and the metrics of the process.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tower::ServiceExt as _;
use tracing_subscriber::EnvFilter;
use usher_net::{Listener, Protocol, RequestBody};
use usher_rpc::{Readiness, Tasks};

use crate::config::LogSettings;
use crate::counters;
use crate::databases::Databases;
use crate::role::Role;

/// Upper bounds of the duration histograms, in seconds.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Sends the log to standard error: pretty on a terminal, otherwise JSON.
///
/// # Errors
/// The filter can't be parsed, or the log was initialised before.
pub fn init_log(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter).context("can't parse log.filter")?;
    let pretty = match settings.format.as_str() {
        "pretty" => true,
        "json" => false,
        _ => std::io::stderr().is_terminal(),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if pretty {
        log.compact().try_init()
    } else {
        log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    installed.map_err(|error| anyhow::anyhow!("can't initialise the log: {error}"))
}

/// Installs the process's metrics recorder.
///
/// # Errors
/// A recorder was installed before.
pub fn init_metrics(role: Role) -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .install_recorder()
        .context("can't initialise the metrics")?;
    describe();
    counters::begin(role);
    Ok(handle)
}

/// Describes each metric, for `/metrics`. Labels have few values: routes and methods are those of the protocol, never
/// those that a client made up.
fn describe() {
    describe_counter!("usher_http_requests_total", "HTTP requests by method, route and status code");
    describe_histogram!(
        "usher_http_duration_seconds",
        "Time from the head of a request to the head of its \
         answer"
    );
    describe_counter!(
        "usher_gateway_token_checks_total",
        "SCIM tokens that tenant was asked about, by outcome; cached tokens do not count"
    );
    describe_gauge!("usher_connections", "Open connections, by port");
    describe_counter!(
        "usher_connections_ended_total",
        "Connections closed by Usher, by port and reason: silent (no request in time), idle, slow (an \
         answer is not read), full (to make room for others), address (too many from one), flood (of \
         HTTP/2 frames), handshake (no TLS, or an untrusted certificate)"
    );
    describe_counter!("usher_rpc_requests_total", "RPCs served, by role, method and gRPC code");
    describe_histogram!(
        "usher_rpc_duration_seconds",
        "Time from the head of an RPC to the head of its answer, by role and method"
    );
    describe_counter!(
        "usher_relay_events_total",
        "Seat events sent to billing, by outcome; repeated ones count again"
    );
    describe_gauge!(
        "usher_relay_workspaces_waiting",
        "Workspaces with seat events that billing has not acknowledged"
    );
    describe_gauge!(
        "usher_relay_lag_seconds",
        "Age of the oldest seat event that billing has not acknowledged, at the last attempt; 0 if there \
         is none"
    );
    describe_gauge!(
        "usher_watermark_age_seconds",
        "Time since identity last sent the watermarks to billing; periods close by these"
    );
    describe_gauge!(
        "usher_database_connections",
        "Connections to a role's database by state: used, idle, and waiting (requests that wait for one)"
    );
    describe_gauge!("usher_database_connections_most", "Maximum number of connections to a role's database");
    describe_gauge!("usher_build_info", "1, with the version of the program as a label");
    describe_gauge!(
        "usher_period_close_overdue",
        "Workspaces with a period that is not closed although billing.close_alarm_after has passed; alert \
         on any"
    );
    describe_gauge!("usher_ledgers_faulty", "Ledgers whose last verification found a fault; alert on any");
    describe_gauge!(
        "usher_clock_ahead_seconds",
        "How far the clock of identity or billing is ahead of its database's, in seconds, by service; alert on more than 1"
    );
    describe_gauge!(
        "usher_workspaces_ahead_of_clock",
        "Workspaces whose last change is ahead of the clock; alert on any"
    );
    describe_counter!(
        "usher_ledger_facts_ahead_total",
        "Seat events that were refused because they are ahead of the clock; alert on any"
    );
    describe_counter!(
        "usher_ledger_watermarks_ahead_total",
        "Watermarks that were passed over because they are ahead of the clock; alert on any"
    );
    describe_counter!("usher_ledger_verifications_total", "Ledgers that were verified, by outcome");
    describe_counter!(
        "usher_ledger_conflicts_total",
        "Seat events that arrived again with other content; alert on any"
    );
    describe_counter!(
        "usher_reconciliation_differences_total",
        "Comparisons in which identity and billing count different seats; alert on any"
    );
    describe_counter!(
        "usher_seat_limit_alerts_total",
        "Thresholds of seat limits that were reached, by pool"
    );
    describe_counter!("usher_seats_refused_total", "Seats refused because none was free, by pool");
    describe_counter!(
        "usher_seats_degraded_total",
        "Persons who became Collaborators because no paid seat was free"
    );
    describe_counter!(
        "usher_provisioning_log_dropped_total",
        "Entries that were not stored in the provisioning log, by reason: full, stopped, refused, nowhere \
         (no such workspace), noise"
    );
}

/// Serves `/metrics`, `/livez` and `/readyz` until the roles stop.
pub fn serve_metrics(
    listener: Listener,
    handle: PrometheusHandle,
    (readiness, databases): (Readiness, Databases),
    tasks: &Tasks,
) {
    let stopping = tasks.clone();
    let router = Router::new()
        .route(
            "/metrics",
            get(move || async move {
                databases.record();
                handle.render()
            }),
        )
        .route("/livez", get(|| async { "ok\n" }))
        .route(
            "/readyz",
            get(move || async move {
                match readiness.check().await {
                    Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
                    Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
                }
            }),
        )
        .map_request(|request: Request<RequestBody>| request.map(Body::new));
    tasks.spawn(async move {
        let served = listener.serve("metrics", Protocol::Http, router, stopping.stopping()).await;
        if let Err(error) = served {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics stopped");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// The names in the calls of some macros.
    fn named(text: &str, macros: [&str; 3]) -> BTreeSet<String> {
        let behind = macros.into_iter().flat_map(|name| text.split(name).skip(1));
        let name = |rest: &str| rest.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned);
        behind.filter_map(name).filter(|name| name.starts_with("usher_")).collect()
    }

    #[test]
    fn every_metric_is_described() {
        let described = named(
            include_str!("telemetry.rs"),
            ["describe_counter!(", "describe_gauge!(", "describe_histogram!("],
        );
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
        found.retain(|path| !path.ends_with("telemetry.rs"));
        let text: String = found.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();

        let used = named(&text, ["counter!(", "gauge!(", "histogram!("]);
        let unknown: Vec<_> = used.difference(&described).collect();
        assert_eq!(unknown, Vec::<&String>::new());
        assert!(used.len() > 10, "{used:?}");
        for name in described {
            assert!(text.contains(&format!("\"{name}\"")), "{name} is described, and no metric");
        }
    }
}
