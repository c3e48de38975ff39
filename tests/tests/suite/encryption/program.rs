//! The real program: what it refuses at startup, and certificates that are replaced while it runs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode, Uri};
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use usher_base::secret::ServiceKey;
use usher_net::tls::ClientTls;
use usher_testing::Authority;
use usher_tests::stack::free_port;
use usher_tests::stack::processes::program;

use super::{SOON, client, send, text};

/// Runs it until it ends: returns its output if it succeeded, and its error messages.
pub(super) async fn run(arguments: &[&str]) -> (Option<String>, String) {
    let ran = Command::new(program()).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let ran = timeout(SOON, ran).await.unwrap().unwrap();
    let printed = ran.status.success().then(|| String::from_utf8(ran.stdout).unwrap());
    (printed, String::from_utf8(ran.stderr).unwrap())
}

#[tokio::test]
async fn plain_text_that_leaves_this_machine_is_refused_and_the_setting_that_allows_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    let database = "postgres://usher_owner@db.example/usher_tenant?sslmode=require";
    let database = format!("tenant.owner_database_url={database}");
    for (arguments, allowed_by) in [
        (&["serve", "gateway", "--set", "gateway.listen=0.0.0.0:0"][..], "[\"gateway.listen\"]"),
        (&["serve", "tenant", "--set", "tenant.listen=0.0.0.0:0"][..], "[\"tenant.listen\"]"),
        (&["serve", "billing", "--set", "metrics.listen=[::]:0"][..], "[\"metrics.listen\"]"),
        (&["serve", "identity", "--set", "billing.url=http://b.example:1"][..], "[\"billing.url\"]"),
        (&["migrate", "--set", &database][..], "[\"tenant.owner_database_url\"]"),
        (&["dev", "--listen", "0.0.0.0:0", "--data-dir", &data][..], "--allow-plaintext"),
        (&["dev", "--metrics-listen", "0.0.0.0:0", "--data-dir", &data][..], "--allow-plaintext"),
        (&["admin", "workspace", "list", "--tenant-url", "http://t.example:1"][..], "--allow-plaintext"),
    ] {
        let (printed, why) = run(arguments).await;

        assert!(printed.is_none() && why.contains(allowed_by), "{arguments:?}: {why}");
    }
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused_with_the_remedy() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let pair = authority.sign(folder.path(), "public");
    std::fs::set_permissions(&pair.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let set = |name: &str, value: String| ["--set".to_owned(), format!("{name}={value}")];
    let settings = [
        set("gateway.certificate_file", text(&pair.certificate)),
        set("gateway.key_file", text(&pair.key)),
        set("gateway.public_url", "https://scim.example".to_owned()),
        set("gateway.service_key_file", text(&pair.key)),
    ]
    .concat();

    let arguments: Vec<&str> =
        ["serve", "gateway"].into_iter().chain(settings.iter().map(String::as_str)).collect();
    let (printed, why) = run(&arguments).await;

    assert!(printed.is_none() && why.contains("chmod 600"), "{why}");
}

/// Waits until a port's `/livez` answers a client that trusts an authority.
async fn alive(tls: &ClientTls, port: std::net::SocketAddr) {
    let uri: Uri = format!("https://{port}/livez").parse().unwrap();
    let deadline = Instant::now() + SOON;
    loop {
        let request = Request::get(&uri).body(Full::<Bytes>::default()).unwrap();
        match timeout(SOON, send(tls, request)).await.unwrap() {
            Ok((status, _)) => return assert_eq!(status, StatusCode::OK),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_running_program_reloads_replaced_certificates() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    let directory = folder.path();
    let (public, metrics) = (old.sign(directory, "public"), old.sign(directory, "metrics"));
    let (listen, metrics_listen) = (free_port(), free_port());
    let mut running = Command::new(program())
        .args(["serve", "gateway", "--set"])
        .arg("tenant.url=https://127.0.0.1:9")
        .env("USHER_GATEWAY__LISTEN", format!("0.0.0.0:{}", listen.port()))
        .env("USHER_GATEWAY__PUBLIC_URL", "https://scim.example")
        .env("USHER_GATEWAY__SERVICE_KEY", ServiceKey::generate().expose())
        .env("USHER_GATEWAY__CERTIFICATE_FILE", &public.certificate)
        .env("USHER_GATEWAY__KEY_FILE", &public.key)
        .env("USHER_METRICS__LISTEN", metrics_listen.to_string())
        .env("USHER_METRICS__CERTIFICATE_FILE", &metrics.certificate)
        .env("USHER_METRICS__KEY_FILE", &metrics.key)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (trusts_old, trusts_new) = (client(directory, &old, None), client(directory, &new, None));
    for port in [listen, metrics_listen] {
        alive(&trusts_old, port).await;
    }

    new.sign(directory, "public");
    new.sign(directory, "metrics");

    for port in [listen, metrics_listen] {
        alive(&trusts_new, port).await;
    }
    running.kill().await.unwrap();
}
