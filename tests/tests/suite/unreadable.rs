//! Bytes that are not an HTTP request.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use usher_tests::stack::Stack;

/// Sends bytes to the gateway, and reads until it closes the connection.
async fn send(stack: &Stack, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(stack.gateway().trim_start_matches("http://")).await.unwrap();
    let (mut answers, mut sending) = stream.split();
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(10), answers.read_to_end(&mut answer));
    // The answer may arrive before everything is sent.
    let (_, read) = tokio::join!(sending.write_all(bytes), read);
    assert!(read.is_ok(), "the connection stays open");
    read.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

/// The parts of the only answer in `text`: its status, its head, its body.
fn parts(text: &str) -> (u16, &str, &str) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
    (head[9..12].parse().unwrap(), head, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_http_gets_a_scim_error_and_its_connection_is_closed() {
    let stack = Stack::start().await;
    let request = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
    let long = "x".repeat(100_000);
    let many = "a: b\r\n".repeat(200);

    for (what, bytes, status, says) in [
        ("quotes", request("/scim/v2/acme/Users?filter=userName eq \"ada\""), 400, "%22"),
        ("raw quotes", request("/scim/v2/acme/Users?filter=userName+eq+\"ada\""), 400, "%22"),
        ("spaces", request("/scim/v2/acme/Users?filter=userName pr"), 400, "%20"),
        ("a long target", request(&format!("/scim/v2/acme/Users?filter={long}")), 414, ".search"),
        ("a bad header", "GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned(), 400, "HTTP request"),
        ("many headers", format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), 431, "too long"),
        (
            "long headers",
            format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "x".repeat(900_000)),
            431,
            "long",
        ),
        ("no method", "\u{1}\u{2}\r\n\r\n".to_owned(), 400, "HTTP request"),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
            400,
            "HTTP request",
        ),
    ] {
        let answer = send(&stack, bytes.as_bytes()).await;

        let (found, head, body) = parts(&answer);
        assert_eq!(found, status, "{what}: {answer}");
        assert!(head.contains("content-type: application/scim+json"), "{what}: {head}");
        assert!(head.contains("connection: close") && head.contains("nosniff"), "{what}: {head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{what}: {answer}");
        assert!(answer.len() < 1_000, "{what}: {answer}");
        let error: Value = serde_json::from_str(body).unwrap();
        assert_eq!(error["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error", "{what}");
        assert_eq!(error["status"], status.to_string(), "{what}");
        assert!(error["detail"].as_str().unwrap().contains(says), "{what}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_after_an_invalid_request_is_served() {
    let stack = Stack::start().await;
    let good = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let bad = "GET /scim/v2/acme/Users?filter=a+eq+\"b\" HTTP/1.1\r\nhost: x\r\n\r\n";

    let answers = send(&stack, format!("{good}{bad}{good}").as_bytes()).await;

    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
    assert!(answers.contains("HTTP/1.1 400"), "{answers}");
}
