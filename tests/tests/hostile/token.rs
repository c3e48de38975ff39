//! Attackers with the token of one app.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use usher_tests::scim::{encode, user};
use usher_tests::stack::Workspace;

use crate::attack::{Answers, flood, get};
use crate::siege::Siege;
use crate::values;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_disturbs_nobody_whatever_it_requests() {
    let siege = Siege::begin().await;
    look_ups_and_lists(&siege).await;
    bulk_requests(&siege).await;
    slow_bodies(&siege).await;
    values::huge_names(&siege).await;
    values::costly_work(&siege).await;
}

async fn look_ups_and_lists(siege: &Siege) {
    for (attack, slug, query) in [
        ("look-ups", "look-ups", "userName eq \"ada@loud.example\""),
        (
            "lists that no index can answer",
            "lists",
            "title co \"a\" or title ew \"b\" or nickName co \"c\" or nickName ew \"d\"",
        ),
    ] {
        let loud = siege.attacker(slug).await;
        let answers = Answers::default();
        let path = format!("/Users?filter={}", encode(query));
        siege.withstands(attack, flood(64, async |_| get(loud.scim(), &path, &answers).await)).await;
        // A slow machine does not reach the rate limit; refused requests get a 429.
        answers.assert_only(attack, &["200", "429"]);
    }
}

async fn bulk_requests(siege: &Siege) {
    let loud = siege.attacker("bulk").await;
    let answers = Answers::default();
    let bulk = async |number: u64| {
        let body = bulk(&loud, number, 200);
        answers.take_in(loud.scim().try_send(loud.scim().with_body(Method::POST, "/Bulk", &body))).await;
    };
    siege.withstands("bulk requests", flood(16, bulk)).await;
    assert!(answers.count_of(429) > 0, "nothing held the bulk requests back: {answers:?}");
    answers.assert_only("bulk requests", &["200", "429"]);
}

async fn slow_bodies(siege: &Siege) {
    let loud = siege.attacker("slow").await;
    let host = siege.processes().gateway().replace("http://", "");
    let answers = Answers::default();
    let send = async |_| answers.count(trickle(&host, &loud).await);
    siege.withstands("bodies that arrive byte by byte", flood(96, send)).await;

    let status = tokio::time::timeout(Duration::from_secs(20), trickle(&host, &loud)).await.unwrap();
    assert_eq!(status, "408");
}

/// Returns a bulk request that creates people.
fn bulk(workspace: &Workspace, number: u64, operations: u64) -> Value {
    let operations: Vec<Value> = (0..operations)
        .map(|place| {
            let name = workspace.address(&format!("n{number}-{place}"));
            json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{place}"), "data": user(&name) })
        })
        .collect();
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

/// Sends a body one byte at a time; returns the status.
async fn trickle(host: &str, workspace: &Workspace) -> String {
    let Ok(mut stream) = TcpStream::connect(host).await else { return "no connection".to_owned() };
    let head = format!(
        "POST /scim/v2/{}/Users HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: 100000\r\n\r\n",
        workspace.slug(),
        workspace.scim().token()
    );
    if stream.write_all(head.as_bytes()).await.is_err() {
        return "no connection".to_owned();
    }
    let (mut reader, mut writer) = stream.split();
    let send = async {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = vec![0; 64];
    let status = tokio::select! {
        () = send => None,
        read = reader.read(&mut answer) => read.ok(),
    };
    let text = String::from_utf8_lossy(&answer);
    status.and_then(|_| text.get(9..12)).unwrap_or("no answer").to_owned()
}
