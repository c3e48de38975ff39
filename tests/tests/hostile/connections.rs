//! Attackers that only connect.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::attack::{PAUSE, flood};
use crate::siege::Siege;

/// The limit on descriptors of each role. An attacker opens more.
const DESCRIPTORS: u32 = 512;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_and_stream_resets_take_nothing_from_others() {
    let siege = Siege::begin_with(Some(DESCRIPTORS)).await;
    let processes = siege.processes();
    let gateway = processes.gateway().replace("http://", "");
    let identity = processes.listens("identity").to_string();
    let metrics = processes.metrics_url("gateway").replace("http://", "").replace("/metrics", "");

    for (port, address) in [("HTTP", &gateway), ("gRPC", &identity), ("metrics", &metrics)] {
        let silent = async |_| {
            if let Ok(mut stream) = TcpStream::connect(address).await {
                let _ = stream.read(&mut [0]).await;
            }
            sleep(PAUSE).await;
        };
        let attack = format!("silent connections to the {port} port");
        siege.withstands(&attack, flood(usize::try_from(DESCRIPTORS).unwrap() + 100, silent)).await;
    }
    for (port, address) in [("HTTP", &gateway), ("gRPC", &identity)] {
        let reset = async |_| {
            if let Ok(stream) = TcpStream::connect(address).await {
                let _ = resets(stream).await;
            }
            sleep(PAUSE).await;
        };
        siege.withstands(&format!("rapid resets on the {port} port"), flood(8, reset)).await;
    }
}

/// Begins streams and resets each at once, until the server closes the connection (RFC 9113, sections 3.4, 6.2, 6.4).
async fn resets(mut stream: TcpStream) -> std::io::Result<()> {
    // The preface and an empty SETTINGS frame.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    // GET, http, / by their index in the static table (RFC 7541, appendix A), and :authority as a literal.
    let head = *b"\x82\x86\x84\x01\x01a";
    for number in (1_u32..).step_by(2) {
        let id = number.to_be_bytes();
        let length = u8::try_from(head.len()).unwrap();
        // HEADERS with END_STREAM and END_HEADERS, then RST_STREAM with CANCEL.
        let frames =
            [&[0, 0, length, 1, 5], id.as_slice(), head.as_slice(), &[0, 0, 4, 3, 0], &id, &[0, 0, 0, 8]]
                .concat();
        stream.write_all(&frames).await?;
    }
    Ok(())
}
