//! Attackers that are a whole workspace: several tokens, and calls of its own to the services.

use futures::future::join_all;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_tests::scim::{ScimClient, user};

use crate::attack::{Answers, flood, get};
use crate::siege::Siege;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_one_workspace_to_identity_are_held_back_and_disturb_nobody() {
    let siege = Siege::begin().await;
    let loud = siege.attacker("loud").await;
    let operator = siege.processes().operator();

    for (attack, filter) in [("reads", "userName eq \"ada@loud.example\""), ("lists", "title co \"a\"")] {
        let answers = Answers::default();
        let call = async |_| {
            let message =
                pb::ListUsersRequest { filter: filter.to_owned(), count: 100, ..Default::default() };
            let mut client = UserServiceClient::new(operator.identity());
            answers.take_in_code(client.list_users(operator.about(loud.id(), message))).await;
        };
        siege.withstands(&format!("{attack} over gRPC"), flood(400, call)).await;
        assert!(answers.of("ResourceExhausted") > 0, "nothing held the {attack} back: {answers:?}");
        // A call that is refused before its message was read may end without a status at the client.
        assert_eq!(answers.of("Internal"), 0, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_that_uses_up_its_places_still_lets_somebody_leave() {
    let siege = Siege::begin().await;
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
        while answers.of(429) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let operations = serde_json::json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        loop {
            // As an identity provider does: it comes again when it is told to.
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
