use futures::future::join_all;
use tonic::Code;
use usher_base::{Audience, KeySet, Permission};
use usher_net::Listener;
use usher_net::tls::ClientTls;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;

use super::*;
use crate::slugs::SlugLookup;
use crate::{Method, Server, ServerConfig, StaticKeys, Tasks, Verifier, connect};

#[test]
fn the_error_for_too_many_streams_names_the_maximum() {
    let actor = too_many_streams(&Party::Actor("service:gateway".to_owned()));
    assert!(actor.message.contains("256 streams of one service"), "{actor:?}");
    assert_eq!(actor.reason, Reason::RateLimited);
    let workspace = too_many_streams(&Party::Workspace(WorkspaceId::from_uuid(Uuid::nil())));
    assert!(workspace.message.contains("16 streams of a workspace"), "{workspace:?}");
}

#[test]
fn a_deadline_is_parsed_in_every_unit_and_nonsense_is_ignored() {
    let of = |value: &str| {
        deadline(&HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), value.parse().unwrap())]))
    };

    assert_eq!(of("2S"), Some(Duration::from_secs(2)));
    assert_eq!(of("250m"), Some(Duration::from_millis(250)));
    for nonsense in ["", "S", "2", "-1S", "999999999S", "2x"] {
        assert_eq!(of(nonsense), None, "{nonsense}");
    }
}

struct NoSlugs;

impl Slugs for NoSlugs {
    fn find<'a>(&'a self, _: &'a str, _: &'a str) -> SlugLookup<'a> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Starts a server that rejects all calls, and returns its address.
async fn closed_server(tasks: &Tasks) -> String {
    const METHODS: [Method; 1] =
        [Method::new("/usher.tenant.v1.WorkspaceService/ListWorkspaces", &[Permission::TenantAdmin])];
    let config = ServerConfig {
        role: "tenant",
        longest: Duration::from_secs(10),
        most_calls: 1_000,
        methods: &METHODS,
    };
    let verifier = Verifier::new(StaticKeys(KeySet::default()), Audience::Tenant, Clock::system());
    let server = Server::new(config, verifier, NoSlugs, Clock::system());
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(tasks.spawn(server.serve(listener, tasks.clone())));
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_thousands_of_refused_calls_over_one_connection_gets_the_status_that_is_meant() {
    let tasks = Tasks::new();
    let channel = connect(&closed_server(&tasks).await, &ClientTls::default()).unwrap();

    let mut others = Vec::new();
    for _ in 0..10 {
        let calls = (0..300).map(async |_| {
            let mut client = WorkspaceServiceClient::new(channel.clone());
            let message = pb::ListWorkspacesRequest { page_token: "x".repeat(20_000), ..Default::default() };
            client.list_workspaces(message).await.unwrap_err()
        });
        let refused = join_all(calls).await;
        others.extend(refused.into_iter().filter(|status| status.code() != Code::Unauthenticated));
    }

    assert!(others.is_empty(), "{} of 3,000, such as {:?}", others.len(), others.first());
    tasks.soft_stop();
}
