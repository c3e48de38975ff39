//! All methods that an admin may call in tenant, and whether they require the admin's own password.

use std::collections::BTreeSet;

use usher_base::{Permission, Reason};
use usher_proto::tenant::v1 as pb;
use usher_rpc::Failure;
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};

const PASSWORD: &str = "correct horse battery";
const WRONG: &str = "wrong horse battery";
const SECURITY: pb::AdminPermission = pb::AdminPermission::ConfigureAdvancedSecuritySettings;

/// Makes the message of a call with the given password.
type Message = Box<dyn Fn(&str) -> Vec<u8>>;

/// A method, and whether it requires the password.
struct Row {
    method: &'static str,
    asks: bool,
    message: Message,
}

fn asks<M: prost::Message>(method: &'static str, message: impl Fn(String) -> M + 'static) -> Row {
    let message = Box::new(move |own: &str| message(own.to_owned()).encode_to_vec());
    Row { method, asks: true, message }
}

fn never<M: prost::Message + 'static>(method: &'static str, message: M) -> Row {
    Row { method, asks: false, message: Box::new(move |_| message.encode_to_vec()) }
}

/// The methods, in an order in which each finds what it acts on.
fn rows(acme: &Workspace, second: &str) -> Vec<Row> {
    let (app, token, second) = (acme.app().to_owned(), acme.token_id().to_owned(), second.to_owned());
    let app = move || app.clone();
    let second = move || second.clone();
    vec![
        never("WorkspaceService/GetWorkspace", pb::GetWorkspaceRequest { workspace: "acme".into() }),
        never("AdminService/ListAdmins", pb::ListAdminsRequest {}),
        never("AppService/ListApps", pb::ListAppsRequest {}),
        never("TokenService/ListTokens", pb::ListTokensRequest { app_id: app() }),
        never("DomainService/ListDomains", pb::ListDomainsRequest {}),
        never("AuditService/ListAuditEntries", pb::ListAuditEntriesRequest::default()),
        never("ProvisioningLogService/ListLogEntries", pb::ListLogEntriesRequest::default()),
        asks("AdminService/CreateAdmin", |own_password| pb::CreateAdminRequest {
            email: "new@acme.example".into(),
            password: PASSWORD.into(),
            permissions: Vec::new(),
            own_password,
        }),
        asks("AdminService/UpdateAdmin", {
            let second = second.clone();
            move |own_password| pb::UpdateAdminRequest { id: second(), permissions: Vec::new(), own_password }
        }),
        asks("AdminService/SetPassword", {
            let second = second.clone();
            move |own_password| pb::SetPasswordRequest {
                id: second(),
                password: "another horse battery".into(),
                own_password,
            }
        }),
        asks("AdminService/EndSessions", {
            let second = second.clone();
            move |own_password| pb::EndSessionsRequest { id: second(), own_password }
        }),
        asks("AdminService/DeleteAdmin", move |own_password| pb::DeleteAdminRequest {
            id: second(),
            own_password,
        }),
        asks("DomainService/ApproveDomain", |own_password| pb::ApproveDomainRequest {
            name: "more.example".into(),
            own_password,
        }),
        asks("DomainService/RemoveDomain", |own_password| pb::RemoveDomainRequest {
            name: "more.example".into(),
            own_password,
        }),
        never("AppService/CreateApp", pb::CreateAppRequest { name: "Empty".into(), ..Default::default() }),
        asks("AppService/UpdateApp", {
            let app = app.clone();
            move |own_password| pb::UpdateAppRequest {
                id: app(),
                external_id_stable: Some(true),
                own_password,
                ..Default::default()
            }
        }),
        asks("TokenService/CreateToken", {
            let app = app.clone();
            move |own_password| pb::CreateTokenRequest { app_id: app(), own_password, ..Default::default() }
        }),
        never("TokenService/RevokeToken", pb::RevokeTokenRequest { id: token }),
        asks("AppService/DeleteApp", move |own_password| pb::DeleteAppRequest { id: app(), own_password }),
    ]
}

async fn called(admin: &Operator, acme: &Workspace, row: &Row, own: &str) -> Result<(), Reason> {
    let request = admin.request_for(acme.id(), (row.message)(own).into());
    let path = format!("/usher.tenant.v1.{}", row.method);
    let answer = usher_tests::raw_grpc::call(admin.tenant(), &path, request).await;
    answer.map(drop).map_err(|status| Failure::from(status).reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_that_an_admin_may_call_asks_for_the_password_again_or_is_known_not_to() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let operator = stack.operator();
    operator.admin(acme.id(), "boss@acme.example", PASSWORD, &[SECURITY]).await.unwrap();
    let second = operator.admin(acme.id(), "second@acme.example", PASSWORD, &[]).await.unwrap();
    let credential = operator.sign_in("acme", "boss@acme.example", PASSWORD).await.unwrap();
    let boss = operator.with_credential(&credential);
    let rows = rows(&acme, &second);
    let admins: BTreeSet<_> = usher_tenant::METHODS
        .iter()
        .filter(|method| method.is_for(Permission::WorkspaceAdmin))
        .map(|method| method.path.trim_start_matches("/usher.tenant.v1."))
        .collect();
    assert_eq!(rows.iter().map(|row| row.method).collect::<BTreeSet<_>>(), admins);

    for row in &rows {
        for own in ["", WRONG].into_iter().filter(|_| row.asks) {
            let refused = called(&boss, &acme, row, own).await;
            assert_eq!(refused, Err(Reason::PasswordWrong), "{} with {own:?}", row.method);
        }
        let own = if row.asks { PASSWORD } else { "" };
        assert_eq!(called(&boss, &acme, row, own).await, Ok(()), "{}", row.method);
    }
}
