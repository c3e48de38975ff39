//! Connections to the real program, by clients that open many and stay silent, or make up names.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use usher_testing::temporary_directory;
use usher_tests::raw_grpc;
use usher_tests::stack::processes::program;

/// The number of silent connections on each port, more than the program can have open in total.
const SILENT: usize = 1_050;
const IMMEDIATELY: Duration = Duration::from_secs(5);

/// `usher dev` with a limit of 1,024 open files.
async fn confined(data: &std::path::Path) -> (Child, Value) {
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 1024 && exec \"$0\" dev --listen 127.0.0.1:0 --log warn --data-dir \"$1\""])
        .arg(program())
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let demo = data.join("demo.json");
    let written = async {
        loop {
            if let Ok(text) = std::fs::read(&demo) {
                return serde_json::from_slice(&text).unwrap();
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    (child, timeout(Duration::from_mins(1), written).await.unwrap())
}

/// The addresses of the five ports: gateway, metrics and three for gRPC.
fn ports(demo: &Value) -> [String; 5] {
    let metrics = demo["metrics_url"].as_str().unwrap().trim_end_matches("/metrics");
    let of = |value: &Value| value.as_str().unwrap().to_owned();
    let grpc = &demo["grpc"];
    [
        of(&demo["console_url"]).trim_end_matches('/').to_owned(),
        metrics.to_owned(),
        of(&grpc["tenant"]),
        of(&grpc["identity"]),
        of(&grpc["billing"]),
    ]
}

async fn channel(url: &str) -> Channel {
    Channel::from_shared(url.to_owned()).unwrap().connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_silent_connections_on_each_port_block_nobody() {
    let max = usher_net::descriptors::raise().unwrap();
    assert!(max > 5 * 1_100, "this test needs more file descriptors than {max}");
    let folder = temporary_directory();
    let (_dev, demo) = confined(&folder.path().join("usher")).await;
    let ports = ports(&demo);

    let mut silent = Vec::new();
    for url in &ports {
        let address = url.trim_start_matches("http://");
        for _ in 0..SILENT {
            silent.push(timeout(IMMEDIATELY, TcpStream::connect(address)).await.unwrap().unwrap());
        }
    }

    for url in &ports[..2] {
        let alive = timeout(IMMEDIATELY, reqwest::get(format!("{url}/livez"))).await.unwrap().unwrap();
        assert!(alive.status().is_success(), "{url}");
    }
    for url in &ports[2..] {
        let check = async {
            let request = HealthCheckRequest { service: String::new() };
            HealthClient::new(channel(url).await).check(request).await
        };
        timeout(IMMEDIATELY, check).await.unwrap().unwrap();
    }
    let users = usher_tests::scim::ScimClient::new(
        demo["workspaces"][0]["scim_url"].as_str().unwrap(),
        demo["workspaces"][0]["token"].as_str().unwrap(),
    );
    timeout(IMMEDIATELY, users.get("/Users")).await.unwrap().assert_total(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_a_client_makes_up_are_no_labels_of_metrics() {
    let folder = temporary_directory();
    let (_dev, demo) = confined(&folder.path().join("usher")).await;
    let [gateway, metrics, grpc @ ..] = ports(&demo);
    let credential = format!("Bearer {}", demo["service_credential"].as_str().unwrap());
    for url in &grpc {
        let channel = channel(url).await;
        for path in
            ["/usher.identity.v1.Madeup/A", "/grpc.health.v1.Health/Madeup", "/grpc.reflection.Madeup/B"]
        {
            let plain = tonic::Request::new(Bytes::new());
            let mut known = tonic::Request::new(Bytes::new());
            known.metadata_mut().insert("authorization", credential.parse().unwrap());
            for request in [plain, known] {
                raw_grpc::call(channel.clone(), path, request).await.unwrap_err();
            }
        }
    }
    let client = reqwest::Client::new();
    for (method, path) in
        [("MADEUP", "/scim/v2/acme/Users"), ("GET", "/madeup"), ("GET", "/scim/v2/madeup/Madeup")]
    {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        client.request(method, format!("{gateway}{path}")).send().await.unwrap();
    }

    let shown = reqwest::get(format!("{metrics}/metrics")).await.unwrap().text().await.unwrap();

    assert!(shown.contains("method=\"unknown\"") && shown.contains("method=\"other\""), "{shown}");
    assert!(!shown.to_lowercase().contains("madeup"), "{shown}");
}
