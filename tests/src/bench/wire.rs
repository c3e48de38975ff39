//! A PostgreSQL socket in front of the real one, which counts the traffic.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use usher_rpc::Tasks;

const SOCKET: &str = ".s.PGSQL.5432";
/// The code of an `SSLRequest`, which comes before the start-up message.
const SSL_REQUEST: i32 = 80_877_103;

/// The traffic so far.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    statements: AtomicU64,
    round_trips: AtomicU64,
}

impl Traffic {
    /// The number of executed statements.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::SeqCst)
    }

    /// How often a client sent something and then waited.
    pub(super) fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::SeqCst)
    }
}

/// Listens in `directory/run` for the server in `upstream/run` until the tasks are stopped.
pub(super) fn listen(directory: &Path, upstream: &Path, tasks: &Tasks) -> io::Result<Arc<Traffic>> {
    let folder = directory.join("run");
    std::fs::create_dir_all(&folder)?;
    let listener = UnixListener::bind(folder.join(SOCKET))?;
    let upstream = upstream.join("run").join(SOCKET);
    let traffic = Arc::new(Traffic::default());
    let (counted, own) = (Arc::clone(&traffic), tasks.clone());
    drop(tasks.spawn(async move {
        loop {
            let client = tokio::select! {
                () = own.stopping() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((client, _)) = client else { return };
            drop(own.spawn(relay(client, upstream.clone(), Arc::clone(&counted), own.clone())));
        }
    }));
    Ok(traffic)
}

async fn relay(mut client: UnixStream, upstream: PathBuf, traffic: Arc<Traffic>, tasks: Tasks) {
    let Ok(mut server) = UnixStream::connect(upstream).await else { return };
    let (mut sent, mut received) = ([0; 16 << 10], [0; 16 << 10]);
    let mut messages = Messages::default();
    let mut waiting = false;
    loop {
        let forwarded = tokio::select! {
            () = tasks.stopping() => return,
            read = client.read(&mut sent) => match read {
                Ok(count @ 1..) => {
                    if !waiting {
                        traffic.round_trips.fetch_add(1, Ordering::SeqCst);
                        waiting = true;
                    }
                    traffic.statements.fetch_add(messages.take_in(&sent[..count]), Ordering::SeqCst);
                    server.write_all(&sent[..count]).await
                }
                _ => return,
            },
            read = server.read(&mut received) => match read {
                Ok(count @ 1..) => {
                    waiting = false;
                    client.write_all(&received[..count]).await
                }
                _ => return,
            },
        };
        if forwarded.is_err() {
            return;
        }
    }
}

/// The messages of a client (PostgreSQL protocol 3.0), which arrive in pieces.
#[derive(Default)]
struct Messages {
    pending: Vec<u8>,
    started: bool,
}

impl Messages {
    /// The number of messages ending in these bytes that execute a statement.
    fn take_in(&mut self, bytes: &[u8]) -> u64 {
        self.pending.extend_from_slice(bytes);
        let mut statements = 0;
        // The start-up messages have no type.
        while let Some(head) =
            self.pending.get(usize::from(self.started)..).and_then(<[u8]>::first_chunk::<4>)
        {
            let length = usize::try_from(i32::from_be_bytes(*head)).unwrap_or(4).max(4);
            let whole = length + usize::from(self.started);
            if self.pending.len() < whole {
                break;
            }
            let message: Vec<u8> = self.pending.drain(..whole).collect();
            if self.started {
                // Execute, and simple queries.
                statements += u64::from(matches!(message.first(), Some(b'E' | b'Q')));
            } else {
                let code = message.get(4..).and_then(<[u8]>::first_chunk::<4>);
                self.started = code.is_some_and(|code| i32::from_be_bytes(*code) != SSL_REQUEST);
            }
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len() + 4).unwrap();
        [&[kind], length.to_be_bytes().as_slice(), body].concat()
    }

    #[test]
    fn statements_are_counted_however_the_bytes_are_cut() {
        let mut bytes = [8_i32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat();
        bytes.extend([12_i32.to_be_bytes(), 196_608_i32.to_be_bytes(), *b"u\0\0\0"].concat());
        for (kind, body) in [(b'Q', "BEGIN\0"), (b'P', "SELECT 1\0"), (b'B', "x"), (b'E', "y"), (b'S', "")] {
            bytes.extend(message(kind, body.as_bytes()));
        }

        for size in 1..bytes.len() {
            let mut messages = Messages::default();
            let counted: u64 = bytes.chunks(size).map(|chunk| messages.take_in(chunk)).sum();
            assert_eq!(counted, 2, "in pieces of {size}");
        }
    }
}
