//! Attackers with a whole workspace: several tokens, and direct calls to the services.

use futures::future::join_all;
use serde_json::json;
use tokio::time::sleep;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_tests::scim::{ScimClient, user};

use crate::attack::{Answers, PAUSE, flood, get};
use crate::siege::Siege;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_workspace_disturbs_nobody_and_its_own_people_can_still_leave() {
    let siege = Siege::begin().await;
    calls(&siege).await;
    watches(&siege).await;
    nested_groups(&siege).await;
    somebody_leaves(&siege).await;
}

async fn calls(siege: &Siege) {
    let loud = siege.attacker("calls").await;
    let operator = siege.processes().operator();
    for (attack, filter) in [("reads", "userName eq \"ada@loud.example\""), ("lists", "title co \"a\"")] {
        let answers = Answers::default();
        let call = async |_| {
            let message =
                pb::ListUsersRequest { filter: filter.to_owned(), count: 100, ..Default::default() };
            let mut client = UserServiceClient::new(operator.identity());
            answers.take_in_code(client.list_users(operator.request_for(loud.id(), message))).await;
        };
        siege.withstands(&format!("{attack} over gRPC"), flood(400, call)).await;
        assert!(answers.count_of("ResourceExhausted") > 0, "nothing held the {attack} back: {answers:?}");
        answers.assert_only(attack, &["Ok", "ResourceExhausted"]);
    }
}

async fn watches(siege: &Siege) {
    let loud = siege.attacker("watches").await;
    let operator = siege.processes().operator();
    // By an admin of the workspace, because an operator's streams are not counted for the workspace.
    let (email, password) = (loud.address("admin"), "correct horse battery");
    operator.admin(loud.id(), &email, password, &[]).await.unwrap();
    let credential = operator.sign_in(&loud.id().to_string(), &email, password).await.unwrap();
    let admin = operator.with_credential(&credential);
    let answers = Answers::default();
    let watch = async |_| {
        let mut client = ChangeServiceClient::new(admin.identity());
        match client.watch_changes(admin.request_for(loud.id(), pb::WatchChangesRequest::default())).await {
            Ok(changes) => {
                let mut changes = changes.into_inner();
                while let Ok(Some(_)) = changes.message().await {}
                answers.count("ended");
            }
            Err(status) => answers.count(format!("{:?}", status.code())),
        }
        sleep(PAUSE).await;
    };
    siege.withstands("watches", flood(200, watch)).await;
    answers.assert_never("watches", &["Internal", "Unknown", "Cancelled"]);
}

async fn nested_groups(siege: &Siege) {
    let loud = siege.attacker("groups").await;
    let member = loud.scim().created(&loud.address("member")).await;
    let mut inner = member.clone();
    for depth in 0..60 {
        let document = json!({ "displayName": format!("group {depth}"), "members": [{ "value": inner }] });
        let answer = loud.scim().post("/Groups", &document).await;
        if answer.status != 201 {
            break;
        }
        inner = answer.id();
    }
    let answers = Answers::default();
    let path = format!("/Users/{member}");
    siege.withstands("reads of a member", flood(32, async |_| get(loud.scim(), &path, &answers).await)).await;
    answers.assert_only("reads of a member", &["200", "429"]);
}

async fn somebody_leaves(siege: &Siege) {
    let loud = siege.attacker("loud").await;
    let leaver = loud.scim().created(&loud.address("leaver")).await;
    let tokens = join_all((0..8).map(async |_| loud.token().await.secret)).await;
    let clients: Vec<ScimClient> = tokens.iter().map(|token| loud.scim().with_token(token)).collect();

    let answers = Answers::default();
    let busy = flood(128, async |number| {
        let client = &clients[usize::try_from(number).unwrap() % clients.len()];
        if number % 2 == 0 {
            get(client, "/Users?filter=title+co+%22a%22", &answers).await;
        } else {
            let document = user(&loud.address(&format!("n{number}")));
            answers
                .take_in(client.try_send(client.with_body(reqwest::Method::POST, "/Users", &document)))
                .await;
        }
    });
    let departure = async {
        while answers.count_of(429) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let operations = serde_json::json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        loop {
            // Like an identity provider, it retries when it is told to.
            let answer = loud.scim().patch(&format!("/Users/{leaver}"), operations.clone()).await;
            if answer.status != 429 {
                return answer.status.as_u16();
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let left = tokio::select! {
        () = busy => unreachable!("a flood has no end"),
        status = tokio::time::timeout(std::time::Duration::from_secs(20), departure) => status,
    };
    assert_eq!(left.unwrap(), 200, "{answers:?}");
}
