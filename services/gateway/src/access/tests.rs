//! Tests of the cache, with a tenant service whose answers the test controls.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status};
use usher_base::id::WorkspaceId;
use usher_base::secret::ServiceKey;
use usher_net::tls::ClientTls;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::access_service_server::{AccessService, AccessServiceServer};
use usher_proto::tenant::v1::credential_service_server::{CredentialService, CredentialServiceServer};
use usher_rpc::convert::to_wire;
use usher_rpc::{Channels, ServiceCredential, Tasks, connect};

use super::*;
use crate::grpc::access::Announcement;

const GOOD: &str = "acme";

/// Accepts every token at [`GOOD`] and no other. It answers one check at a time, when the test lets it.
struct Tenant {
    clock: Clock,
    workspace: WorkspaceId,
    checks: AtomicUsize,
    asked: Notify,
    answer: Notify,
}

struct Server(Arc<Tenant>);

#[tonic::async_trait]
impl AccessService for Server {
    type WatchAccessStream = ReceiverStream<Result<pb::WatchAccessResponse, Status>>;

    async fn check_token(
        &self,
        request: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        let tenant = &self.0;
        tenant.checks.fetch_add(1, Ordering::SeqCst);
        tenant.asked.notify_one();
        tenant.answer.notified().await;
        if request.into_inner().workspace != GOOD {
            return Err(Failure::new(Reason::TokenInvalid, "no").into());
        }
        Ok(Response::new(pb::CheckTokenResponse {
            credential: "signed".into(),
            expire_time: Some(to_wire(tenant.clock.now() + SignedDuration::from_mins(5))),
            workspace_id: tenant.workspace.to_string(),
            workspace_slug: GOOD.into(),
            external_id_stable: false,
            profile: pb::ScimProfile::Default.into(),
            app_id: tenant.workspace.to_string(),
            token_id: tenant.workspace.to_string(),
            leaving_only: None,
        }))
    }

    async fn watch_access(
        &self,
        _: Request<pb::WatchAccessRequest>,
    ) -> Result<Response<Self::WatchAccessStream>, Status> {
        Err(Status::unimplemented("the test announces"))
    }
}

#[tonic::async_trait]
impl CredentialService for Server {
    async fn get_key_set(
        &self,
        _: Request<pb::GetKeySetRequest>,
    ) -> Result<Response<pb::GetKeySetResponse>, Status> {
        Err(Status::unimplemented("nobody verifies"))
    }

    async fn issue_credential(
        &self,
        _: Request<pb::IssueCredentialRequest>,
    ) -> Result<Response<pb::IssueCredentialResponse>, Status> {
        let expire_time = Some(to_wire(self.0.clock.now() + SignedDuration::from_hours(1)));
        Ok(Response::new(pb::IssueCredentialResponse { credential: "own".into(), expire_time }))
    }

    async fn rotate_keys(
        &self,
        _: Request<pb::RotateKeysRequest>,
    ) -> Result<Response<pb::RotateKeysResponse>, Status> {
        Err(Status::unimplemented("nobody signs"))
    }

    async fn list_keys(
        &self,
        _: Request<pb::ListKeysRequest>,
    ) -> Result<Response<pb::ListKeysResponse>, Status> {
        Err(Status::unimplemented("nobody signs"))
    }

    async fn revoke_key(
        &self,
        _: Request<pb::RevokeKeyRequest>,
    ) -> Result<Response<pb::RevokeKeyResponse>, Status> {
        Err(Status::unimplemented("nobody signs"))
    }
}

struct Scene {
    tenant: Arc<Tenant>,
    announced: Announced,
    access: Access,
    token: ScimToken,
    context: RequestContext,
    tasks: Tasks,
}

impl Scene {
    async fn set() -> Self {
        let clock = Clock::manual("2026-06-01T00:00:00Z".parse().unwrap());
        let tenant = Arc::new(Tenant {
            clock: clock.clone(),
            workspace: WorkspaceId::new(&clock),
            checks: AtomicUsize::new(0),
            asked: Notify::new(),
            answer: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tasks = Tasks::new();
        let routes = tonic::transport::Server::builder()
            .add_service(AccessServiceServer::new(Server(Arc::clone(&tenant))))
            .add_service(CredentialServiceServer::new(Server(Arc::clone(&tenant))));
        drop(tasks.spawn(routes.serve_with_incoming(TcpListenerStream::new(listener))));
        let tls = ClientTls::default();
        let own = connect(&url, &tls).unwrap();
        let credential = ServiceCredential::new("gateway", ServiceKey::generate(), own, clock.clone());
        let channels = Channels::connect(&url, &tls).unwrap();
        let announced = Announced::new();
        let access = Access::new(AccessClient::new(channels, credential), announced.clone(), clock);
        let context = RequestContext::from_headers(&http::HeaderMap::new());
        Self { tenant, announced, access, token: ScimToken::generate(), context, tasks }
    }

    async fn verify(&self, workspace: &str) -> Result<Arc<Verified>, Reason> {
        let verified = self.access.verify(workspace, &self.token, &self.context).await;
        verified.map_err(|failure| failure.reason)
    }

    /// Sends a heartbeat: no announcement was missed.
    fn beat(&self) {
        self.announced.hear(Announcement::Workspaces(Vec::new()));
    }

    /// Lets the next check be answered.
    fn answer(&self) {
        self.tenant.answer.notify_one();
    }

    fn checks(&self) -> usize {
        self.tenant.checks.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_burst_with_one_token_makes_one_check() {
    let scene = Scene::set().await;

    let burst = join_all((0..50).map(|_| scene.verify(GOOD)));
    // Polled after all calls of the burst, so that each of them waits for the one check.
    let (verified, ()) = tokio::join!(burst, async { scene.answer() });

    assert!(verified.iter().all(Result::is_ok));
    assert_eq!(scene.checks(), 1);
    scene.tasks.soft_stop();
}

#[tokio::test]
async fn a_valid_token_is_cached_while_announcements_arrive_and_until_its_credential_ends() {
    let scene = Scene::set().await;
    scene.answer();
    scene.verify(GOOD).await.unwrap();

    scene.beat();
    scene.verify(GOOD).await.unwrap();
    assert_eq!(scene.checks(), 1);

    scene.tenant.clock.advance(SignedDuration::from_mins(5));
    scene.beat();
    scene.answer();
    scene.verify(GOOD).await.unwrap();
    assert_eq!(scene.checks(), 2);
}

#[tokio::test]
async fn without_announcements_every_request_is_checked() {
    let scene = Scene::set().await;

    for _ in 0..3 {
        scene.answer();
        scene.verify(GOOD).await.unwrap();
    }

    assert_eq!(scene.checks(), 3);
}

#[tokio::test]
async fn an_announcement_clears_the_cache_of_its_workspace() {
    let scene = Scene::set().await;
    scene.answer();
    scene.verify(GOOD).await.unwrap();

    scene.announced.hear(Announcement::Workspaces(vec![scene.tenant.workspace]));
    scene.answer();
    scene.verify(GOOD).await.unwrap();

    assert_eq!(scene.checks(), 2);
}

#[tokio::test]
async fn a_check_that_an_announcement_overtook_is_repeated() {
    let scene = Scene::set().await;

    let revocation = async {
        scene.tenant.asked.notified().await;
        scene.announced.hear(Announcement::Everything);
        scene.answer();
        scene.tenant.asked.notified().await;
        scene.answer();
    };
    let (verified, ()) = tokio::join!(scene.verify(GOOD), revocation);

    assert!(verified.is_ok());
    assert_eq!(scene.checks(), 2);
}

#[tokio::test]
async fn a_refusal_is_cached_for_its_workspace_only() {
    let scene = Scene::set().await;
    scene.answer();

    for _ in 0..3 {
        assert_eq!(scene.verify("globex").await.unwrap_err(), Reason::TokenInvalid);
    }
    assert_eq!(scene.checks(), 1);

    scene.answer();
    assert!(scene.verify(GOOD).await.is_ok());
}

#[test]
fn a_token_is_cached_for_its_workspace_only() {
    let token = ScimToken::generate();

    assert_eq!(key("acme", &token), key("acme", &token));
    assert_ne!(key("acme", &token), key("globex", &token));
    assert_ne!(key("acme", &token), key("acme", &ScimToken::generate()));
}

#[test]
fn only_tenants_judgement_of_the_token_is_a_refusal() {
    let refusals: Vec<_> = Reason::ALL.iter().filter(|reason| is_refusal(**reason)).collect();
    assert_eq!(refusals, [&Reason::TokenInvalid, &Reason::PlanWithoutScim, &Reason::WorkspaceSuspended]);

    let failure = unanswered(&Failure::new(Reason::CredentialInvalid, "the key is wrong"));
    assert_eq!(failure.reason, Reason::Unavailable);
}
