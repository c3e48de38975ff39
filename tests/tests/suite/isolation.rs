//! Tries every RPC of the descriptor set and every SCIM route with the credential of another workspace, with one for
//! another service, and without one. A method or route without a row in the tables fails the test.

mod fields;
mod routes;
mod rpcs;

use std::collections::BTreeSet;

use prost::Message as _;
use serde_json::json;
use tonic::Code;
use usher_base::Reason;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::access_service_client::AccessServiceClient;
use usher_rpc::{Failure, Outgoing, WORKSPACE_KEY};
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};

/// The ids of a workspace, or ids that do not exist.
#[derive(Clone, Debug)]
struct Subject {
    workspace: String,
    slug: String,
    user: String,
    group: String,
    app: String,
    token: String,
    admin: String,
    person: String,
}

impl Subject {
    /// Ids that do not exist.
    fn nowhere() -> Self {
        let id = || uuid::Uuid::new_v4().to_string();
        Self {
            workspace: id(),
            slug: "nowhere".into(),
            user: id(),
            group: id(),
            app: id(),
            token: id(),
            admin: id(),
            person: id(),
        }
    }

    fn parts(&self) -> [&str; 8] {
        let Self { workspace, slug, user, group, app, token, admin, person } = self;
        [workspace, slug, user, group, app, token, admin, person]
    }

    /// Replaces the names of this subject in a text.
    fn blank(&self, text: &str) -> String {
        self.parts().iter().fold(text.to_owned(), |text, part| text.replace(part, "…"))
    }
}

/// Two workspaces with data.
struct Scene {
    stack: Stack,
    acme: Workspace,
    globex: Workspace,
    victim: Subject,
    /// Credentials bound to acme: of its SCIM token, of its admin, and of a service key for it.
    bound: Vec<(&'static str, String)>,
    /// The gateway's own credential, whose only audience is tenant.
    gateway: String,
    /// Identity's own credential, for every service.
    identity: String,
    /// Billing's own credential.
    billing: String,
}

impl Scene {
    async fn set() -> Self {
        let stack = Stack::start().await;
        let acme = stack.workspace("acme").create().await;
        let globex = stack.workspace("globex").create().await;
        acme.scim().created("ada@acme.example").await;
        let user = globex.scim().created("hank@globex.example").await;
        let sharks = json!({ "displayName": "Sharks", "members": [{ "value": user }] });
        let group = globex.scim().post("/Groups", &sharks).await.assert_status(201).id();
        let security = [pb::AdminPermission::ConfigureAdvancedSecuritySettings];
        let operator = stack.operator();
        let password = "correct horse battery";
        operator.admin(acme.id(), "boss@acme.example", password, &security).await.unwrap();
        let admin = operator.admin(globex.id(), "hank@globex.example", password, &security).await.unwrap();
        let signed_in = operator.sign_in("acme", "boss@acme.example", password).await.unwrap();
        let scopes = ["users.read", "users.write", "changes.read", "seats.read", "billing.read"];
        let made = operator.service_key("integration", &scopes, "acme", None).await.unwrap();
        let integration = operator.given("integration", &made.secret).await.unwrap();
        globex.settle().await;
        let gateway = stack.service_credential("gateway").await;
        let scim = scim_credential(operator, &gateway, &acme).await;
        let victim = Subject {
            workspace: globex.id().to_string(),
            slug: "globex".into(),
            user,
            group,
            app: globex.app().to_owned(),
            token: globex.token_id().to_owned(),
            admin,
            person: operator.events(globex.id()).await.unwrap()[0].person_key.clone(),
        };
        let bound = vec![("SCIM token", scim), ("admin", signed_in), ("service key", integration)];
        let identity = stack.service_credential("identity").await;
        let billing = stack.service_credential("billing").await;
        Self { stack, acme, globex, victim, bound, gateway, identity, billing }
    }

    /// Everything of globex that an operator can see.
    async fn victim_state(&self) -> String {
        let operator = self.stack.operator();
        let id = self.globex.id();
        let tokens = operator.tokens(id, self.globex.app()).await.unwrap().into_iter();
        let tokens: Vec<_> = tokens.map(|token| pb::Token { last_use_time: None, ..token }).collect();
        format!(
            "{:?} {:?} {:?} {tokens:?} {:?} {:?} {}",
            operator.read_workspace("globex").await.unwrap(),
            operator.domains(id).await.unwrap(),
            operator.admins(id).await.unwrap(),
            operator.changes(id).await.unwrap(),
            self.globex.scim().everybody().await,
            self.globex.scim().get("/Groups").await.assert_total(1).text,
        )
    }
}

/// The internal credential that the gateway gets for acme's token.
async fn scim_credential(operator: &Operator, gateway: &str, acme: &Workspace) -> String {
    let outgoing = Outgoing {
        credential: gateway,
        workspace: None,
        request_id: "test",
        trace: None,
        timeout: std::time::Duration::from_secs(5),
    };
    let message = pb::CheckTokenRequest { workspace: "acme".into(), token: acme.scim().token().to_owned() };
    let mut client = AccessServiceClient::new(operator.tenant());
    client.check_token(outgoing.request(message)).await.unwrap().into_inner().credential
}

/// The names of all methods: `/package.Service/Method`.
fn described() -> BTreeSet<String> {
    let set = prost_types::FileDescriptorSet::decode(usher_proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = BTreeSet::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                methods.insert(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    methods
}

#[test]
fn every_rpc_has_a_row() {
    let methods = described();
    let known: BTreeSet<_> =
        rpcs::rows(&Subject::nowhere(), "").into_iter().map(|row| row.path.to_owned()).collect();

    assert!(methods.len() >= 40, "the descriptor set was not read: {methods:?}");
    assert_eq!(methods, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_workspaces_credential_finds_nothing_and_changes_nothing() {
    let scene = Scene::set().await;
    let before = scene.victim_state().await;

    for (who, credential) in &scene.bound {
        for named in [true, false] {
            let nowhere = Subject::nowhere();
            let tried = rpcs::rows(&scene.victim, "one").into_iter();
            for (row, twin) in tried.zip(rpcs::rows(&nowhere, "two")) {
                let at = format!("{who}, {}, {}", row.path, if named { "named" } else { "not named" });
                let key = |subject: &Subject| named.then(|| subject.workspace.clone());
                let found = call(&scene, &row, Some(credential), key(&scene.victim)).await;
                let absent = call(&scene, &twin, Some(credential), key(&nowhere)).await;
                match (&found, &absent) {
                    (Ok(bytes), Ok(_)) => {
                        assert!(!named || row.public, "{at}: globex was named and answered");
                        for part in scene.victim.parts() {
                            let leaks = bytes.windows(part.len()).any(|window| window == part.as_bytes());
                            assert!(!leaks, "{at}: the answer has {part} in it");
                        }
                    }
                    (Err(found), Err(absent)) => {
                        assert_eq!(found.reason, absent.reason, "{at}");
                        let (found, absent) =
                            (scene.victim.blank(&found.message), nowhere.blank(&absent.message));
                        assert_eq!(found, absent, "{at}: what is there is told from what is not");
                    }
                    differing => panic!("{at}: {differing:?}"),
                }
            }
        }
    }

    assert_eq!(scene.victim_state().await, before);
    assert!(scene.acme.scim().everybody().await.len() > 1, "acme's own calls had no effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_rpc_answers_without_a_credential_or_with_one_for_another_service() {
    let scene = Scene::set().await;
    let before = scene.victim_state().await;

    for row in rpcs::rows(&scene.victim, "three").iter().filter(|row| !row.public) {
        let key = || Some(scene.victim.workspace.clone());
        let missing = call(&scene, row, None, key()).await.unwrap_err();
        assert_eq!(missing.reason, Reason::CredentialMissing, "{}", row.path);
        let noise = call(&scene, row, Some("a.b.c"), key()).await.unwrap_err();
        assert_eq!(noise.reason, Reason::CredentialInvalid, "{}", row.path);
        // The SCIM token's credential is only for identity, the gateway's only for tenant.
        let elsewhere =
            if row.path.starts_with("/usher.tenant.") { &scene.bound[0].1 } else { &scene.gateway };
        let refused = call(&scene, row, Some(elsewhere), key()).await.unwrap_err();
        assert_eq!(refused.reason, Reason::CredentialAudience, "{}", row.path);
    }

    assert_eq!(scene.victim_state().await, before);
}

async fn call(
    scene: &Scene,
    row: &rpcs::Row,
    credential: Option<&str>,
    workspace: Option<String>,
) -> Result<bytes::Bytes, Failure> {
    call_raw(scene, row.path, row.message.clone().into(), credential, workspace).await.map_err(|status| {
        assert_ne!(status.code(), Code::Unimplemented, "{} is not served", row.path);
        assert_ne!(status.code(), Code::Internal, "{}: {status:?}", row.path);
        Failure::from(status)
    })
}

async fn call_raw(
    scene: &Scene,
    path: &str,
    message: bytes::Bytes,
    credential: Option<&str>,
    workspace: Option<String>,
) -> Result<bytes::Bytes, tonic::Status> {
    let operator = scene.stack.operator();
    let channel = match path.split('.').nth(1) {
        Some("tenant") => operator.tenant(),
        Some("identity") => operator.identity(),
        Some("billing") => operator.billing(),
        other => panic!("no service for {other:?}"),
    };
    let mut request = tonic::Request::new(message);
    request.set_timeout(std::time::Duration::from_secs(10));
    if let Some(credential) = credential {
        request.metadata_mut().insert("authorization", format!("Bearer {credential}").parse().unwrap());
    }
    if let Some(workspace) = workspace {
        request.metadata_mut().insert(WORKSPACE_KEY, workspace.parse().unwrap());
    }
    usher_tests::raw_grpc::call(channel, path, request).await
}
