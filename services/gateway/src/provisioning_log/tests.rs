use usher_base::id::{AppId, TokenId, WorkspaceId};
use usher_base::secret::ServiceKey;
use usher_net::tls::ClientTls;
use usher_rpc::{Channels, ServiceCredential, connect};

use super::*;

/// A log whose tenant service is unavailable.
fn log() -> ProvisioningLog {
    let clock = Clock::system();
    let away = "http://127.0.0.1:9";
    let tls = ClientTls::default();
    let own = connect(away, &tls).unwrap();
    let credential = ServiceCredential::new("gateway", ServiceKey::generate(), own, clock.clone());
    let channels = Channels::connect(away, &tls).unwrap();
    ProvisioningLog::new(&LogClient::new(channels, credential), clock).0
}

#[tokio::test]
async fn entries_without_a_token_displace_no_others_and_dropped_entries_are_counted() {
    let log = log();
    let clock = Clock::system();
    for number in 0..20_000 {
        log.record(LogEntry::empty(format!("made-up-{number}")));
        log.record(LogEntry::empty("acme".to_owned()));
    }

    for _ in 0..1_000 {
        let mut log_entry = LogEntry::empty(WorkspaceId::new(&clock).to_string());
        log_entry.caller = Some((AppId::new(&clock), TokenId::new(&clock)));
        log.record(log_entry);
    }

    assert_eq!(log.authenticated.take(10_000).len(), 1_000);
    assert_eq!(log.unauthenticated.len(), UNAUTHENTICATED.0);
    let counted = log.dropped.counted();
    assert_eq!(counted.values().sum::<u64>(), 40_000 - UNAUTHENTICATED.0 as u64, "{counted:?}");
    assert!(counted["noise"] > 0 && counted["full"] > 0, "{counted:?}");
}
