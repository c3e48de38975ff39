//! Streams that watch a workspace.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tonic::{Status, Streaming};
use usher_base::Reason;
use usher_base::id::WorkspaceId;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_rpc::Failure;
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

const SOON: Duration = Duration::from_secs(5);

async fn changes(
    operator: &Operator,
    workspace: WorkspaceId,
) -> Result<Streaming<identity::WatchChangesResponse>, Status> {
    let mut request = operator.request_for(workspace, identity::WatchChangesRequest { after_sequence: 0 });
    request.set_timeout(Duration::from_secs(25));
    Ok(ChangeServiceClient::new(operator.identity()).watch_changes(request).await?.into_inner())
}

async fn limits(
    operator: &Operator,
    workspace: WorkspaceId,
) -> Result<Streaming<billing::WatchLimitsResponse>, Status> {
    let mut request = operator.request_for(workspace, billing::WatchLimitsRequest {});
    request.set_timeout(Duration::from_secs(25));
    Ok(LimitServiceClient::new(operator.billing()).watch_limits(request).await?.into_inner())
}

/// The reason of a stream's end.
async fn ended<T>(stream: &mut Streaming<T>) -> Reason {
    loop {
        match timeout(SOON, stream.message()).await.unwrap() {
            Ok(message) => assert!(message.is_some(), "it ends with a reason"),
            Err(status) => return Failure::from(status).reason,
        }
    }
}

async fn set(workspace: &Workspace, status: tenant::WorkspaceStatus) {
    let message = tenant::UpdateWorkspaceRequest { status: status.into(), ..Default::default() };
    workspace.update(message).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_when_their_workspace_is_suspended_and_others_continue() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let operator = stack.operator();
    let (mut log, mut caps) =
        (changes(operator, acme.id()).await.unwrap(), limits(operator, acme.id()).await.unwrap());
    let mut other = changes(operator, globex.id()).await.unwrap();

    set(&acme, tenant::WorkspaceStatus::Suspended).await;
    let suspended = Instant::now();

    assert_eq!(ended(&mut log).await, Reason::WorkspaceSuspended);
    assert_eq!(ended(&mut caps).await, Reason::WorkspaceSuspended);
    assert!(suspended.elapsed() < Duration::from_millis(2_500), "{:?}", suspended.elapsed());
    // It can't be watched again either; unary methods can still read it.
    let refused = [changes(operator, acme.id()).await.map(drop), limits(operator, acme.id()).await.map(drop)];
    for refused in refused {
        assert_eq!(Failure::from(refused.unwrap_err()).reason, Reason::WorkspaceSuspended);
    }
    operator.changes(acme.id()).await.unwrap();
    globex.scim().created("ada@globex.example").await;
    let mut seen = 0;
    while seen == 0 {
        seen += timeout(SOON, other.message()).await.unwrap().unwrap().unwrap().changes.len();
    }

    set(&acme, tenant::WorkspaceStatus::Active).await;
    let again = async || changes(operator, acme.id()).await.is_ok();
    eventually(Duration::from_secs(2), "the workspace can be watched again", again).await;
    let mut log = changes(operator, acme.id()).await.unwrap();
    let reopened = Instant::now();
    while reopened.elapsed() < Duration::from_millis(1_200) {
        if let Ok(message) = timeout(Duration::from_millis(100), log.message()).await {
            assert!(message.unwrap().is_some(), "an earlier suspension ends no later stream");
        }
    }
}
