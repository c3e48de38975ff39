//! The common behaviour of all gRPC services.

use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;
use usher_base::Reason;
use usher_net::tls::ClientTls;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::billing::v1::statement_service_client::StatementServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::domain_service_client::DomainServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::Failure;
use usher_store::Durability;
use usher_tests::stack::processes::ROLES;
use usher_tests::stack::{Processes, Stack};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_port_of_a_process_reports_the_same_readiness() {
    let mut processes = Processes::start(Durability::Relaxed).await;
    let http = async |url: String| {
        let answer = reqwest::get(url).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let said = async |role: &'static str, processes: &Processes| {
        let metrics = http(processes.metrics_url(role).replace("/metrics", "/readyz")).await;
        let own = if role == "gateway" {
            http(format!("{}/readyz", processes.gateway())).await
        } else {
            let channel =
                usher_rpc::connect(&format!("http://{}", processes.listens(role)), &ClientTls::default())
                    .unwrap();
            let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap();
            let serves = answer.into_inner().status() == ServingStatus::Serving;
            (if serves { 200 } else { 503 }, metrics.1.clone())
        };
        (metrics, own)
    };
    for role in ROLES {
        let ready = (200, "ok\n".to_owned());
        assert_eq!(said(role, &processes).await, (ready.clone(), ready), "{role}");
    }

    processes.stop_postgres().await;

    for role in ROLES {
        let down = async || {
            let (metrics, own) = said(role, &processes).await;
            metrics.0 == 503 && metrics == own
        };
        usher_tests::wait::eventually(Duration::from_secs(20), role, down).await;
    }
}

fn service_of(name: &str) -> &'static str {
    match name {
        "tenant" => "usher.tenant.v1.WorkspaceService",
        "identity" => "usher.identity.v1.UserService",
        _ => "usher.billing.v1.UsageService",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_describes_its_own_services_and_no_others_in_both_versions_of_reflection() {
    let stack = Stack::start().await;

    for (name, channel) in services(&stack) {
        let own = |service: &str| {
            service.starts_with(&format!("usher.{name}.v1.")) || service == "grpc.health.v1.Health"
        };
        for listed in [listed(channel.clone()).await, listed_alpha(channel).await] {
            assert!(listed.iter().any(|service| service == service_of(name)), "{name}: {listed:?}");
            assert!(listed.iter().all(|service| own(service)), "{name}: {listed:?}");
        }
    }
}

async fn listed(channel: Channel) -> Vec<String> {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest::ListServices;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse::ListServicesResponse;

    let ask =
        ServerReflectionRequest { host: String::new(), message_request: Some(ListServices(String::new())) };
    let answers = ServerReflectionClient::new(channel).server_reflection_info(tokio_stream::once(ask)).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap().message_response;
    let Some(ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    list.service.into_iter().map(|service| service.name).collect()
}

async fn listed_alpha(channel: Channel) -> Vec<String> {
    use tonic_reflection::pb::v1alpha::ServerReflectionRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest::ListServices;
    use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse::ListServicesResponse;

    let ask =
        ServerReflectionRequest { host: String::new(), message_request: Some(ListServices(String::new())) };
    let answers = ServerReflectionClient::new(channel).server_reflection_info(tokio_stream::once(ask)).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap().message_response;
    let Some(ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    list.service.into_iter().map(|service| service.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_may_be_named_by_its_slug_at_every_service() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().created("ada@acme.example").await;
    let operator = stack.operator();
    let named = |slug: &str| {
        let mut request = operator.request_for_installation(());
        request.metadata_mut().insert("usher-workspace", slug.parse().unwrap());
        request
    };
    let domains = async |slug: &str| {
        let request = named(slug).map(|()| tenant::ListDomainsRequest {});
        let answer = DomainServiceClient::new(operator.tenant()).list_domains(request).await?;
        Ok::<_, Status>(answer.into_inner().domains.len())
    };
    let people = async |slug: &str| {
        let request = named(slug).map(|()| identity::ListUsersRequest { count: 10, ..Default::default() });
        let answer = UserServiceClient::new(operator.identity()).list_users(request).await?;
        Ok(answer.into_inner().users.len())
    };
    let limits = async |slug: &str| {
        let request = named(slug).map(|()| billing::GetLimitsRequest {});
        let answer = LimitServiceClient::new(operator.billing()).get_limits(request).await?;
        Ok(answer.into_inner().limits.len())
    };

    assert_eq!((domains("acme").await.unwrap(), people("acme").await.unwrap()), (1, 1));
    limits("acme").await.unwrap();
    for (slug, code) in [("nowhere", Code::NotFound), ("Not a slug", Code::InvalidArgument)] {
        for answer in [domains(slug).await, people(slug).await, limits(slug).await] {
            assert_eq!(answer.unwrap_err().code(), code, "{slug}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_can_distinguish_another_workspaces_slug_from_an_unknown_one() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let operator = stack.operator();
    let security = [tenant::AdminPermission::ConfigureAdvancedSecuritySettings];
    for workspace in [&acme, &globex] {
        operator
            .admin(workspace.id(), "boss@acme.example", "correct horse battery", &security)
            .await
            .unwrap();
    }
    let signed_in = operator.sign_in("acme", "boss@acme.example", "correct horse battery").await.unwrap();
    let boss = operator.with_credential(&signed_in);
    let domains = async |slug: &str| {
        let mut request = boss.request_for_installation(tenant::ListDomainsRequest {});
        request.metadata_mut().insert("usher-workspace", slug.parse().unwrap());
        DomainServiceClient::new(operator.tenant()).list_domains(request).await
    };

    assert!(domains("acme").await.is_ok());
    let (other, absent) = (domains("globex").await.unwrap_err(), domains("nowhere").await.unwrap_err());
    assert_eq!((other.code(), other.message()), (absent.code(), absent.message()));
    assert_eq!(other.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_names_its_request() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();

    let mut client = UserServiceClient::new(operator.identity());
    let mut request = operator.request_for(acme.id(), identity::ListUsersRequest::default());
    request.metadata_mut().insert("x-request-id", "mine-1".parse().unwrap());
    let answer = client.list_users(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "mine-1");

    let absent = identity::GetUserRequest { id: uuid::Uuid::new_v4().to_string(), ..Default::default() };
    let mut request = operator.request_for(acme.id(), absent);
    request.metadata_mut().insert("x-request-id", "mine-2".parse().unwrap());
    let refused = client.get_user(request).await.unwrap_err();
    assert_eq!(refused.metadata().get("x-request-id").unwrap(), "mine-2");

    // Without a credential, without an id, of an unknown method, and one with a short deadline.
    let bare = client.list_users(identity::ListUsersRequest::default()).await.unwrap_err();
    let path = "/usher.identity.v1.UserService/Nothing";
    let request = operator.request_for_installation(bytes::Bytes::new());
    let unknown = usher_tests::raw_grpc::call(operator.identity(), path, request).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
    let path = "/usher.identity.v1.UserService/ListUsers";
    let garbage = operator.request_for(acme.id(), bytes::Bytes::from_static(&[0xff, 0xff]));
    let unreadable = usher_tests::raw_grpc::call(operator.identity(), path, garbage).await.unwrap_err();
    assert_eq!(Failure::from(unreadable).reason, Reason::InvalidArgument);
    assert_eq!(bare.metadata().get("x-request-id").unwrap().len(), 36, "{bare:?}");
    assert_eq!(unknown.metadata().get("x-request-id").unwrap(), "operator");
    let mut watched = ChangeServiceClient::new(operator.identity());
    let stream = watched
        .watch_changes(operator.request_for(acme.id(), identity::WatchChangesRequest::default()))
        .await;
    assert!(stream.unwrap().metadata().contains_key("x-request-id"));
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
        users.clone().create_user(operator.request_for(acme.id(), message)).await.unwrap_err()
    };
    let absent = identity::GetUserRequest { id: uuid::Uuid::new_v4().to_string(), ..Default::default() };
    let filter = identity::ListUsersRequest { filter: "nope eq".into(), ..Default::default() };
    let period = billing::GetStatementRequest {
        start_date: "2026-13-01".into(),
        end_date: "x".into(),
        ..Default::default()
    };
    let mut queries = StatementServiceClient::new(operator.billing());
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
            users.clone().get_user(operator.request_for(acme.id(), absent)).await.unwrap_err(),
            Reason::NotFound,
            Some(("resource", "User")),
        ),
        (
            users.clone().list_users(operator.request_for(acme.id(), filter)).await.unwrap_err(),
            Reason::InvalidFilter,
            None,
        ),
        (
            queries.get_statement(operator.request_for(acme.id(), period)).await.unwrap_err(),
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

    // The service is still available.
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
