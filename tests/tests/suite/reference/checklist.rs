//! docs/scim-clients.md §0: what can't be written as a row.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use usher_tests::stack::Stack;

/// docs/scim-clients.md §0, 12, and §1.2 (MicrosoftDocs/azure-docs#94189); docs/scim-lessons.md §1, #28 and
/// #29: the request of Entra's connection test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_needs_neither_accept_nor_user_agent_nor_content_type() {
    let stack = Stack::start().await;
    let workspace = stack.workspace("contoso").create().await;
    let host = stack.gateway().trim_start_matches("http://").to_owned();
    let token = workspace.scim().token();
    let request = format!(
        "GET /scim/v2/contoso/Users?filter=userName+eq+%227d420df3%22 HTTP/1.1\r\nHost: {host}\r\n\
         Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );

    let mut connection = TcpStream::connect(&host).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: application/scim+json"), "{answer}");
    assert!(answer.contains("\"totalResults\":0"), "{answer}");
}
