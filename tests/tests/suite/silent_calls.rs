//! Calls that send a head and never their message: they use slots of their own party only.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use usher_base::Reason;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_rpc::Failure;
use usher_tests::operator::Operator;
use usher_tests::raw_grpc::call_without_message;
use usher_tests::stack::Stack;

/// Begins calls of a method over one channel, and waits until the server has received their heads.
async fn silent_calls(
    count: usize,
    channel: &Channel,
    path: &'static str,
    head: impl Fn() -> Request<()>,
) -> Vec<JoinHandle<Result<Bytes, Status>>> {
    let call = |_| {
        let call = call_without_message(channel.clone(), path, head());
        tokio::runtime::Handle::current().spawn(call)
    };
    let calls = (0..count).map(call).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_calls_of_a_public_method_block_nobody() {
    const GET_KEY_SET: &str = "/usher.tenant.v1.CredentialService/GetKeySet";
    let stack = Stack::start_with(|settings| settings.connections.shared.clear()).await;
    let url = stack.demo()["grpc"]["tenant"].as_str().unwrap().to_owned();
    let stranger = async || Channel::from_shared(url.clone()).unwrap().connect().await.unwrap();
    let channel = stranger().await;
    // More calls than the method has slots, each a head without a message.
    let silent = silent_calls(200, &channel, GET_KEY_SET, || Request::new(())).await;

    let mut client = CredentialServiceClient::new(stranger().await);
    let keys = client.get_key_set(tenant::GetKeySetRequest {}).await.unwrap().into_inner().keys;
    assert!(!keys.is_empty());

    for call in silent {
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_whose_calls_send_no_message_keeps_only_their_own_workspace_from_a_service() {
    const GET_SEATS: &str = "/usher.identity.v1.SeatService/GetSeats";
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let operator = stack.operator();
    operator.admin(acme.id(), "ada@acme.example", "correct horse battery", &[]).await.unwrap();
    let credential = operator.sign_in("acme", "ada@acme.example", "correct horse battery").await.unwrap();
    let ada = operator.with_credential(&credential);
    // More calls than the service has slots in total, each a head without a message.
    let silent =
        silent_calls(1_200, &operator.identity(), GET_SEATS, || ada.request_for(acme.id(), ())).await;

    let seats = async |who: &Operator, workspace| {
        let mut client = SeatServiceClient::new(operator.identity());
        client.get_seats(who.request_for(workspace, identity::GetSeatsRequest {})).await
    };
    let refused = Failure::from(seats(&ada, acme.id()).await.unwrap_err());
    assert_eq!(refused.reason, Reason::RateLimited, "{refused:?}");
    seats(operator, acme.id()).await.unwrap();
    seats(operator, globex.id()).await.unwrap();
    globex.scim().created("bob@globex.example").await;

    silent.iter().for_each(tokio::task::JoinHandle::abort);
}
