//! `usher dev`, with the real program.

mod billing;
mod clock;
mod page;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use usher_testing::temporary_directory;
use usher_tests::scim::ScimClient;
use usher_tests::stack::processes::program;

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running `usher dev`.
struct Dev {
    child: Child,
    data: PathBuf,
}

impl Dev {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let child = Command::new(program())
            .args(["dev", "--listen", "127.0.0.1:0", "--log", "warn", "--data-dir"])
            .arg(data)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, data: data.to_owned() }
    }

    fn demo_file(&self) -> PathBuf {
        self.data.join("demo.json")
    }

    /// Waits until the program has written `demo.json`.
    async fn ready(&mut self) -> Value {
        let deadline = Instant::now() + READY_WITHIN;
        while !self.demo_file().exists() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("usher dev ended with {status}: {}", self.errors().await);
            }
            assert!(Instant::now() < deadline, "usher dev is not ready");
            sleep(Duration::from_millis(20)).await;
        }
        serde_json::from_slice(&std::fs::read(self.demo_file()).unwrap()).unwrap()
    }

    async fn errors(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).await.unwrap();
        }
        text
    }

    fn postgres(&self) -> Pid {
        self.postgres_if_started().unwrap()
    }

    /// PostgreSQL's process, once its file contains the id.
    fn postgres_if_started(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.data.join("postgres/data/postmaster.pid")).ok()?;
        Some(Pid::from_raw(text.lines().next()?.trim().parse().ok()?))
    }

    async fn stop(&mut self, signal: Signal) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap());
        kill(pid, signal).unwrap();
        timeout(Duration::from_secs(10), self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("{signal}: still there after 10 s"))
            .unwrap()
    }
}

fn folder() -> TempDir {
    temporary_directory()
}

fn scim(demo: &Value, workspace: usize) -> ScimClient {
    let workspace = &demo["workspaces"][workspace];
    ScimClient::new(workspace["scim_url"].as_str().unwrap(), workspace["token"].as_str().unwrap())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_starts_serves_stops_and_finds_its_data_again() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &[]);
    let demo = dev.ready().await;

    assert_eq!(mode(&dev.demo_file()), 0o600);
    for (name, slug) in [(0, "acme"), (1, "globex"), (2, "sandbox")] {
        assert_eq!(demo["workspaces"][name]["name"], slug);
        scim(&demo, name).get("/Users").await.assert_total(0);
    }
    for pointer in [
        "/console_url",
        "/metrics_url",
        "/service_credential",
        "/grpc/tenant",
        "/grpc/identity",
        "/grpc/billing",
        "/workspaces/0/id",
        "/workspaces/0/domains/0",
        "/workspaces/0/admin/email",
        "/workspaces/0/admin/password",
    ] {
        assert!(
            demo.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
            "{pointer}: {demo}"
        );
    }
    let path = scim(&demo, 0).create_user("ada@acme.example").await.assert_status(201).path();
    scim(&demo, 0).create_user("eve@elsewhere.example").await.assert_status(403);

    let postgres = dev.postgres();
    assert!(dev.stop(Signal::SIGTERM).await.success());
    assert!(kill(postgres, None).is_err(), "PostgreSQL was left running");
    assert!(!dev.demo_file().exists(), "demo.json exists although nothing serves");

    let mut again = Dev::start(&data, &[]);
    let second = again.ready().await;
    for number in 0..3 {
        assert_eq!(second["workspaces"][number]["token"], demo["workspaces"][number]["token"]);
        assert_eq!(second["workspaces"][number]["admin"], demo["workspaces"][number]["admin"]);
    }
    scim(&second, 0).get(&path).await.assert_status(200).assert_at("/userName", "ada@acme.example");
    assert!(again.stop(Signal::SIGINT).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_it_reuses_what_was_left_and_reset_starts_empty() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &[]);
    let demo = dev.ready().await;
    scim(&demo, 0).created("ada@acme.example").await;
    let left = dev.postgres();
    dev.child.kill().await.unwrap();

    let mut dev = Dev::start(&data, &[]);
    let demo = loop {
        // A killed process could not delete demo.json; wait for the new one.
        let demo = dev.ready().await;
        if scim(&demo, 0).try_send(scim(&demo, 0).request(reqwest::Method::GET, "/Users")).await.is_ok() {
            break demo;
        }
        sleep(Duration::from_millis(20)).await;
    };
    scim(&demo, 0).get("/Users").await.assert_total(1);
    assert_ne!(dev.postgres(), left);
    dev.stop(Signal::SIGTERM).await;

    let mut dev = Dev::start(&data, &["--reset"]);
    let fresh = dev.ready().await;
    scim(&fresh, 0).get("/Users").await.assert_total(0);
    assert_ne!(fresh["workspaces"][0]["token"], demo["workspaces"][0]["token"]);
    dev.stop(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_at_once_after_two_kills_of_everything_finds_all_data() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &[]);
    let demo = dev.ready().await;
    scim(&demo, 0).created("ada@acme.example").await;
    let first = dev.postgres();
    dev.child.start_kill().unwrap();
    kill(first, Signal::SIGKILL).unwrap();
    std::fs::remove_file(dev.demo_file()).unwrap();

    // The second one is killed while it starts, together with its children.
    let mut dev = Dev::start(&data, &[]);
    let second = async || dev.postgres_if_started().is_some_and(|pid| pid != first);
    usher_tests::wait::eventually(READY_WITHIN, "PostgreSQL was started again", second).await;
    let second = dev.postgres();
    dev.child.start_kill().unwrap();
    kill(second, Signal::SIGKILL).unwrap();

    let mut dev = Dev::start(&data, &[]);
    let demo = dev.ready().await;
    scim(&demo, 0).get("/Users").await.assert_total(1);
    assert!(dev.stop(Signal::SIGTERM).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_a_newer_program_is_left_alone_and_nothing_is_said_of_deleting_it() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &[]);
    dev.ready().await;
    let url = usher_store::cluster::url(&data.join("postgres"), "usher_identity", usher_store::OWNER_ROLE);
    let mut owner = sqlx::PgConnection::connect(&url).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', true, ''::bytea, 0)";
    sqlx::raw_sql(later).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    assert!(dev.stop(Signal::SIGTERM).await.success());

    let mut older = Dev::start(&data, &[]);
    let ended = timeout(READY_WITHIN, older.child.wait()).await.unwrap().unwrap();

    let errors = older.errors().await;
    assert_eq!(ended.code(), Some(1), "{errors}");
    assert!(errors.contains("newer") && errors.contains("--data-dir"), "{errors}");
    assert!(!errors.contains("--reset"), "{errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_port_can_be_pinned() {
    let folder = folder();
    let ports: Vec<String> = (0..4).map(|_| usher_tests::stack::free_port().to_string()).collect();
    let flags = ["--tenant-listen", "--identity-listen", "--billing-listen", "--metrics-listen"];
    let arguments: Vec<&str> =
        flags.iter().zip(&ports).flat_map(|(flag, port)| [*flag, port.as_str()]).collect();

    let mut dev = Dev::start(&folder.path().join("usher"), &arguments);
    let demo = dev.ready().await;

    for (pointer, port) in ["/grpc/tenant", "/grpc/identity", "/grpc/billing"].iter().zip(&ports) {
        assert_eq!(demo.pointer(pointer).unwrap(), &format!("http://{port}"));
    }
    assert_eq!(demo["metrics_url"], format!("http://{}/metrics", ports[3]));
    scim(&demo, 0).get("/Users").await.assert_total(0);
    dev.stop(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_report_the_build_from_the_start_and_counters_begin_at_zero() {
    let folder = folder();
    let mut dev = Dev::start(&folder.path().join("usher"), &[]);
    let demo = dev.ready().await;

    let metrics = reqwest::get(demo["metrics_url"].as_str().unwrap()).await.unwrap().text().await.unwrap();

    for line in [
        concat!("usher_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        "usher_ledger_conflicts_total 0",
        "usher_relay_events_total{outcome=\"refused\"} 0",
        "usher_provisioning_log_dropped_total{why=\"full\"} 0",
        "usher_http_requests_total{method=\"GET\",route=\"/scim/v2/{workspace}/Users\",code=\"500\"} 0",
        "usher_rpc_requests_total{role=\"billing\",method=\"/usher.billing.v1.PeriodService/ClosePeriod\",code=\"INTERNAL\"} 0",
        "usher_database_connections_most{role=\"identity\"} 16",
        "usher_database_connections{role=\"identity\",state=\"waiting\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    for name in ["usher_relay_lag_seconds", "usher_watermark_age_seconds"] {
        assert!(metrics.contains(&format!("\n{name} ")), "{name} is not in\n{metrics}");
    }
    dev.stop(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_error_is_one_line_that_says_what_to_do() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();

    for (data, listen, part) in [
        (folder.path().join("usher"), address.as_str(), "--listen"),
        (file.join("usher"), "127.0.0.1:0", "--data-dir"),
    ] {
        let output = Command::new(program())
            .args(["dev", "--listen", listen, "--data-dir"])
            .arg(&data)
            .stdin(Stdio::null())
            .output();
        let output = timeout(Duration::from_secs(20), output).await.unwrap().unwrap();

        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
        assert!(errors.starts_with("usher: ") && errors.contains(part), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_during_the_start_leaves_nothing_behind() {
    let folder = folder();
    let data = folder.path().join("usher");
    let mut dev = Dev::start(&data, &[]);
    let deadline = Instant::now() + READY_WITHIN;
    let postgres = loop {
        if let Some(pid) = dev.postgres_if_started() {
            break pid;
        }
        assert!(Instant::now() < deadline && dev.child.try_wait().unwrap().is_none());
        sleep(Duration::from_millis(5)).await;
    };

    dev.stop(Signal::SIGTERM).await;

    let gone = async || kill(postgres, None).is_err();
    usher_tests::wait::eventually(Duration::from_secs(10), "PostgreSQL is gone", gone).await;
    assert!(!dev.demo_file().exists());
}

/// Runs `usher admin` on a running `usher dev`: returns the JSON output, or the error message.
async fn admin(dev: &Dev, arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(program())
        .args(["admin", "--output", "json", "--demo"])
        .arg(dev.demo_file())
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output = timeout(Duration::from_secs(20), output).await.unwrap().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}
