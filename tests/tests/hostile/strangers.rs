//! Attackers without a credential.

use usher_base::secret::ScimToken;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_tests::scim::ScimClient;

use crate::attack::{Answers, flood, get};
use crate::siege::Siege;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_a_valid_credential_disturb_nobody() {
    let siege = Siege::begin().await;
    let url = format!("{}/scim/v2/quiet", siege.processes().gateway());

    let answers = Answers::default();
    let nobody = ScimClient::new(&url, "");
    siege.withstands("no token", flood(32, async |_| get(&nobody, "/Users", &answers).await)).await;
    assert_eq!(answers.of(401), answers.total(), "{answers:?}");

    let answers = Answers::default();
    let guess = async |_| {
        let client = nobody.with_token(ScimToken::generate().expose());
        get(&client, "/Users", &answers).await;
    };
    siege.withstands("made-up tokens", flood(32, guess)).await;
    assert!(answers.of(401) > 0 && answers.of(500) == 0, "{answers:?}");

    let answers = Answers::default();
    let channel = siege.processes().operator().tenant();
    let call = async |_| {
        let mut client = WorkspaceServiceClient::new(channel.clone());
        answers.take_in_code(client.list_workspaces(pb::ListWorkspacesRequest::default())).await;
    };
    siege.withstands("calls without a credential", flood(32, call)).await;
    // The connection of a stranger whose frames are a flood is ended.
    assert!(answers.of("Unauthenticated") > 0 && answers.of("Ok") == 0, "{answers:?}");
}
