//! The change log over gRPC: followed from any number, read in pages, with heartbeats.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_tests::stack::Stack;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_change_log_can_be_followed_from_any_number() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created("ada@acme.example").await;
    acme.scim().created("bob@acme.example").await;
    let operator = stack.operator();
    let message = identity::WatchChangesRequest { after_sequence: 1 };
    let mut client = ChangeServiceClient::new(operator.identity());
    let mut request = operator.request_for(acme.id(), message);
    request.set_timeout(Duration::from_secs(25));
    let mut stream = client.watch_changes(request).await.unwrap().into_inner();

    let mut seen = Vec::new();
    while seen.is_empty() {
        seen.extend(stream.message().await.unwrap().unwrap().changes);
    }
    assert_eq!(seen[0].sequence, 2);
    acme.scim().delete(&format!("/Users/{id}")).await.assert_status(204);
    while seen.len() < 2 {
        seen.extend(stream.message().await.unwrap().unwrap().changes);
    }

    assert_eq!(seen[1].kind(), identity::ChangeKind::Deleted);
    assert_eq!((seen[1].sequence, seen[1].user_id.as_str()), (3, id.as_str()));
    assert!(seen[1].actor.starts_with("scim:"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_gets_heartbeats_with_its_position() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created("ada@acme.example").await;
    let operator = stack.operator();
    let message = identity::WatchChangesRequest { after_sequence: 1 };
    let mut request = operator.request_for(acme.id(), message);
    request.set_timeout(Duration::from_secs(25));
    let began = tokio::time::Instant::now();
    let watched = ChangeServiceClient::new(operator.identity()).watch_changes(request).await;
    let mut stream = watched.unwrap().into_inner();

    for _ in 0..2 {
        let beat = stream.message().await.unwrap().unwrap();
        assert_eq!((beat.changes.len(), beat.sequence), (0, 1));
    }

    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_beyond_the_change_log_is_out_of_range_and_says_where_the_log_ends() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created("ada@acme.example").await;
    let operator = stack.operator();
    let mut client = ChangeServiceClient::new(operator.identity());

    for (after_sequence, code) in [(1, None), (2, Some(Code::OutOfRange)), (-1, Some(Code::InvalidArgument))]
    {
        let watch = identity::WatchChangesRequest { after_sequence };
        let watched = client.watch_changes(operator.request_for(acme.id(), watch)).await.map(drop);
        let list = identity::ListChangesRequest { after_sequence, page_size: 0 };
        let listed = client.list_changes(operator.request_for(acme.id(), list)).await.map(drop);
        for answer in [watched, listed] {
            assert_eq!(answer.as_ref().err().map(Status::code), code, "{after_sequence}: {answer:?}");
            if code == Some(Code::OutOfRange) {
                let info = answer.unwrap_err().get_details_error_info().unwrap();
                assert_eq!((info.reason.as_str(), info.metadata["last"].as_str()), ("OUT_OF_RANGE", "1"));
            }
        }
    }
}
