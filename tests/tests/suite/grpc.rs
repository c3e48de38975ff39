//! What every service's gRPC has in common.

use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;
use usher_base::Reason;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::seat_query_client::SeatQueryClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_tests::stack::Stack;

fn services(stack: &Stack) -> [(&'static str, Channel); 3] {
    let operator = stack.operator();
    [("tenant", operator.tenant()), ("identity", operator.identity()), ("billing", operator.billing())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_answers_health_checks() {
    let stack = Stack::start().await;

    for (name, channel) in services(&stack) {
        for service in ["", service_of(name)] {
            let request = HealthCheckRequest { service: service.to_owned() };
            let answer = HealthClient::new(channel.clone()).check(request).await.unwrap();
            assert_eq!(answer.into_inner().status(), ServingStatus::Serving, "{name}: {service:?}");
        }
    }
}

fn service_of(name: &str) -> &'static str {
    match name {
        "tenant" => "usher.tenant.v1.WorkspaceService",
        "identity" => "usher.identity.v1.UserService",
        _ => "usher.billing.v1.SeatQuery",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_describes_itself() {
    let stack = Stack::start().await;

    for (name, channel) in services(&stack) {
        let ask = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut answers = ServerReflectionClient::new(channel)
            .server_reflection_info(tokio_stream::once(ask))
            .await
            .unwrap()
            .into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
        let MessageResponse::ListServicesResponse(list) = answer else { panic!("{name}: {answer:?}") };
        assert!(list.service.iter().any(|service| service.name == service_of(name)), "{name}: {list:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_carry_their_reason_and_what_programs_need() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").blocked_at(1).create().await;
    acme.scim().created("ada@acme.example").await;
    let operator = stack.operator();
    let users = UserServiceClient::new(operator.identity());
    let create = async |document: &str| {
        let message = identity::CreateUserRequest { document_json: document.into(), ..Default::default() };
        users.clone().create_user(operator.about(acme.id(), message)).await.unwrap_err()
    };
    let absent = identity::GetUserRequest { id: uuid::Uuid::new_v4().to_string(), ..Default::default() };
    let filter = identity::ListUsersRequest { filter: "nope eq".into(), ..Default::default() };
    let period = billing::GetStatementRequest {
        start_date: "2026-13-01".into(),
        end_date: "x".into(),
        ..Default::default()
    };
    let mut queries = SeatQueryClient::new(operator.billing());
    let statuses = [
        (create(r#"{"userName": "ADA@acme.example"}"#).await, Reason::UserNameTaken, None),
        (
            create(r#"{"userName": "eve@evil.example"}"#).await,
            Reason::DomainNotApproved,
            Some(("domain", "evil.example")),
        ),
        (create(r#"{"userName": "bob@acme.example"}"#).await, Reason::SeatLimitReached, Some(("limit", "1"))),
        (create("{}").await, Reason::InvalidValue, None),
        (create("{").await, Reason::InvalidSyntax, None),
        (
            users.clone().get_user(operator.about(acme.id(), absent)).await.unwrap_err(),
            Reason::NotFound,
            Some(("resource", "User")),
        ),
        (
            users.clone().list_users(operator.about(acme.id(), filter)).await.unwrap_err(),
            Reason::InvalidFilter,
            None,
        ),
        (
            queries.get_statement(operator.about(acme.id(), period)).await.unwrap_err(),
            Reason::InvalidArgument,
            None,
        ),
    ];

    for (status, reason, metadata) in statuses {
        let info = status.get_details_error_info().unwrap_or_else(|| panic!("{reason:?}: {status:?}"));
        assert_eq!((info.domain.as_str(), info.reason.as_str()), ("usher", reason.name()));
        assert_eq!(i32::from(status.code()), reason.row().code as i32);
        assert!(!status.message().is_empty());
        if let Some((name, value)) = metadata {
            assert_eq!(info.metadata.get(name).map(String::as_str), Some(value), "{reason:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_at_its_deadline() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();

    // Hashing a password takes longer than this.
    let message = tenant::SignInRequest {
        workspace: "acme".into(),
        email: "nobody@acme.example".into(),
        password: "correct horse battery".into(),
    };
    let mut request = Request::new(message);
    request.metadata_mut().insert("grpc-timeout", "1m".parse().unwrap());
    let mut client =
        usher_proto::tenant::v1::admin_service_client::AdminServiceClient::new(operator.tenant());
    let status = client.sign_in(request).await.unwrap_err();
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status:?}");

    // And the service goes on.
    assert_eq!(operator.read_workspace("acme").await.unwrap().id, acme.id().to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_must_say_which_workspace() {
    let stack = Stack::start().await;
    let operator = stack.operator();
    let mut request = Request::new(identity::ListUsersRequest::default());
    let bearer = format!("Bearer {}", operator.credential()).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);

    let status = UserServiceClient::new(operator.identity()).list_users(request).await.unwrap_err();

    assert!(matches!(status.code(), Code::InvalidArgument | Code::PermissionDenied), "{status:?}");
    assert!(status.message().contains("workspace"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_change_log_can_be_followed_from_any_number() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created("ada@acme.example").await;
    acme.scim().created("bob@acme.example").await;
    let operator = stack.operator();
    let message = identity::WatchChangesRequest { after_sequence: 1 };
    let mut client = ChangeServiceClient::new(operator.identity());
    let mut request = operator.about(acme.id(), message);
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
async fn workspaces_are_listed_in_pages() {
    let stack = Stack::start().await;
    for slug in ["acme", "globex", "initech"] {
        stack.workspace(slug).create().await;
    }
    let operator = stack.operator();
    let mut client = WorkspaceServiceClient::new(operator.tenant());
    let mut slugs = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = tenant::ListWorkspacesRequest { page_size: 2, page_token };
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", operator.credential()).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        let page = client.list_workspaces(request).await.unwrap().into_inner();
        slugs.extend(page.workspaces.into_iter().map(|workspace| workspace.slug));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(slugs, ["acme", "globex", "initech"]);
}
