//! TLS: which clients are accepted, which servers are trusted, and the replacement of certificates.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Empty;
use hyper_util::rt::TokioExecutor;
use ipnet::IpNet;
use tokio::time::timeout;
use usher_net::tls::{ClientFiles, ClientTls, Pair, ServerFiles, ServerTls, TlsError};
use usher_net::{Dial, Limits, Protocol};
use usher_testing::Authority;

use crate::port::{PATIENCE, Port, SOON};
use crate::wire::Peer;

/// A port with the certificate `server.pem` that requires client certificates of the authority.
async fn mutual(directory: &Path, authority: &Authority, limits: Limits) -> (Port, ServerTls) {
    let files = ServerFiles {
        pair: authority.sign(directory, "server"),
        clients: Some(authority.write(directory, "authority")),
    };
    let tls = ServerTls::load(files, Protocol::Grpc).unwrap();
    (Port::open_encrypted(Protocol::Grpc, limits, tls.clone()).await, tls)
}

fn impatient() -> Limits {
    Limits { patience: PATIENCE, ..Limits::default() }
}

/// A client that trusts an authority, with or without a certificate.
fn client(directory: &Path, believed: &Authority, pair: Option<Pair>) -> ClientTls {
    let authorities = Some(believed.write(directory, "believed"));
    ClientTls::load(ClientFiles { authorities, pair }).unwrap()
}

/// Sends one request over HTTP/2 on a new connection; returns whether it was answered.
async fn ask(tls: &ClientTls, port: &Port) -> bool {
    let uri: Uri = format!("https://localhost:{}/", port.address.port()).parse().unwrap();
    let asked = async {
        let io = Dial::new(tls.clone()).connect(&uri).await.ok()?;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.ok()?;
        let request = Request::get(&uri).body(Empty::<Bytes>::new()).unwrap();
        tokio::select! {
            answer = sender.send_request(request) => answer.ok(),
            _ = connection => None,
        }
    };
    timeout(SOON, asked).await.unwrap().is_some_and(|answer| answer.status().is_success())
}

#[tokio::test]
async fn only_who_shows_a_certificate_of_the_authority_is_answered() {
    let (folder, ours, theirs) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    let directory = folder.path();
    let (port, _) = mutual(directory, &ours, impatient()).await;
    let (own, foreign) = (ours.sign(directory, "own"), theirs.sign(directory, "foreign"));

    assert!(ask(&client(directory, &ours, Some(own.clone())), &port).await);
    assert!(!ask(&client(directory, &ours, None), &port).await, "none");
    assert!(!ask(&client(directory, &ours, Some(foreign)), &port).await, "a foreign one");

    let mut plain = Peer::http2(port.address).await;
    assert!(!plain.rest().await.ends_with(b"ok"), "plain text");
}

#[tokio::test]
async fn only_a_port_that_proves_to_be_the_host_that_was_called_is_spoken_to() {
    let (folder, ours, theirs) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    let directory = folder.path();
    let (port, server) = mutual(directory, &ours, impatient()).await;
    let own = ours.sign(directory, "own");
    let known = client(directory, &ours, Some(own.clone()));

    assert!(!ask(&client(directory, &theirs, Some(own)), &port).await, "another authority's");
    assert!(!ask(&ClientTls::default(), &port).await, "not one that the system trusts");
    assert!(ask(&known, &port).await);
    ours.sign_for(&["elsewhere.example"], directory, "server");
    server.reload();
    assert!(!ask(&known, &port).await, "another host's");
}

#[tokio::test]
async fn https_is_never_spoken_in_plain_text_and_another_scheme_not_at_all() {
    let port = Port::open(Protocol::Http).await;
    for scheme in ["https", "HTTPS", "ftp", "unix"] {
        let uri: Uri = format!("{scheme}://{}/", port.address).parse().unwrap();
        let connected = timeout(SOON, Dial::new(ClientTls::default()).connect(&uri)).await.unwrap();
        assert!(connected.is_err(), "{scheme}");
    }

    let uri: Uri = format!("http://{}/", port.address).parse().unwrap();
    assert!(Dial::new(ClientTls::default()).connect(&uri).await.is_ok());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_closed_in_time() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let (port, _) = mutual(folder.path(), &authority, impatient()).await;
    for beginning in [&b""[..], &[0x16, 0x03, 0x01, 0x02]] {
        let began = Instant::now();
        let mut peer = Peer::connect(port.address).await;
        peer.send(beginning).await;

        peer.rest().await;

        assert!(began.elapsed() > PATIENCE.head && began.elapsed() < SOON, "{beginning:?}");
    }
}

#[tokio::test]
async fn handshakes_count_among_the_connections_of_their_address() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let directory = folder.path();
    let limits = Limits { per_address: 3, shared: Vec::<IpNet>::new(), ..Limits::default() };
    let (port, _) = mutual(directory, &authority, limits).await;
    let known = client(directory, &authority, Some(authority.sign(directory, "own")));
    let mut silent = Vec::new();
    for _ in 0..3 {
        let mut peer = Peer::connect(port.address).await;
        peer.send(&[0x16, 0x03, 0x01]).await;
        silent.push(peer);
    }

    assert!(!ask(&known, &port).await, "the fourth is refused");
    drop(silent);
    let freed = async { while !ask(&known, &port).await {} };
    timeout(SOON, freed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_certificates_are_replaced_under_load() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let directory = folder.path();
    let (port, server) = mutual(directory, &authority, Limits::default()).await;
    let tls = client(directory, &authority, Some(authority.sign(directory, "client")));
    let replaced = async {
        for _ in 0..10 {
            authority.sign(directory, "server");
            authority.sign(directory, "client");
            server.reload();
            tls.reload();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::pin!(replaced);

    for asked in 0.. {
        let (answered, is_over) = tokio::select! {
            biased;
            () = &mut replaced => (ask(&tls, &port).await, true),
            answered = ask(&tls, &port) => (answered, false),
        };
        assert!(answered, "request {asked}");
        if is_over {
            return;
        }
    }
}

#[tokio::test]
async fn a_changed_authority_is_reloaded_and_files_that_do_not_fit_together_are_not() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    let directory = folder.path();
    let (port, server) = mutual(directory, &old, Limits::default()).await;
    let known = client(directory, &old, Some(old.sign(directory, "client")));
    let next = new.sign(directory, "next");

    // Somebody is just replacing them.
    fs::copy(&next.certificate, directory.join("server.pem")).unwrap();
    server.reload();
    assert!(ask(&known, &port).await, "the certificate has another key");
    fs::remove_file(directory.join("server.key")).unwrap();
    server.reload();
    assert!(ask(&known, &port).await, "the key is missing");
    fs::copy(&next.key, directory.join("server.key")).unwrap();
    fs::write(directory.join("authority.pem"), "nothing").unwrap();
    server.reload();
    assert!(ask(&known, &port).await, "there is no authority");

    new.write(directory, "authority");
    server.reload();
    assert!(!ask(&known, &port).await, "the old authority is no longer trusted");
    assert!(ask(&client(directory, &new, Some(new.sign(directory, "client"))), &port).await);
}

#[test]
fn files_that_are_no_pair_or_no_secret_are_refused_by_name() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let directory = folder.path();
    let (pair, other) = (authority.sign(directory, "one"), authority.sign(directory, "two"));
    let refused = |key: &Path| {
        let pair = Pair { key: key.to_owned(), ..pair.clone() };
        ServerTls::load(ServerFiles { pair, clients: None }, Protocol::Http).err()
    };

    assert!(refused(&pair.key).is_none());
    assert!(matches!(refused(&other.key), Some(TlsError::NoPair(..))));
    assert!(matches!(refused(&directory.join("missing.key")), Some(TlsError::Unreadable(..))));
    fs::set_permissions(&pair.key, Permissions::from_mode(0o604)).unwrap();
    assert!(refused(&pair.key).unwrap().to_string().contains("one.key; run: chmod 600"));
    fs::write(&other.key, authority.write(directory, "public").to_str().unwrap()).unwrap();
    assert!(refused(&other.key).unwrap().to_string().contains("two.key"));
}

#[tokio::test]
async fn a_port_without_client_certificates_answers_https_to_anybody_and_http_to_nobody() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    let directory = folder.path();
    let files = ServerFiles { pair: authority.sign(directory, "public"), clients: None };
    let tls = ServerTls::load(files, Protocol::Http).unwrap();
    let port = Port::open_encrypted(Protocol::Http, Limits::default(), tls).await;

    assert!(ask(&client(directory, &authority, None), &port).await);
    let mut plain = Peer::connect(port.address).await;
    plain.send(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(!plain.rest().await.starts_with(b"HTTP/1.1"));
}
