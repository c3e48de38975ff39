//! Authentication: tokens, passwords, plans, signing keys.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use sqlx::AssertSqlSafe;
use usher_base::secret::ScimToken;
use usher_base::{Clock, Reason};
use usher_proto::tenant::v1 as pb;
use usher_rpc::Failure;
use usher_tests::stack::Stack;
use usher_tests::wait::eventually;

const PASSWORD: &str = "correct horse battery";

fn reason(error: &anyhow::Error) -> Reason {
    error.downcast_ref::<Failure>().unwrap_or_else(|| panic!("{error:?}")).reason
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_refused_by_every_gateway_within_a_second() {
    let mut stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let second = stack.another_gateway().await;
    let gateways = [acme.scim().clone(), acme.scim().with_base(&format!("{second}/scim/v2/acme"))];
    for gateway in &gateways {
        gateway.get("/Users").await.assert_status(200);
    }
    let other = acme.token().await;

    stack.operator().revoke_token(acme.id(), acme.token_id()).await.unwrap();

    let refused = async || {
        join_all(gateways.iter().map(|gateway| gateway.get("/Users")))
            .await
            .iter()
            .all(|answer| answer.status == 401)
    };
    eventually(Duration::from_secs(1), "both gateways refuse the token", refused).await;
    for gateway in &gateways {
        let answer = gateway.get("/Users").await;
        answer.assert_scim_error(401, "token");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        gateway.with_token(&other.secret).get("/Users").await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_refused_from_the_moment_it_expires() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let clock = Clock::system();
    let ends = clock.now() + SignedDuration::from_secs(3);
    let message = pb::CreateTokenRequest {
        app_id: acme.app().to_owned(),
        name: "short".into(),
        expire_time: Some(prost_types::Timestamp { seconds: ends.as_second(), nanos: 0 }),
        ..Default::default()
    };
    let token = stack.operator().token(acme.id(), message).await.unwrap();
    let short = acme.scim().with_token(&token.secret);

    let first = short.get("/Users").await;
    if clock.now().as_second() < ends.as_second() {
        first.assert_status(200);
    }

    let expired = async || short.get("/Users").await.status == 401;
    eventually(Duration::from_secs(5), "the token has expired", expired).await;
    assert!(clock.now().as_second() >= ends.as_second() - 1, "it was refused too early");
    acme.scim().get("/Users").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_revoked_and_other_workspaces_tokens_get_one_answer() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let globex = stack.workspace("globex").create().await;
    let revoked = acme.token().await;
    stack.operator().revoke_token(acme.id(), &revoked.id).await.unwrap();
    let nowhere = acme.scim().with_base(&format!("{}/scim/v2/nowhere", stack.gateway()));

    let mut answers = Vec::new();
    for client in [
        acme.scim().with_token(ScimToken::generate().expose()),
        acme.scim().with_token(globex.scim().token()),
        acme.scim().with_token(&revoked.secret),
        nowhere,
    ] {
        let answer = client.get("/Users").await;
        answer.assert_scim_error(401, "token");
        answers.push((answer.body["detail"].clone(), answer.header("www-authenticate").map(str::to_owned)));
    }

    let plain = |answer: &(serde_json::Value, Option<String>)| {
        // The request's id differs.
        (answer.0.as_str().unwrap().split(" (request").next().unwrap().to_owned(), answer.1.clone())
    };
    assert!(answers.iter().all(|answer| plain(answer) == plain(&answers[0])), "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_token_is_refused_with_a_challenge() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let mut mistyped = acme.scim().token().to_owned();
    mistyped.replace_range(20..21, if &mistyped[20..21] == "x" { "y" } else { "x" });

    for token in ["", "x", "eyJhbGciOiJub25lIn0.e30.", &mistyped] {
        let answer = acme.scim().with_token(token).get("/Users").await;
        answer.assert_scim_error(401, "");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_gives_the_password_again_for_a_token_and_needs_the_permission() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let security = pb::AdminPermission::ConfigureAdvancedSecuritySettings;
    let operator = stack.operator();
    operator.admin(acme.id(), "boss@acme.example", PASSWORD, &[security]).await.unwrap();
    operator.admin(acme.id(), "aide@acme.example", PASSWORD, &[]).await.unwrap();
    let boss =
        operator.with_credential(&operator.sign_in("acme", "boss@acme.example", PASSWORD).await.unwrap());
    let aide =
        operator.with_credential(&operator.sign_in("acme", "aide@acme.example", PASSWORD).await.unwrap());
    let ask = |password: &str| pb::CreateTokenRequest {
        app_id: acme.app().to_owned(),
        name: "mine".into(),
        own_password: password.into(),
        ..Default::default()
    };

    for password in ["", "wrong horse battery"] {
        let refused = boss.token(acme.id(), ask(password)).await.unwrap_err();
        assert_eq!(reason(&refused), Reason::PasswordWrong);
    }
    let refused = aide.token(acme.id(), ask(PASSWORD)).await.unwrap_err();
    assert_eq!(reason(&refused), Reason::PermissionDenied);
    assert_eq!(reason(&aide.app(acme.id(), "Mine").await.unwrap_err()), Reason::PermissionDenied);

    let token = boss.token(acme.id(), ask(PASSWORD)).await.unwrap();
    acme.scim().with_token(&token.secret).get("/Users").await.assert_status(200);
    // An aide can manage domains, though.
    aide.approve_domain(acme.id(), "more.example", PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_passwords_is_limited() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().admin(acme.id(), "boss@acme.example", PASSWORD, &[]).await.unwrap();

    let mut reasons = Vec::new();
    for _ in 0..20 {
        let refused = stack.operator().sign_in("acme", "boss@acme.example", "wrong horse").await.unwrap_err();
        reasons.push(reason(&refused));
        if reasons.last() == Some(&Reason::TooManyAttempts) {
            break;
        }
    }

    assert_eq!(reasons[0], Reason::PasswordWrong);
    assert_eq!(reasons.last(), Some(&Reason::TooManyAttempts));
    let right = stack.operator().sign_in("acme", "boss@acme.example", PASSWORD).await.unwrap_err();
    let failure = right.downcast_ref::<Failure>().unwrap();
    assert!(failure.metadata["retry_after_secs"].parse::<u64>().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_stored_or_listed_gives_a_token_away() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let token = acme.token().await;
    acme.scim().with_token(&token.secret).get("/Users").await.assert_status(200);

    let secret = token.secret.split('_').nth(2).unwrap().to_owned();
    let listed = stack.operator().tokens(acme.id(), acme.app()).await.unwrap();
    assert!(!format!("{listed:?}").contains(&secret));
    assert!(listed.iter().any(|listed| token.secret.starts_with(&listed.prefix)));
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    for table in tables {
        let search = format!("SELECT count(*) FROM \"{table}\" AS t WHERE t::text LIKE '%{secret}%'");
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(search)).fetch_one(&mut owner).await.unwrap();
        assert_eq!(found, 0, "{table}");
    }

    let used = async || {
        let listed = stack.operator().tokens(acme.id(), acme.app()).await.unwrap();
        listed.iter().any(|listed| listed.id == token.id && listed.last_use_time.is_some())
    };
    eventually(Duration::from_secs(5), "the last use is recorded", used).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_rotate_without_an_outage() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let globex = stack.workspace("globex").create().await;
    acme.scim().created("ada@acme.example").await;

    for round in 0..5 {
        let (key, old) = tokio::join!(stack.operator().rotate_keys(), acme.scim().get("/Users"));
        assert!(!key.unwrap().kid.is_empty());
        old.assert_status(200);
        // A token that no gateway has cached gets a credential of the new key.
        let fresh = globex.token().await;
        let client = globex.scim().with_token(&fresh.secret);
        client.create_user(&globex.address(&format!("u{round}"))).await.assert_status(201);
        acme.scim().get("/Users").await.assert_status(200);
    }

    assert_eq!(globex.seats().await.regular, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_workspace_is_refused_until_it_is_active_again() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    acme.scim().get("/Users").await.assert_status(200);
    let set = async |status: pb::WorkspaceStatus| {
        acme.update(pb::UpdateWorkspaceRequest { status: status.into(), ..Default::default() }).await;
    };

    set(pb::WorkspaceStatus::Suspended).await;
    let told = async || acme.scim().get("/Users").await.status == 403;
    eventually(Duration::from_secs(3), "the suspension is known", told).await;
    acme.scim().get("/Users").await.assert_scim_error(403, "suspended");

    set(pb::WorkspaceStatus::Active).await;
    let open = async || acme.scim().get("/Users").await.status == 200;
    eventually(Duration::from_secs(5), "the end of the suspension is known", open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_without_scim_is_403_with_that_reason() {
    let stack = Stack::start().await;
    let free = stack.workspace("acme").plan("Free").create().await;

    free.scim().get("/Users").await.assert_scim_error(403, "plan");
    free.scim().create_user("ada@acme.example").await.assert_scim_error(403, "plan");

    free.update(pb::UpdateWorkspaceRequest { plan: Some("Enterprise".into()), ..Default::default() }).await;
    let open = async || free.scim().get("/Users").await.status == 200;
    eventually(Duration::from_secs(5), "the new plan is known", open).await;
}
