//! Two concurrent changes of the same thing: neither is bypassed or undone.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::task::JoinHandle;
use usher_base::Clock;
use usher_base::Reason;
use usher_base::id::{AppId, LogEntryId, TokenId, WorkspaceId};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::admin_service_client::AdminServiceClient;
use usher_proto::tenant::v1::provisioning_log_service_client::ProvisioningLogServiceClient;
use usher_rpc::convert::to_wire;
use usher_rpc::{Failure, Outgoing};
use usher_tests::stack::Stack;

const PASSWORD: &str = "correct horse battery";
/// Its hash with weaker parameters than the current ones, so that a sign-in makes a new one.
const OUTDATED: &str =
    "$argon2id$v=19$m=64,t=1,p=1$aG9yc2UgYmF0dGVyeSAxNg$5+/LS/iwxxzClD90CO3k6acqtjMEQ2zwqmIvQJb3uuA";

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

/// Waits until a statement in the database waits for a lock, or the task, which should wait, has ended.
async fn until_it_waits<T>(watcher: &mut PgConnection, task: &JoinHandle<T>) {
    let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                   WHERE a.datname = current_database() AND NOT l.granted";
    let waits = async {
        while !task.is_finished()
            && sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *watcher).await.unwrap() == 0
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.unwrap();
}

/// Signs in with the password while somebody changes the admin; returns the result.
async fn sign_in_beside(change: &str) -> (Stack, Result<String, Reason>) {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    stack.operator().admin(acme.id(), "boss@acme.example", PASSWORD, &[]).await.unwrap();
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let mut watcher = stack.owner(&stack.databases().tenant).await;
    run(&mut owner, &format!("UPDATE admins SET password_hash = '{OUTDATED}'")).await;
    run(&mut owner, &format!("BEGIN; {change}")).await;

    let mut client = AdminServiceClient::new(stack.operator().tenant());
    let message = pb::SignInRequest {
        workspace: "acme".into(),
        email: "boss@acme.example".into(),
        password: PASSWORD.into(),
    };
    let signing_in = tokio::runtime::Handle::current().spawn(async move { client.sign_in(message).await });
    until_it_waits(&mut watcher, &signing_in).await;
    run(&mut owner, "COMMIT").await;

    let outcome = signing_in.await.unwrap();
    let outcome = outcome.map(|answer| answer.into_inner().credential);
    (stack, outcome.map_err(|status| Failure::from(status).reason))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_beside_a_new_password_is_refused_and_the_new_password_stays() {
    let (stack, outcome) = sign_in_beside("UPDATE admins SET password_hash = 'new'").await;

    assert_eq!(outcome.unwrap_err(), Reason::PasswordWrong);
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let hash: String =
        sqlx::query_scalar("SELECT password_hash FROM admins").fetch_one(&mut owner).await.unwrap();
    assert_eq!(hash, "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_beside_the_end_of_the_sessions_is_signed_after_it() {
    // The end is set by a clock that is ahead, so that only a sign-in that reads it signs later.
    let end = "UPDATE admins SET sessions_ended_at = now() + interval '30 seconds'";
    let (stack, outcome) = sign_in_beside(end).await;

    let credential = outcome.unwrap();
    let claims = credential.split('.').nth(1).unwrap();
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let is_later: bool = sqlx::query_scalar(
        "SELECT (convert_from(decode(translate(rpad($1::text, (length($1) + 3) / 4 * 4, '='), '-_', '+/'), 'base64'),
                   'UTF8')::jsonb ->> 'iat')::bigint > floor(extract(epoch FROM sessions_ended_at)) FROM admins",
    )
    .bind(claims)
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert!(is_later, "{credential}");
    let hash: String =
        sqlx::query_scalar("SELECT password_hash FROM admins").fetch_one(&mut owner).await.unwrap();
    assert_ne!(hash, OUTDATED, "a right password gets a hash with the current parameters");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_that_is_suspended_beside_a_change_of_its_name_stays_suspended() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let mut owner = stack.owner(&stack.databases().tenant).await;
    let mut watcher = stack.owner(&stack.databases().tenant).await;
    run(&mut owner, "BEGIN; UPDATE workspaces SET suspended = true").await;

    let (operator, id) = (stack.operator().clone(), acme.id());
    let message = pb::UpdateWorkspaceRequest { name: Some("Renamed".into()), ..Default::default() };
    let renaming =
        tokio::runtime::Handle::current().spawn(async move { operator.update_workspace(id, message).await });
    until_it_waits(&mut watcher, &renaming).await;
    run(&mut owner, "COMMIT").await;

    let told = renaming.await.unwrap().unwrap();
    let stored = stack.operator().read_workspace("acme").await.unwrap();
    for workspace in [told, stored] {
        assert_eq!(
            (workspace.name.as_str(), workspace.status()),
            ("Renamed", pb::WorkspaceStatus::Suspended)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_to_store_one_workspaces_entries_does_not_affect_others() {
    let stack = Stack::start().await;
    let (acme, globex) = (stack.workspace("acme").create().await, stack.workspace("globex").create().await);
    let clock = Clock::system();
    let entry = |id: LogEntryId| pb::LogEntry {
        id: id.to_string(),
        time: Some(to_wire(clock.now())),
        app_id: AppId::new(&clock).to_string(),
        token_id: TokenId::new(&clock).to_string(),
        method: "POST".into(),
        path: "/Users".into(),
        status: 201,
        ..Default::default()
    };
    let log =
        |workspace: &str, id| pb::WorkspaceLog { workspace: workspace.into(), entries: vec![entry(id)] };
    // Somebody else is about to store an entry with the same id, and does not finish.
    let held = LogEntryId::new(&clock);
    let mut owner = stack.owner(&stack.databases().tenant).await;
    run(
        &mut owner,
        &format!(
            "BEGIN; INSERT INTO provisioning_log SELECT '{}', '{}', now(), NULL, NULL, 'POST', '/Users', 'User', '', '',
               '', '{{}}', '{{}}', 201, '', '', '', '', '', 0, 0",
            acme.id(),
            held
        ),
    )
    .await;

    let credential = stack.service_credential("gateway").await;
    let outgoing = Outgoing {
        credential: &credential,
        workspace: None,
        request_id: "test",
        trace: None,
        timeout: Duration::from_secs(5),
    };
    let logs = vec![
        log("acme", held),
        log("nowhere", LogEntryId::new(&clock)),
        log("globex", LogEntryId::new(&clock)),
    ];
    let request = outgoing.request(pb::AppendLogEntriesRequest { logs });
    let mut client = ProvisioningLogServiceClient::new(stack.operator().tenant());
    let answer = client.append_log_entries(request).await.unwrap().into_inner();

    assert_eq!(answer.again, ["acme"]);
    assert_eq!((answer.nowhere, answer.noise, answer.refused), (1, 0, 0));
    let entries = async |workspace: WorkspaceId| {
        stack.operator().log(workspace, pb::ListLogEntriesRequest::default()).await.unwrap().entries.len()
    };
    assert_eq!((entries(globex.id()).await, entries(acme.id()).await), (1, 0));
}
