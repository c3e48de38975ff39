//! Checks rows against a running Usher.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use usher_dialects::Table;
use usher_dialects::fact::{self, judge};
use usher_dialects::given::of_team;
use usher_dialects::kept::Kept;
use usher_dialects::row::{self, Body, Request, Row, Step};
use usher_proto::tenant::v1::ScimProfile;
use usher_tests::scim::{Answer, ScimClient};
use usher_tests::stack::{Stack, Workspace, WorkspaceBuilder};

/// The maximum number of rows that run concurrently.
const MAX_CONCURRENT_ROWS: usize = 6;
/// The maximum duration of a request that Okta calls quick (docs/scim-clients.md §4.1).
const QUICK: Duration = Duration::from_millis(600);
/// The maximum number of resources that are deleted so that another row can use the workspace.
const MAX_LEFTOVERS: usize = 50;

/// Checks every row of these tables, each in an empty workspace, and fails with all rows that do not hold.
pub(super) async fn hold(tables: Vec<Table>) {
    let count: usize = tables.iter().map(|(_, rows)| rows.len()).sum();
    let faults = faults(tables).await;
    assert!(faults.is_empty(), "{} of {count} rows do not hold\n\n{}", faults.len(), faults.join("\n\n"));
}

/// Returns why rows do not hold, in the order of the rows.
async fn faults(tables: Vec<Table>) -> Vec<String> {
    let workspaces =
        Workspaces { stack: Stack::start().await, made: AtomicUsize::new(0), empty: Mutex::default() };
    let rows = tables.into_iter().flat_map(|(table, rows)| rows.into_iter().map(move |row| (table, row)));
    futures::stream::iter(rows)
        .map(async |(table, row)| Some(format!("{table} {}", run(&workspaces, row).await?)))
        .buffered(MAX_CONCURRENT_ROWS)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// Returns why the row does not hold; `None` if it holds.
async fn run(workspaces: &Workspaces, row: Row) -> Option<String> {
    let workspace = workspaces.take(&row).await;
    let is_usual = row.is_usual();
    let mut kept = Kept::default();
    kept.insert("base", workspace.scim().base());
    for (at, step) in row.steps.into_iter().enumerate() {
        if let Err(fault) = take(workspace.scim(), &mut kept, step).await {
            return Some(format!("{}\n  step {}: {fault}", row.source, at + 1));
        }
    }
    if is_usual {
        workspaces.give_back(workspace).await;
    }
    None
}

/// Workspaces for rows. Creating one takes longer than most rows, so usual ones are used again.
struct Workspaces {
    stack: Stack,
    made: AtomicUsize,
    empty: Mutex<Vec<Workspace>>,
}

impl Workspaces {
    async fn take(&self, row: &Row) -> Workspace {
        let empty = if row.is_usual() { self.empty.lock().unwrap().pop() } else { None };
        if let Some(workspace) = empty {
            return workspace;
        }
        let builder = self.stack.workspace(&format!("row-{}", self.made.fetch_add(1, Ordering::Relaxed)));
        let workspace = built(builder, row.workspace).create().await;
        if row.strict {
            let operator = self.stack.operator();
            operator.app_profile(workspace.id(), workspace.app(), ScimProfile::Strict).await.unwrap();
        }
        workspace
    }

    /// Empties a workspace for the next row, unless it has too many resources.
    async fn give_back(&self, workspace: Workspace) {
        let scim = workspace.scim();
        for path in ["/Groups", "/Users"] {
            let list = scim.get(&format!("{path}?attributes=id&count={MAX_LEFTOVERS}")).await;
            let ids = list.body["Resources"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|left| left["id"].as_str());
            let deleted = join_all(ids.map(async |id| scim.delete(&format!("{path}/{id}")).await)).await;
            let gone = deleted.iter().filter(|answer| answer.status == 204).count();
            if list.body["totalResults"] != gone {
                return;
            }
        }
        self.empty.lock().unwrap().push(workspace);
    }
}

/// Configures the workspace that a row begins with. The plan `Open` enforces no domains; the usual plan does.
fn built(builder: WorkspaceBuilder, workspace: row::Workspace) -> WorkspaceBuilder {
    match workspace {
        row::Workspace::Usual => builder.plan("Open"),
        row::Workspace::BlockedAt(seats) => builder.plan("Open").blocked_at(seats),
        row::Workspace::AllowedBeyond(seats) => builder.plan("Open").allowed_beyond(seats),
        row::Workspace::Domains(domains) => builder.domains(domains),
    }
}

async fn take(scim: &ScimClient, kept: &mut Kept, step: Step) -> Result<(), String> {
    match step {
        Step::One { request, facts, keep } => {
            let answer = send(scim, kept, &request).await?;
            judge(&seen(&answer), &facts, kept).map_err(|fault| describe(&answer, &fault))?;
            again(scim, &request, &answer).await?;
            for (name, pointer) in keep {
                let value = answer.body.pointer(&pointer).and_then(Value::as_str);
                let value =
                    value.ok_or_else(|| describe(&answer, &format!("nothing to keep at {pointer}")))?;
                kept.insert(name, value);
            }
            Ok(())
        }
        Step::Quick(path) => {
            let mut fastest = Duration::MAX;
            for _ in 0..5 {
                let began = Instant::now();
                send(scim, kept, &Request::new(Method::GET, path)).await?;
                fastest = fastest.min(began.elapsed());
            }
            if fastest < QUICK { Ok(()) } else { Err(format!("GET {path} took {fastest:?} at best")) }
        }
        Step::Together { requests, statuses } => {
            let answers = join_all(requests.iter().map(|request| send(scim, kept, request))).await;
            let answers: Vec<Answer> = answers.into_iter().collect::<Result<_, _>>()?;
            let mut found: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
            found.sort_unstable();
            let bodies =
                || answers.iter().map(|answer| answer.text.as_str()).collect::<Vec<_>>().join("\n  ");
            if found == statuses {
                Ok(())
            } else {
                Err(format!("{found:?}, not {statuses:?}\n  {}", bodies()))
            }
        }
    }
}

/// Converts an answer for the facts of a row.
fn seen(answer: &Answer) -> fact::Answer {
    fact::Answer {
        status: answer.status,
        headers: answer.headers.clone(),
        body: answer.body.clone(),
        text: answer.text.clone(),
    }
}

/// Checks that a read returns the same as the write before it: a write must not answer 200 and store
/// something else.
async fn again(scim: &ScimClient, request: &Request, answer: &Answer) -> Result<(), String> {
    let writes = [Method::POST, Method::PUT, Method::PATCH].contains(&request.method);
    let Some(location) = answer.body.pointer("/meta/location").and_then(Value::as_str) else { return Ok(()) };
    if !writes || request.path.contains('?') {
        return Ok(());
    }
    let path = location
        .strip_prefix(scim.base())
        .ok_or_else(|| describe(answer, "meta.location is not below the workspace's URL"))?;
    let read = scim.try_send(scim.request(Method::GET, path)).await.map_err(|error| error.to_string())?;
    if read.body == answer.body {
        return Ok(());
    }
    Err(describe(answer, &format!("a read then shows something else\n  {}\n ", read.text)))
}

async fn send(scim: &ScimClient, kept: &Kept, request: &Request) -> Result<Answer, String> {
    let scim = request.token.map_or_else(|| scim.clone(), |token| scim.with_token(token));
    let mut sent = scim.request(request.method.clone(), &kept.text(&request.path));
    for (name, value) in &request.headers {
        sent = sent.header(*name, kept.text(value));
    }
    sent = match &request.body {
        None => sent,
        Some(Body::Json(value)) => sent.body(kept.value(value).to_string()),
        Some(Body::Text(text)) => sent.body(*text),
    };
    scim.try_send(sent).await.map_err(|error| format!("{} {}: {error}", request.method, request.path))
}

fn describe(answer: &Answer, fault: &str) -> String {
    format!("{}: {fault}\n  {} {}", answer.request, answer.status, answer.text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_row_is_reported_with_its_source_and_the_answer() {
    let ada = || of_team("a row").get("/Users/{ada}");
    let group = || of_team("a row").get("/Groups/{team}");
    let wrong = vec![
        ada().is(204),
        ada().at("/userName", "eve@contoso.com"),
        ada().lacks("/userName"),
        ada().has("/groups", 2),
        ada().header("etag", "W/\"7\""),
        ada().holds("somebody else", |user| user.body["userName"] == "eve@contoso.com"),
        group().members(&["ada"]),
        of_team("a row").find("active eq true").finds(&["ada@contoso.com"]),
        of_team("a row").get("/Users/nobody"),
        of_team("a row").get("/Users/nobody").refused(404, "noTarget"),
        of_team("a row").get("/Users/nobody").is(404).told("everybody"),
        of_team("a row").together(vec![Request::new(Method::GET, "/Users/{ada}")], &[404]),
        of_team("a row").get("/Users").keep("nothing", "/nothing"),
    ];
    let count = wrong.len();

    let faults = faults(vec![("a table", wrong)]).await;

    assert_eq!(faults.len(), count, "{}", faults.join("\n\n"));
    assert!(faults.iter().all(|fault| fault.starts_with("a table a row\n  step ")), "{faults:#?}");
    assert!(faults[1].contains("200 OK {") && faults[1].contains("is \"ada@contoso.com\""), "{}", faults[1]);
}
