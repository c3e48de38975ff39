//! Attackers without a credential.

use bytes::Bytes;
use tonic::Request;
use usher_base::secret::ScimToken;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_tests::raw_grpc;
use usher_tests::scim::ScimClient;

use crate::attack::{Answers, flood, get};
use crate::siege::Siege;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unauthenticated_callers_disturb_nobody_and_all_get_the_same_answer() {
    let siege = Siege::begin().await;
    requests(&siege).await;
    calls(&siege).await;
    sign_ins(&siege).await;
}

async fn requests(siege: &Siege) {
    let gateway = siege.processes().gateway();
    let nobody = ScimClient::new(format!("{gateway}/scim/v2/quiet"), "");

    let answers = Answers::default();
    siege.withstands("no token", flood(32, async |_| get(&nobody, "/Users", &answers).await)).await;
    answers.assert_only("no token", &["401"]);

    let answers = Answers::default();
    let guess = async |_| {
        let client = nobody.with_token(ScimToken::generate().expose());
        get(&client, "/Users", &answers).await;
    };
    siege.withstands("made-up tokens", flood(32, guess)).await;
    answers.assert_never("made-up tokens", &["200", "500"]);
    assert!(answers.count_of(401) > 0, "{answers:?}");

    let answers = Answers::default();
    let unknown = async |number: u64| {
        let url = format!("{gateway}/scim/v2/nowhere-{number}");
        get(&ScimClient::new(url, ScimToken::generate().expose()), "/Users", &answers).await;
    };
    siege.withstands("unknown workspaces", flood(16, unknown)).await;
    answers.assert_never("unknown workspaces", &["200", "500"]);
    assert!(answers.count_of(401) > 0, "{answers:?}");
}

async fn calls(siege: &Siege) {
    let operator = siege.processes().operator();

    let answers = Answers::default();
    let channel = operator.tenant();
    let call = async |_| {
        let mut client = WorkspaceServiceClient::new(channel.clone());
        answers.take_in_code(client.list_workspaces(pb::ListWorkspacesRequest::default())).await;
    };
    siege.withstands("calls without a credential", flood(200, call)).await;
    answers.assert_only("calls without a credential", &["Unauthenticated"]);

    let answers = Answers::default();
    let channels = [operator.tenant(), operator.identity(), operator.billing()];
    let made_up = async |number: u64| {
        let channel = channels[usize::try_from(number).unwrap() % channels.len()].clone();
        let path = format!("/usher.made.v{number}.Up/Name{number}");
        answers.take_in_code(raw_grpc::call(channel, &path, Request::new(Bytes::new()))).await;
    };
    siege.withstands("made-up methods", flood(32, made_up)).await;
    answers.assert_only("made-up methods", &["Unauthenticated"]);
}

async fn sign_ins(siege: &Siege) {
    let answers = Answers::default();
    let channel = siege.processes().operator().tenant();
    let sign_in = async |number: u64| {
        let message = pb::SignInRequest {
            workspace: if number.is_multiple_of(2) {
                "quiet".to_owned()
            } else {
                format!("nowhere-{number}")
            },
            email: format!("admin{number}@quiet.example"),
            password: "not the right one at all".to_owned(),
        };
        answers.take_in_code(AdminServiceClient::new(channel.clone()).sign_in(message)).await;
    };
    siege.withstands("sign-ins", flood(600, sign_in)).await;
    answers.assert_never("sign-ins", &["Ok", "Internal", "Unknown", "Cancelled"]);
}
