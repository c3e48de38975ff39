//! Encryption of every port and channel of the whole system, and refusals without it.

mod database;
mod program;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use usher_net::Dial;
use usher_net::tls::{ClientFiles, ClientTls, Pair};
use usher_testing::Authority;
use usher_tests::scim::MEDIA_TYPE;
use usher_tests::stack::Stack;

const SOON: Duration = Duration::from_secs(20);

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A client that trusts an authority, with or without a certificate.
fn client(directory: &Path, believed: &Authority, pair: Option<Pair>) -> ClientTls {
    let authorities = Some(believed.write(directory, "believed"));
    ClientTls::load(ClientFiles { authorities, pair }).unwrap()
}

/// One request over TLS and HTTP/2.
async fn send(tls: &ClientTls, request: Request<Full<Bytes>>) -> std::io::Result<(StatusCode, Bytes)> {
    let io = Dial::new(tls.clone()).connect(request.uri()).await?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let answered = async {
        let answer = sender.send_request(request).await.map_err(std::io::Error::other)?;
        let status = answer.status();
        Ok::<_, std::io::Error>((status, answer.into_body().collect().await.unwrap().to_bytes()))
    };
    tokio::select! {
        answer = answered => answer,
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
}

async fn create_user(tls: &ClientTls, base: &str, token: &str, user_name: &str) -> (StatusCode, Value) {
    let uri: Uri = format!("{base}/Users").parse().unwrap();
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name });
    let request = Request::post(uri)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", MEDIA_TYPE)
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let (status, body) = send(tls, request).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn is_healthy(url: &str, tls: &ClientTls) -> bool {
    let channel = usher_rpc::connect(url, tls).unwrap();
    let check = async { HealthClient::new(channel).check(HealthCheckRequest::default()).await };
    timeout(SOON, check).await.unwrap().is_ok()
}

/// A stack whose ports have certificates of an authority, and whose services require them.
async fn encrypted_stack(directory: &Path, authority: &Authority) -> (Stack, Pair) {
    let (inside, public) = (authority.sign(directory, "inside"), authority.sign(directory, "public"));
    let ca = authority.write(directory, "ca");
    let stack = Stack::start_with(|settings| {
        settings.tls.certificate_file = text(&inside.certificate);
        settings.tls.key_file = text(&inside.key);
        settings.tls.ca_file = text(&ca);
        settings.gateway.certificate_file = text(&public.certificate);
        settings.gateway.key_file = text(&public.key);
    })
    .await;
    (stack, inside)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_outside_and_certificates_on_both_sides_inside_serve_a_whole_system() {
    let (folder, ours, theirs) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    let directory = folder.path();
    let (stack, inside) = encrypted_stack(directory, &ours).await;
    let acme = stack.workspace("acme").create().await;

    let outside = client(directory, &ours, None);
    let (base, token) = (acme.scim().base(), acme.scim().token());
    assert!(base.starts_with("https://127.0.0.1:"));
    let (status, user) = create_user(&outside, base, token, &acme.address("ada")).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    acme.settle().await;
    let seats = stack.operator().open_intervals(acme.id()).await.unwrap();
    assert_eq!(seats.len(), 1, "the seat event was sent to billing");

    let demo = stack.demo();
    let (foreign, known) =
        (theirs.sign(directory, "foreign"), client(directory, &ours, Some(inside.clone())));
    for service in ["tenant", "identity", "billing"] {
        let url = demo["grpc"][service].as_str().unwrap();
        assert!(is_healthy(url, &known).await, "{service}");
        for (why, stranger) in [
            ("no certificate", client(directory, &ours, None)),
            ("a foreign one", client(directory, &ours, Some(foreign.clone()))),
            ("another authority is trusted", client(directory, &theirs, Some(inside.clone()))),
        ] {
            assert!(!is_healthy(url, &stranger).await, "{service}: {why}");
        }
        let plain = url.replace("https://", "http://");
        assert!(!is_healthy(&plain, &known).await, "{service}: plain text");
    }
    let plain = reqwest::get(base.replace("https://", "http://")).await;
    assert!(plain.is_err(), "plain text at the gateway");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_with_a_certificate_is_let_in_and_one_without_is_told_why_not() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let directory = folder.path();
    let (stack, _) = encrypted_stack(directory, &authority).await;
    stack.workspace("acme").create().await;
    let demo = directory.join("demo.json");
    std::fs::write(&demo, stack.demo().to_string()).unwrap();
    let operator = authority.sign(directory, "operator");
    let (demo, ca) = (text(&demo), text(&directory.join("ca.pem")));
    let list = ["admin", "--demo", &demo, "workspace", "list"];
    let own = [
        "--certificate-file",
        operator.certificate.to_str().unwrap(),
        "--certificate-key-file",
        operator.key.to_str().unwrap(),
    ];

    let (listed, _) = program::run(&[&list[..], &["--ca-file", &ca], &own].concat()).await;
    assert!(listed.is_some_and(|listed| listed.contains("acme")));

    let (refused, why) = program::run(&[&list[..], &own].concat()).await;
    assert!(refused.is_none() && why.contains("--ca-file"), "{why}");
    let (refused, why) = program::run(&[&list[..], &["--ca-file", &ca]].concat()).await;
    assert!(refused.is_none() && why.contains("--certificate-file"), "{why}");
}
