//! Streams of limits: of all workspaces for identity, and of one workspace for its watchers.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;
use tonic::Streaming;
use usher_base::id::AdminId;
use usher_base::{Permission, Reason};
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::harness::{Billing, outgoing};
use crate::limits::{limit, set};
use crate::words::pool;
use crate::workspace::Workspace;

/// A change arrives about a second after it is set; the rest is for slow machines.
const SOON: Duration = Duration::from_secs(5);
/// The duration of several polls.
const LOOKS: Duration = Duration::from_millis(2_500);

/// A workspace, its pool, and the version of its limit.
type Version = (String, i32, i64);

/// Identity's stream, and all versions that it has received.
struct Feed {
    stream: Streaming<pb::WatchWorkspaceLimitsResponse>,
    seen: BTreeSet<Version>,
    largest: usize,
}

impl Feed {
    /// Opens the stream, and reads all limits in force.
    async fn open(billing: &Billing) -> Self {
        let credential = billing.credential("service:identity", None, &[Permission::SeatsAppend]);
        let request = outgoing(&credential, None).request(pb::WatchWorkspaceLimitsRequest {});
        let stream = billing.ledger().watch_workspace_limits(request).await.unwrap().into_inner();
        let mut feed = Self { stream, seen: BTreeSet::new(), largest: 0 };
        while !feed.next().await.unwrap().complete {}
        feed
    }

    async fn next(&mut self) -> Result<pb::WatchWorkspaceLimitsResponse, Failure> {
        let message = timeout(SOON, self.stream.message()).await.unwrap()?;
        let message = message.ok_or_else(|| Failure::new(Reason::Unavailable, "the stream has ended"))?;
        self.largest = self.largest.max(message.limits.len());
        for limit in &message.limits {
            let version = (limit.workspace_id.clone(), limit.pool, limit.version);
            assert!(self.seen.insert(version), "{limit:?} came twice");
        }
        Ok(message)
    }

    async fn is_silent(&mut self) -> bool {
        timeout(LOOKS, self.stream.message()).await.is_err()
    }
}

fn seats(quantity: i64) -> pb::Limit {
    pb::Limit { quantity: Some(quantity), ..limit("paid", "BLOCK") }
}

fn version(workspace: &Workspace<'_>, version: i64) -> Version {
    (workspace.id.to_string(), pool("paid"), version)
}

async fn view(
    workspace: &Workspace<'_>,
    credential: &str,
) -> Result<Streaming<pb::WatchLimitsResponse>, Failure> {
    let request = outgoing(credential, Some(workspace.id)).request(pb::WatchLimitsRequest {});
    Ok(workspace.billing.limits().watch_limits(request).await?.into_inner())
}

/// Returns what an admin of the workspace receives next: the paid limit, and the thresholds of alerts.
async fn shown(stream: &mut Streaming<pb::WatchLimitsResponse>) -> (Option<i64>, Vec<i32>) {
    let message = timeout(SOON, stream.message()).await.unwrap().unwrap().unwrap();
    let paid = message.limits.iter().find(|limit| limit.pool == pool("paid"));
    (paid.and_then(|limit| limit.quantity), message.alerts.iter().map(|alert| alert.threshold).collect())
}

fn admin(workspace: &Workspace<'_>, scopes: &[Permission]) -> String {
    let actor = format!("admin:{}", AdminId::new(&workspace.billing.clock));
    workspace.billing.credential(&actor, Some(workspace.id), scopes)
}

#[tokio::test]
async fn identity_receives_the_limits_in_force_and_then_every_version_once() {
    let billing = Billing::start().await;
    let (acme, globex, initech) = (billing.workspace(), billing.workspace(), billing.workspace());
    set(&acme, seats(1)).await.unwrap();
    set(&acme, seats(2)).await.unwrap();
    set(&globex, seats(3)).await.unwrap();

    let mut feed = Feed::open(&billing).await;
    assert_eq!(feed.seen, [version(&acme, 2), version(&globex, 1)].into());

    set(&acme, seats(4)).await.unwrap();
    let news = feed.next().await.unwrap();
    assert_eq!(news.limits[0].quantity, Some(4));
    assert!(news.complete && feed.seen.contains(&version(&acme, 3)));

    // A version that a replica set whose clock is behind.
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    sqlx::query(
        "INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, set_at, set_by)
         VALUES ($1, 'paid', 1, 5, 'BLOCK', now() - interval '40 seconds', 'another replica')",
    )
    .bind(initech.id.as_uuid())
    .execute(&mut owner)
    .await
    .unwrap();
    feed.next().await.unwrap();
    assert!(feed.seen.contains(&version(&initech, 1)));
    assert!(feed.is_silent().await, "looks find again what was set within a minute");
    assert_eq!(Feed::open(&billing).await.seen.len(), 3, "whoever comes later gets all that hold");
}

#[tokio::test]
async fn many_limits_arrive_in_messages_of_bounded_size_even_if_set_at_one_instant() {
    let billing = Billing::start().await;
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    for (count, step) in [(1_500, "1 second"), (2_600, "0"), (700, "1 microsecond")] {
        sqlx::query(
            "INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, set_at, set_by)
             SELECT gen_random_uuid(), 'paid', 1, n, 'BLOCK', now() - interval '1 hour' + n * $2::text::interval, 'test'
             FROM generate_series(1, $1) n",
        )
        .bind(count)
        .bind(step)
        .execute(&mut owner)
        .await
        .unwrap();
    }

    let mut feed = Feed::open(&billing).await;

    assert_eq!((feed.seen.len(), feed.largest), (4_800, 1_000));
    assert!(feed.is_silent().await);
}

#[tokio::test]
async fn a_watcher_of_a_workspace_receives_changes_of_its_limits_and_alerts_and_no_others() {
    let billing = Billing::start().await;
    let (mut acme, globex) = (billing.workspace(), billing.workspace());
    let mut stream = view(&acme, &admin(&acme, &[Permission::BillingRead])).await.unwrap();
    assert_eq!(shown(&mut stream).await, (None, vec![]), "nothing, which is said at once");

    set(&acme, seats(2)).await.unwrap();
    assert_eq!(shown(&mut stream).await, (Some(2), vec![]));
    let person = acme.person();
    let event = acme.event("2026-06-01T00:00:00Z", person, Some("Regular"));
    acme.apply(vec![event]).await;
    set(&globex, seats(7)).await.unwrap();
    assert!(timeout(LOOKS, stream.message()).await.is_err(), "acme's limits are what they were");

    let person = acme.person();
    let event = acme.event("2026-06-02T00:00:00Z", person, Some("Regular"));
    acme.apply(vec![event]).await;
    assert_eq!(shown(&mut stream).await, (Some(2), vec![80, 90, 100]));
}

#[tokio::test]
async fn only_identity_watches_all_limits_and_those_of_a_workspace_need_permission() {
    let billing = Billing::start().await;
    let (acme, globex) = (billing.workspace(), billing.workspace());
    for (workspace, scopes, reason) in [
        (None, [Permission::BillingRead, Permission::BillingAdmin].as_slice(), Reason::PermissionDenied),
        (Some(acme.id), &[Permission::SeatsAppend], Reason::NotFound),
    ] {
        let credential = billing.credential("service:identity", workspace, scopes);
        let request = outgoing(&credential, None).request(pb::WatchWorkspaceLimitsRequest {});
        let refused = Failure::from(billing.ledger().watch_workspace_limits(request).await.unwrap_err());
        assert_eq!(refused.reason, reason);
    }

    let nosy = admin(&globex, &[Permission::BillingRead]);
    assert_eq!(view(&acme, &nosy).await.unwrap_err().reason, Reason::NotFound);
    let other = admin(&acme, &[Permission::SeatsRead]);
    assert_eq!(view(&acme, &other).await.unwrap_err().reason, Reason::PermissionDenied);

    let own = admin(&acme, &[Permission::BillingRead]);
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(view(&acme, &own).await.unwrap());
    }
    assert_eq!(view(&acme, &own).await.unwrap_err().reason, Reason::RateLimited);
    view(&globex, &nosy).await.unwrap();
    streams.pop();
    let freed = async {
        while view(&acme, &own).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, freed).await.unwrap();
}

#[tokio::test]
async fn streams_end_with_the_credential_that_opened_them() {
    let billing = Billing::at("2026-06-01T00:00:00Z").await;
    let acme = billing.workspace();
    let mut feed = Feed::open(&billing).await;
    let mut stream = view(&acme, &admin(&acme, &[Permission::BillingRead])).await.unwrap();
    shown(&mut stream).await;

    billing.advance_to("2026-06-01T00:09:59Z");
    set(&acme, seats(1)).await.unwrap();
    feed.next().await.unwrap();
    shown(&mut stream).await;
    billing.advance_to("2026-06-01T00:10:00Z");

    assert_eq!(feed.next().await.unwrap_err().reason, Reason::CredentialExpired);
    let ended = timeout(SOON, stream.message()).await.unwrap().unwrap_err();
    assert_eq!(Failure::from(ended).reason, Reason::CredentialExpired);
}

#[tokio::test]
async fn streams_end_when_the_service_stops_and_do_not_delay_it() {
    let mut billing = Billing::start().await;
    let mut feed = Feed::open(&billing).await;
    let credential = billing.credential("operator:ops", None, &[Permission::BillingRead]);
    let mut stream = view(&billing.workspace(), &credential).await.unwrap();
    shown(&mut stream).await;

    timeout(Duration::from_secs(3), billing.stop()).await.unwrap();

    assert!(feed.stream.message().await.unwrap().is_none(), "an end in good order");
    assert!(stream.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_whose_database_fails_ends_with_the_reason() {
    let billing = Billing::start().await;
    let mut feed = Feed::open(&billing).await;
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let rename = "ALTER FUNCTION seat_limits_since RENAME TO gone";
    sqlx::query(rename).execute(&mut owner).await.unwrap();

    assert_eq!(feed.next().await.unwrap_err().reason, Reason::Internal);
    assert!(feed.stream.message().await.unwrap().is_none());
}
