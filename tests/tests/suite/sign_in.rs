//! Passwords and tokens under attack: what unauthenticated callers can't delay, lock out or find out.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tonic::transport::{Channel, Endpoint};
use usher_base::Reason;
use usher_base::secret::ScimToken;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::access_service_client::AccessServiceClient;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;
use usher_rpc::{Failure, Outgoing};
use usher_tests::stack::{Stack, Workspace};
use usher_tests::wait::eventually;

const PASSWORD: &str = "correct horse battery";
const WRONG: &str = "wrong horse battery";

/// A connection to tenant from one of this machine's addresses.
async fn from_address(stack: &Stack, last: u8) -> Channel {
    let url = stack.demo()["grpc"]["tenant"].as_str().unwrap().to_owned();
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    Endpoint::from_shared(url).unwrap().local_address(Some(address)).connect().await.unwrap()
}

async fn sign_in(channel: &Channel, workspace: &str, email: &str, password: &str) -> Result<String, Failure> {
    let message = pb::SignInRequest {
        workspace: workspace.to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
    };
    let answer = AdminServiceClient::new(channel.clone()).sign_in(message).await;
    answer.map(|answer| answer.into_inner().credential).map_err(Failure::from)
}

/// Checks a token in tenant, like a gateway that has not cached it.
async fn check(stack: &Stack, gateway: &str, token: &str) -> Result<(), Failure> {
    let outgoing = Outgoing {
        credential: gateway,
        workspace: None,
        request_id: "test",
        trace: None,
        timeout: Duration::from_secs(20),
    };
    let message = pb::CheckTokenRequest { workspace: "acme".into(), token: token.to_owned() };
    let mut client = AccessServiceClient::new(stack.operator().tenant());
    client.check_token(outgoing.request(message)).await.map(drop).map_err(Failure::from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_hundred_sign_ins_without_a_credential_delay_no_cold_token_check() {
    // Each address of this machine is a separate peer.
    let stack = Stack::start_with(|settings| settings.connections.shared.clear()).await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().admin(acme.id(), "boss@acme.example", PASSWORD, &[]).await.unwrap();
    let mut tokens = Vec::new();
    for _ in 0..5 {
        tokens.push(acme.token().await.secret);
    }
    let gateway = stack.service_credential("gateway").await;
    let mut peers = Vec::new();
    for last in 1..=60 {
        peers.push(from_address(&stack, last).await);
    }

    let flood = join_all((0..600).map(|number| {
        let channel = peers[number % peers.len()].clone();
        async move {
            // Existing and unknown workspaces and addresses.
            let workspace = if number % 2 == 0 { "acme".to_owned() } else { format!("made-up-{number}") };
            sign_in(&channel, &workspace, &format!("{}@acme.example", number % 7), WRONG).await.unwrap_err()
        }
    }));
    let checks = async {
        let mut slowest = Duration::ZERO;
        for token in &tokens {
            let began = Instant::now();
            check(&stack, &gateway, token).await.unwrap();
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let (refusals, slowest) = tokio::join!(flood, checks);

    // 600 hashes take twelve seconds or more of a core.
    assert!(slowest < Duration::from_secs(2), "the slowest check of a token took {slowest:?}");
    let of = |reason| refusals.iter().filter(|refused| refused.reason == reason).count();
    let (judged, told_to_wait) = (of(Reason::PasswordWrong), of(Reason::RateLimited));
    assert!(judged > 0 && told_to_wait > 0, "{judged} judged, {told_to_wait} told to wait");
    // A server with 600 concurrent calls without a credential may refuse some before they are read.
    let known = [Reason::PasswordWrong, Reason::RateLimited, Reason::TooManyAttempts, Reason::Overloaded];
    let others: Vec<_> = refusals.iter().filter(|refused| !known.contains(&refused.reason)).collect();
    assert!(refusals.len() == 600 && others.is_empty(), "{} answers, also {others:?}", refusals.len());
    let waits = refusals.iter().filter(|refused| refused.reason == Reason::RateLimited);
    assert!(waits.into_iter().all(|refused| refused.metadata.contains_key("retry_after_secs")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_does_not_reveal_whether_a_token_exists() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let gateway = stack.service_credential("gateway").await;
    // Its row is found, but its secret differs.
    let known = ScimToken::generate();
    let row = acme.token().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    sqlx::query("UPDATE tokens SET lookup_id = $1 WHERE token_id = $2::uuid")
        .bind(known.lookup_id())
        .bind(&row.id)
        .execute(&mut owner)
        .await
        .unwrap();
    let took = async |token: &str| {
        let began = Instant::now();
        assert_eq!(check(&stack, &gateway, token).await.unwrap_err().reason, Reason::TokenInvalid);
        began.elapsed()
    };

    let (mut known_took, mut unknown_took) = (Vec::new(), Vec::new());
    for _ in 0..150 {
        known_took.push(took(known.expose()).await);
        unknown_took.push(took(ScimToken::generate().expose()).await);
    }

    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (known, unknown) = (median(&mut known_took), median(&mut unknown_took));
    assert!(known < unknown * 2 && unknown < known * 2, "known {known:?}, unknown {unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_before_is_checked_by_its_hash_once_and_by_its_mac_from_then_on() {
    let mut stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    sqlx::query("UPDATE tokens SET mac = NULL, mac_key = NULL").execute(&mut owner).await.unwrap();

    acme.scim().get("/Users").await.assert_status(200);

    let has_mac = async || {
        let mut owner = stack.owner(&stack.databases().tenant).await;
        let macs = sqlx::query_scalar("SELECT count(mac) FROM tokens").fetch_one(&mut owner);
        macs.await.ok() == Some(1_i64)
    };
    eventually(Duration::from_secs(5), "the token has a MAC", has_mac).await;
    // A gateway without the token in its cache, and an unusable hash.
    sqlx::query("UPDATE tokens SET hash = 'none'").execute(&mut owner).await.unwrap();
    let cold = stack.another_gateway().await;
    acme.scim().with_base(&format!("{cold}/scim/v2/acme")).get("/Users").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_key_from_before_is_judged_by_its_hash_once_and_by_its_mac_from_then_on() {
    let stack = Stack::start().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    sqlx::query("UPDATE service_keys SET mac = NULL, mac_key = NULL").execute(&mut owner).await.unwrap();

    stack.service_credential("gateway").await;
    sqlx::query("UPDATE service_keys SET hash = 'none'").execute(&mut owner).await.unwrap();

    assert!(!stack.service_credential("gateway").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_or_address_that_does_not_exist_answers_as_one_that_does() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().admin(acme.id(), "boss@acme.example", PASSWORD, &[]).await.unwrap();

    let mut told = Vec::new();
    for (last, workspace, email) in [
        (11, "acme", "boss@acme.example"),
        (12, "acme", "no-one@acme.example"),
        (13, "nowhere", "boss@acme.example"),
        (14, "0197a6a4-0000-7000-8000-000000000000", "boss@acme.example"),
    ] {
        let channel = from_address(&stack, last).await;
        let mut answers = Vec::new();
        for _ in 0..12 {
            let refused = sign_in(&channel, workspace, email, WRONG).await.unwrap_err();
            answers.push((
                refused.reason,
                refused.message.contains("30 s") || refused.message.contains("is wrong"),
            ));
        }
        told.push(answers);
    }

    assert_eq!(told[0][9], (Reason::PasswordWrong, true));
    assert_eq!(told[0][10].0, Reason::TooManyAttempts);
    assert!(told.iter().all(|answers| answers == &told[0]), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_at_one_address_keeps_the_admin_out_at_no_other() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().admin(acme.id(), "boss@acme.example", PASSWORD, &[]).await.unwrap();
    let office = from_address(&stack, 101).await;
    sign_in(&office, "acme", "boss@acme.example", PASSWORD).await.unwrap();

    // More peers than an account's free attempts, each using all of its own.
    for last in 1..=12 {
        let stranger = from_address(&stack, last).await;
        for _ in 0..10 {
            sign_in(&stranger, "acme", "boss@acme.example", WRONG).await.unwrap_err();
        }
    }

    sign_in(&office, "acme", "boss@acme.example", PASSWORD).await.unwrap();
    let stranger = from_address(&stack, 102).await;
    let refused = sign_in(&stranger, "acme", "boss@acme.example", PASSWORD).await.unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyAttempts, "peers that never signed in are counted together");
    fade(&stack, &acme, "2 hours").await;
    sign_in(&stranger, "acme", "boss@acme.example", PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counted_attempts_expire_with_time() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().admin(acme.id(), "boss@acme.example", PASSWORD, &[]).await.unwrap();
    let peer = from_address(&stack, 1).await;
    let outcome = async || sign_in(&peer, "acme", "boss@acme.example", WRONG).await.unwrap_err().reason;
    while outcome().await != Reason::TooManyAttempts {}

    fade(&stack, &acme, "30 minutes").await;

    // Three attempts have been restored; after the third, the next one must wait.
    for _ in 0..3 {
        assert_eq!(outcome().await, Reason::PasswordWrong);
    }
    assert_eq!(outcome().await, Reason::TooManyAttempts);
}

/// Lets time pass for the counters.
async fn fade(stack: &Stack, workspace: &Workspace, time: &str) {
    let mut owner = stack.owner(&stack.databases().tenant).await;
    sqlx::query(
        "UPDATE sign_in_attempts SET failed_at = failed_at - $2::text::interval,
           blocked_until = blocked_until - $2::text::interval WHERE tenant_id = $1",
    )
    .bind(workspace.id().as_uuid())
    .bind(time)
    .execute(&mut owner)
    .await
    .unwrap();
}
