//! Admins: permissions, confirming the password, sessions, and audit entries.

use std::time::Duration;

use tonic::{Request, Status};
use usher_base::Reason;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;
use usher_proto::tenant::v1::app_service_client::AppServiceClient;
use usher_proto::tenant::v1::audit_service_client::AuditServiceClient;
use usher_proto::tenant::v1::credential_service_client::CredentialServiceClient;
use usher_proto::tenant::v1::domain_service_client::DomainServiceClient;
use usher_rpc::Failure;
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

const PASSWORD: &str = "correct horse battery";
const WRONG: &str = "wrong horse battery";
const SECURITY: pb::AdminPermission = pb::AdminPermission::ConfigureAdvancedSecuritySettings;

/// A workspace with two admins who have the permission and one who does not.
struct Scene {
    stack: Stack,
    acme: Workspace,
    boss: Session,
    second: String,
    aide: Session,
}

struct Session {
    id: String,
    operator: Operator,
}

impl Scene {
    async fn set() -> Self {
        let stack = Stack::start().await;
        let acme = stack.workspace("acme").create().await;
        let operator = stack.operator();
        let boss = operator.admin(acme.id(), "boss@acme.example", PASSWORD, &[SECURITY]).await.unwrap();
        let second = operator.admin(acme.id(), "second@acme.example", PASSWORD, &[SECURITY]).await.unwrap();
        let aide = operator.admin(acme.id(), "aide@acme.example", PASSWORD, &[]).await.unwrap();
        let boss = Session { id: boss, operator: signed_in(operator, "boss").await };
        let aide = Session { id: aide, operator: signed_in(operator, "aide").await };
        Self { stack, acme, boss, second, aide }
    }

    /// A request by an admin.
    fn by<T>(&self, who: &Session, message: T) -> Request<T> {
        who.operator.request_for(self.acme.id(), message)
    }

    fn admins(&self) -> AdminServiceClient<tonic::transport::Channel> {
        AdminServiceClient::new(self.stack.operator().tenant())
    }

    async fn create(&self, who: &Session, own: &str, permissions: &[pb::AdminPermission]) -> Outcome {
        let message = pb::CreateAdminRequest {
            email: "new@acme.example".into(),
            password: PASSWORD.into(),
            permissions: permissions.iter().map(|permission| (*permission).into()).collect(),
            own_password: own.into(),
        };
        outcome(self.admins().create_admin(self.by(who, message)).await)
    }

    async fn update(&self, who: &Session, id: &str, own: &str, give: bool) -> Outcome {
        let permissions = if give { vec![SECURITY.into()] } else { Vec::new() };
        let message = pb::UpdateAdminRequest { id: id.into(), permissions, own_password: own.into() };
        outcome(self.admins().update_admin(self.by(who, message)).await)
    }

    async fn delete(&self, who: &Session, id: &str, own: &str) -> Outcome {
        let message = pb::DeleteAdminRequest { id: id.into(), own_password: own.into() };
        outcome(self.admins().delete_admin(self.by(who, message)).await)
    }

    async fn set_password(&self, who: &Session, id: &str, own: &str) -> Outcome {
        let message = pb::SetPasswordRequest {
            id: id.into(),
            password: "another horse battery".into(),
            own_password: own.into(),
        };
        outcome(self.admins().set_password(self.by(who, message)).await)
    }

    async fn end_sessions(&self, who: &Session, id: &str, own: &str) -> Outcome {
        let message = pb::EndSessionsRequest { id: id.into(), own_password: own.into() };
        outcome(self.admins().end_sessions(self.by(who, message)).await)
    }

    async fn remove_domain(&self, who: &Session, own: &str) -> Outcome {
        let message = pb::RemoveDomainRequest { name: "acme.example".into(), own_password: own.into() };
        let mut client = DomainServiceClient::new(self.stack.operator().tenant());
        outcome(client.remove_domain(self.by(who, message)).await)
    }

    async fn delete_app(&self, who: &Session, own: &str) -> Outcome {
        let message = pb::DeleteAppRequest { id: self.acme.app().into(), own_password: own.into() };
        let mut client = AppServiceClient::new(self.stack.operator().tenant());
        outcome(client.delete_app(self.by(who, message)).await)
    }

    /// The audit entries of the workspace, newest first.
    async fn audit(&self) -> Vec<pb::AuditEntry> {
        audit(self.stack.operator().request_for(self.acme.id(), every_entry()), self.stack.operator()).await
    }
}

type Outcome = Result<(), Reason>;

fn outcome<T>(answer: Result<T, Status>) -> Outcome {
    answer.map(drop).map_err(|status| Failure::from(status).reason)
}

async fn signed_in(operator: &Operator, name: &str) -> Operator {
    let credential = operator.sign_in("acme", &format!("{name}@acme.example"), PASSWORD).await.unwrap();
    operator.with_credential(&credential)
}

fn every_entry() -> pb::ListAuditEntriesRequest {
    pb::ListAuditEntriesRequest { page_size: 500, ..Default::default() }
}

async fn audit(request: Request<pb::ListAuditEntriesRequest>, operator: &Operator) -> Vec<pb::AuditEntry> {
    let mut client = AuditServiceClient::new(operator.tenant());
    client.list_audit_entries(request).await.unwrap().into_inner().entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_who_may_act_requires_the_password_again() {
    let scene = Scene::set().await;
    let boss = &scene.boss;

    for own in ["", WRONG] {
        let refused = Err(Reason::PasswordWrong);
        assert_eq!(scene.create(boss, own, &[]).await, refused);
        assert_eq!(scene.update(boss, &scene.aide.id, own, true).await, refused);
        assert_eq!(scene.delete(boss, &scene.second, own).await, refused);
    }
    for own in ["", WRONG] {
        let refused = Err(Reason::PasswordWrong);
        scene.update(boss, &scene.aide.id, PASSWORD, true).await.unwrap();
        assert_eq!(scene.set_password(boss, &scene.second, own).await, refused);
        assert_eq!(scene.end_sessions(boss, &scene.second, own).await, refused);
        assert_eq!(scene.remove_domain(boss, own).await, refused);
        assert_eq!(scene.delete_app(boss, own).await, refused);
    }

    scene.create(boss, PASSWORD, &[SECURITY]).await.unwrap();
    scene.update(boss, &scene.second, PASSWORD, false).await.unwrap();
    scene.set_password(boss, &scene.second, PASSWORD).await.unwrap();
    scene.end_sessions(boss, &scene.second, PASSWORD).await.unwrap();
    scene.delete(boss, &scene.second, PASSWORD).await.unwrap();
    scene.remove_domain(boss, PASSWORD).await.unwrap();
    scene.delete_app(boss, PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_without_a_permission_neither_gives_nor_takes_it_nor_acts_on_who_holds_it() {
    let scene = Scene::set().await;
    let (aide, refused) = (&scene.aide, Err(Reason::PermissionDenied));

    assert_eq!(scene.create(aide, PASSWORD, &[SECURITY]).await, refused);
    assert_eq!(scene.update(aide, &aide.id, PASSWORD, true).await, refused);
    assert_eq!(scene.update(aide, &scene.boss.id, PASSWORD, false).await, refused);
    assert_eq!(scene.delete(aide, &scene.boss.id, PASSWORD).await, refused);
    assert_eq!(scene.set_password(aide, &scene.boss.id, PASSWORD).await, refused);
    assert_eq!(scene.end_sessions(aide, &scene.boss.id, PASSWORD).await, refused);

    // An aide can act on admins without the permission.
    scene.create(aide, PASSWORD, &[]).await.unwrap();
    scene.boss.operator.admins(scene.acme.id()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_holder_of_a_permission_keeps_it_whoever_asks_and_however_many_at_once() {
    let scene = Scene::set().await;
    let other =
        Session { id: scene.second.clone(), operator: signed_in(scene.stack.operator(), "second").await };

    // Each removes it from the other at the same time.
    let (one, two) = tokio::join!(
        scene.update(&scene.boss, &other.id, PASSWORD, false),
        scene.update(&other, &scene.boss.id, PASSWORD, false),
    );
    assert_eq!([one, two].iter().filter(|outcome| outcome.is_ok()).count(), 1, "{one:?} {two:?}");
    let admins = scene.stack.operator().admins(scene.acme.id()).await.unwrap();
    let holders: Vec<_> = admins.iter().filter(|admin| !admin.permissions.is_empty()).collect();
    let [last] = holders.as_slice() else { panic!("{admins:?}") };

    let session = if last.id == other.id { &other } else { &scene.boss };
    assert_eq!(scene.update(session, &last.id, PASSWORD, false).await, Err(Reason::FailedPrecondition));
    assert_eq!(scene.delete(session, &last.id, PASSWORD).await, Err(Reason::FailedPrecondition));
    let operator = Session { id: String::new(), operator: scene.stack.operator().clone() };
    assert_eq!(scene.delete(&operator, &last.id, "").await, Err(Reason::FailedPrecondition));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_sessions_are_refused_by_tenant_at_once_and_by_every_service_within_thirty_seconds() {
    let scene = Scene::set().await;
    let id = scene.acme.id();
    let boss = &scene.boss.operator;
    boss.seats(id).await.unwrap();
    boss.open_intervals(id).await.unwrap();

    // One's own sessions, without the password.
    scene.end_sessions(&scene.boss, &scene.boss.id, "").await.unwrap();

    let refused = boss.admins(id).await.unwrap_err();
    let reason = refused.downcast_ref::<Failure>().unwrap().reason;
    assert!(matches!(reason, Reason::CredentialExpired | Reason::CredentialInvalid), "{reason:?}");
    // A new session is valid, even in the same second.
    let again = signed_in(scene.stack.operator(), "boss").await;
    again.admins(id).await.unwrap();
    let everywhere = async || boss.seats(id).await.is_err() && boss.open_intervals(id).await.is_err();
    eventually(Duration::from_secs(30), "the session has ended everywhere", everywhere).await;
    again.admins(id).await.unwrap();
    again.seats(id).await.unwrap();
    again.open_intervals(id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_admin_and_a_replaced_password_let_no_one_in() {
    let scene = Scene::set().await;
    let id = scene.acme.id();
    let operator = Session { id: String::new(), operator: scene.stack.operator().clone() };

    scene.delete(&operator, &scene.boss.id, "").await.unwrap();
    scene.set_password(&operator, &scene.aide.id, "").await.unwrap();

    assert!(scene.boss.operator.admins(id).await.is_err());
    assert!(scene.aide.operator.admins(id).await.is_err());
    for name in ["boss", "aide"] {
        let refused = scene.stack.operator().sign_in("acme", &format!("{name}@acme.example"), PASSWORD).await;
        assert_eq!(refused.unwrap_err().downcast_ref::<Failure>().unwrap().reason, Reason::PasswordWrong);
    }
    let new = "another horse battery";
    scene.stack.operator().sign_in("acme", "aide@acme.example", new).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_lets_an_admin_in_who_was_locked_out() {
    let scene = Scene::set().await;
    let operator = Session { id: String::new(), operator: scene.stack.operator().clone() };
    let sign_in = async |password: &str| {
        let outcome = scene.stack.operator().sign_in("acme", "aide@acme.example", password).await;
        outcome.map(drop).map_err(|error| error.downcast_ref::<Failure>().unwrap().reason)
    };
    while sign_in(WRONG).await != Err(Reason::TooManyAttempts) {}

    scene.set_password(&operator, &scene.aide.id, "").await.unwrap();

    sign_in("another horse battery").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_done_in_tenant_is_audited_with_actor_and_target_and_no_secret() {
    let scene = Scene::set().await;
    let (boss, operator) = (&scene.boss, scene.stack.operator());
    scene.create(boss, PASSWORD, &[]).await.unwrap();
    assert!(scene.update(&scene.aide, &scene.boss.id, PASSWORD, false).await.is_err());
    scene.update(boss, &scene.aide.id, PASSWORD, true).await.unwrap();
    scene.set_password(boss, &scene.second, PASSWORD).await.unwrap();
    scene.end_sessions(boss, &scene.second, PASSWORD).await.unwrap();
    scene.delete(boss, &scene.second, PASSWORD).await.unwrap();
    operator.approve_domain(scene.acme.id(), "more.example", "").await.unwrap();
    scene.remove_domain(boss, PASSWORD).await.unwrap();
    let app = pb::ScimProfile::Strict;
    operator.app_profile(scene.acme.id(), scene.acme.app(), app).await.unwrap();
    operator.revoke_token(scene.acme.id(), scene.acme.token_id()).await.unwrap();
    scene.delete_app(boss, PASSWORD).await.unwrap();
    scene.acme.update(pb::UpdateWorkspaceRequest { name: Some("New".into()), ..Default::default() }).await;
    operator.rotate_keys().await.unwrap();

    let entries = scene.audit().await;

    let by_boss = format!("admin:{}", boss.id);
    let told: Vec<_> =
        entries.iter().rev().map(|entry| (entry.action.as_str(), entry.actor == by_boss)).collect();
    assert_eq!(
        told,
        [
            ("workspace.create", false),
            ("domain.approve", false),
            ("app.create", false),
            ("token.create", false),
            ("admin.create", false),
            ("admin.create", false),
            ("admin.create", false),
            ("admin.sign_in", true),
            ("admin.sign_in", false),
            ("admin.create", true),
            ("admin.update", true),
            ("admin.set_password", true),
            ("admin.end_sessions", true),
            ("admin.delete", true),
            ("domain.approve", false),
            ("domain.remove", true),
            ("app.update", false),
            ("token.revoke", false),
            ("app.delete", true),
            ("workspace.update", false),
        ]
    );
    let deleted = entries.iter().find(|entry| entry.action == "admin.delete").unwrap();
    assert_eq!((deleted.target.as_str(), deleted.request_id.as_str()), (scene.second.as_str(), "operator"));
    let text = format!("{entries:?}");
    for secret in [PASSWORD, "another horse battery", scene.acme.scim().token(), "argon2"] {
        assert!(!text.contains(secret), "{secret} is in the audit log");
    }
    let installation = audit(operator.request_for_installation(every_entry()), operator).await;
    let actions: Vec<_> = installation.iter().map(|entry| entry.action.as_str()).collect();
    assert!(
        ["plan.create", "signing_key.rotate", "service_key.create"].iter().all(|told| actions.contains(told))
    );
    // An admin can read the workspace's entries, and not the installation's.
    let own = audit(scene.by(boss, every_entry()), operator).await;
    assert_eq!(own.len(), entries.len());
    let mut client = CredentialServiceClient::new(operator.tenant());
    let listed = client.list_keys(boss.operator.request_for_installation(pb::ListKeysRequest {})).await;
    assert_eq!(outcome(listed), Err(Reason::PermissionDenied));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_entries_can_not_be_changed_by_the_service_itself() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let url = stack.databases().tenant.url();
    let mut service = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();

    for statement in ["DELETE FROM audit_entries", "UPDATE audit_entries SET actor = 'no one'"] {
        let mut tx = sqlx::Connection::begin(&mut service).await.unwrap();
        sqlx::query("SELECT app_set_tenant($1)").bind(acme.id().as_uuid()).execute(&mut *tx).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
        tx.rollback().await.unwrap();
    }
}
