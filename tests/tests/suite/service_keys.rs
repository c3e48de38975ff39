//! Keys of integrations: chosen scopes, one workspace, an expiry time.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Code, Status};
use usher_base::{Clock, Reason};
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::usage_service_client::UsageServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::audit_service_client::AuditServiceClient;
use usher_proto::tenant::v1::service_key_service_client::ServiceKeyServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::Failure;
use usher_rpc::convert::to_wire;
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};

type Outcome = Result<(), Reason>;

fn outcome<T>(answer: Result<T, Status>) -> Outcome {
    answer.map(drop).map_err(|status| Failure::from(status).reason)
}

/// An operator with the credential of a new key.
async fn integration(
    operator: &Operator,
    name: &str,
    scopes: &[&str],
    workspace: &str,
) -> (Operator, String) {
    let made = operator.service_key(name, scopes, workspace, None).await.unwrap();
    let credential = operator.given(name, &made.secret).await.unwrap();
    (operator.with_credential(&credential), made.service_key.unwrap().lookup_id)
}

async fn users(bearer: &Operator, of: &Workspace) -> Outcome {
    let request = bearer.request_for(of.id(), identity::ListUsersRequest::default());
    outcome(UserServiceClient::new(bearer.identity()).list_users(request).await)
}

async fn changes(bearer: &Operator, of: &Workspace) -> Outcome {
    let request = bearer.request_for(of.id(), identity::ListChangesRequest::default());
    outcome(ChangeServiceClient::new(bearer.identity()).list_changes(request).await)
}

async fn seats(bearer: &Operator, of: &Workspace) -> Outcome {
    let request = bearer.request_for(of.id(), billing::ListIntervalsRequest::default());
    outcome(UsageServiceClient::new(bearer.billing()).list_intervals(request).await)
}

async fn workspaces(bearer: &Operator) -> Outcome {
    let request = bearer.request_for_installation(pb::ListWorkspacesRequest::default());
    outcome(WorkspaceServiceClient::new(bearer.tenant()).list_workspaces(request).await)
}

async fn listed(operator: &Operator) -> Vec<pb::ServiceKey> {
    let request = operator.request_for_installation(pb::ListServiceKeysRequest {});
    let answer = ServiceKeyServiceClient::new(operator.tenant()).list_service_keys(request).await;
    answer.unwrap().into_inner().service_keys
}

async fn revoke(operator: &Operator, lookup_id: &str) -> Outcome {
    let request =
        operator.request_for_installation(pb::RevokeServiceKeyRequest { lookup_id: lookup_id.to_owned() });
    outcome(ServiceKeyServiceClient::new(operator.tenant()).revoke_service_key(request).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_permits_what_was_chosen_in_its_workspace_and_nothing_else() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let denied = Err(Reason::PermissionDenied);

    let (reader, _) = integration(stack.operator(), "reader", &["users.read"], "acme").await;
    assert_eq!(users(&reader, &acme).await, Ok(()));
    assert_eq!(users(&reader, &globex).await, Err(Reason::NotFound));
    assert_eq!(changes(&reader, &acme).await, denied);
    assert_eq!(seats(&reader, &acme).await, denied);
    assert_eq!(workspaces(&reader).await, denied);

    let id = globex.id().to_string();
    let (clerk, _) = integration(stack.operator(), "clerk", &["billing.read", "changes.read"], &id).await;
    assert_eq!(seats(&clerk, &globex).await, Ok(()));
    assert_eq!(changes(&clerk, &globex).await, Ok(()));
    assert_eq!(seats(&clerk, &acme).await, Err(Reason::NotFound));
    assert_eq!(users(&clerk, &globex).await, denied);

    let (everywhere, _) = integration(stack.operator(), "everywhere", &["users.read"], "").await;
    assert_eq!(users(&everywhere, &acme).await, Ok(()));
    assert_eq!(users(&everywhere, &globex).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_one_gives_a_scope_that_they_do_not_hold_or_that_is_between_services() {
    let stack = Stack::start().await;
    stack.workspace("acme").create().await;
    let operator = stack.operator();
    let (manager, _) = integration(operator, "manager", &["tenant.admin"], "").await;

    let refused = async |bearer: &Operator, name: &str, scopes: &[&str], workspace: &str| {
        bearer.service_key(name, scopes, workspace, None).await.unwrap_err()
    };
    let beyond = refused(&manager, "x", &["tenant.admin", "users.read"], "").await;
    assert_eq!(beyond.code(), Code::PermissionDenied, "{beyond:?}");
    manager.service_key("second-manager", &["tenant.admin"], "", None).await.unwrap();
    for (name, scopes, workspace, code) in [
        ("x", ["seats.append"].as_slice(), "", Code::InvalidArgument),
        ("x", &["access.check"], "", Code::InvalidArgument),
        ("x", &["workspace.admin"], "", Code::InvalidArgument),
        // With this permission, an operator could approve their own requests.
        ("x", &["billing.admin"], "", Code::InvalidArgument),
        ("x", &["users.read", "everything"], "", Code::InvalidArgument),
        ("x", &[], "", Code::InvalidArgument),
        ("x", &["tenant.admin"], "acme", Code::InvalidArgument),
        ("x", &["users.read"], "nowhere", Code::NotFound),
        ("gateway", &["users.read"], "", Code::InvalidArgument),
        ("A b", &["users.read"], "", Code::InvalidArgument),
        ("manager", &["users.read"], "", Code::AlreadyExists),
    ] {
        let status = refused(operator, name, scopes, workspace).await;
        assert_eq!(status.code(), code, "{name} {scopes:?} {workspace}: {status:?}");
    }
    let unknown = refused(operator, "x", &["everything"], "").await;
    for known in ["users.read", "users.write", "changes.read", "seats.read", "billing.read", "tenant.admin"] {
        assert!(unknown.message().contains(known), "{unknown:?}");
    }
    // No key was created, and an admin of a workspace, who has users.read, can't create any.
    assert!(!listed(operator).await.iter().any(|key| key.name == "x"));
    let admin = operator.admin(stack_workspace(&stack).await, "a@acme.example", "correct horse battery", &[]);
    admin.await.unwrap();
    let credential = operator.sign_in("acme", "a@acme.example", "correct horse battery").await.unwrap();
    let by_admin = refused(&operator.with_credential(&credential), "x", &["users.read"], "acme").await;
    assert_eq!(by_admin.code(), Code::PermissionDenied);
}

async fn stack_workspace(stack: &Stack) -> usher_base::id::WorkspaceId {
    stack.operator().read_workspace("acme").await.unwrap().id.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_listed_without_their_secrets_and_their_creation_and_revocation_are_audited() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();
    let end = Clock::system().now() + Duration::from_hours(1);
    let made =
        operator.service_key("export", &["changes.read", "users.read"], "acme", Some(to_wire(end))).await;
    let made = made.unwrap();
    let key = made.service_key.unwrap();

    let keys = listed(operator).await;
    let shown = keys.iter().find(|listed| listed.name == "export").unwrap();
    assert_eq!(*shown, key);
    assert_eq!(key.workspace_id, acme.id().to_string());
    assert_eq!(key.scopes, ["users.read", "changes.read"]);
    assert_eq!(key.expire_time, Some(to_wire(end)));
    let gateway = keys.iter().find(|key| key.name == "gateway").unwrap();
    assert_eq!(gateway.scopes, ["access.check"], "scopes determined by the name are shown too");
    let secret = &made.secret[made.secret.len() - 30..];
    assert!(!format!("{keys:?}").contains(secret));

    revoke(operator, &key.lookup_id).await.unwrap();

    assert!(!listed(operator).await.iter().any(|key| key.name == "export"));
    assert_eq!(revoke(operator, &key.lookup_id).await, Err(Reason::NotFound));
    let request = operator.request_for_installation(pb::ListAuditEntriesRequest::default());
    let entries = AuditServiceClient::new(operator.tenant()).list_audit_entries(request).await.unwrap();
    let entries = entries.into_inner().entries;
    let told = |action: &str, target: &str| {
        entries.iter().find(|entry| entry.action == action && entry.target == target).unwrap().clone()
    };
    let created = told("service_key.create", "export");
    assert!(
        created.actor == "operator:tester" && created.detail_json.contains("changes.read"),
        "{created:?}"
    );
    assert_eq!(told("service_key.revoke", &key.lookup_id).actor, "operator:tester");
    assert!(!format!("{entries:?}").contains(secret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_key_gets_no_credential_and_its_credentials_end_with_it() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();
    let now = Clock::system().now();
    let end = now + Duration::from_secs(3);
    let past = operator.service_key("late", &["users.read"], "", Some(to_wire(now))).await.unwrap_err();
    assert_eq!(past.code(), Code::InvalidArgument);
    let made = operator.service_key("short", &["users.read"], "", Some(to_wire(end))).await.unwrap();
    let short = operator.with_credential(&operator.given("short", &made.secret).await.unwrap());
    assert_eq!(users(&short, &acme).await, Ok(()));

    tokio::time::sleep(Duration::from_millis(3_100)).await;

    assert_eq!(users(&short, &acme).await, Err(Reason::CredentialExpired));
    let again = operator.given("short", &made.secret).await.unwrap_err();
    assert_eq!(again.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_useless_everywhere_after_thirty_seconds_and_its_streams_end() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();
    let scopes = ["users.read", "changes.read", "billing.read", "tenant.admin"];
    let made = operator.service_key("leaked", &scopes, "", None).await.unwrap();
    let leaked = operator.with_credential(&operator.given("leaked", &made.secret).await.unwrap());
    let (other, _) = integration(operator, "other", &["users.read", "billing.read"], "").await;
    let watch = leaked.request_for(acme.id(), identity::WatchChangesRequest::default());
    let watch = ChangeServiceClient::new(leaked.identity()).watch_changes(watch).await.unwrap();
    let mut watch = watch.into_inner();
    assert_eq!((users(&leaked, &acme).await, seats(&leaked, &acme).await), (Ok(()), Ok(())));

    let began = Instant::now();
    revoke(operator, &made.service_key.unwrap().lookup_id).await.unwrap();

    let again = operator.given("leaked", &made.secret).await.unwrap_err();
    assert_eq!(again.code(), Code::Unauthenticated, "it gets no credential from then on");
    let invalid = Err(Reason::CredentialInvalid);
    let ended = loop {
        match watch.message().await {
            Ok(Some(_)) => assert!(began.elapsed() < Duration::from_secs(30), "the stream continues"),
            Ok(None) => panic!("the stream ended without an error"),
            Err(status) => break status,
        }
    };
    assert_eq!(outcome::<()>(Err(ended)), invalid);
    while [users(&leaked, &acme).await, seats(&leaked, &acme).await, workspaces(&leaked).await]
        != [invalid, invalid, invalid]
    {
        assert!(began.elapsed() < Duration::from_secs(30), "its credentials are still accepted somewhere");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((users(&other, &acme).await, seats(&other, &acme).await), (Ok(()), Ok(())), "others continue");
}
