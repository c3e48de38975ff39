//! The server's process: start, readiness, stop, and cleaning up after a parent that was killed.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection as _, PgConnection};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::access::Access;
use super::run_as::RunAs;
use super::software::Software;
use super::{ClusterError, Durability, url};

const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Messages about what a killed server leaves for a moment: exiting processes and their lock files.
const LEFT: [&str; 3] = [
    "lock file \"postmaster.pid\" already exists",
    "pre-existing shared memory block",
    ".lock\" already exists",
];
/// How long to wait until they are gone.
const LEFT_FOR: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

/// How to start a server.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) software: &'a Software,
    pub(super) directory: &'a Path,
    pub(super) access: &'a Access,
    /// Additional settings: `name=value`.
    pub(super) settings: &'a [String],
    pub(super) durability: Durability,
    pub(super) run_as: Option<&'a RunAs>,
}

impl Plan<'_> {
    /// Starts the server. Waits for one that was killed together with its parent, or that another parent was just
    /// starting when it was killed.
    pub(super) async fn start(self) -> Result<Server, ClusterError> {
        let deadline = Instant::now() + LEFT_FOR;
        loop {
            let error = match self.once().await {
                Ok(server) => return Ok(server),
                Err(error) => error,
            };
            let left =
                matches!(&error, ClusterError::Start(why) if LEFT.iter().any(|left| why.contains(left)));
            if !left || Instant::now() > deadline {
                return Err(error);
            }
            let data = self.directory.join("data");
            stop_leftover(&data).await;
            forget_strangers(&data);
            sleep(POLL * 5).await;
        }
    }

    async fn once(self) -> Result<Server, ClusterError> {
        let Self { software, directory, access, settings: more, durability, run_as } = self;
        let log = directory.join("postgres.log");
        let output =
            fs::File::create(&log).map_err(|source| ClusterError::Directory { path: log.clone(), source })?;
        let errors =
            output.try_clone().map_err(|source| ClusterError::Directory { path: log.clone(), source })?;
        let child = software
            .command("postgres", run_as)
            .arg("-D")
            .arg(directory.join("data"))
            .arg("-k")
            .arg(directory.join("run"))
            .args(settings(durability))
            .args(
                access
                    .settings()
                    .into_iter()
                    .chain(more.iter().cloned())
                    .flat_map(|setting| ["-c".to_owned(), setting]),
            )
            // Ctrl-C on the terminal is meant for this process; it stops the server after its clients are done.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| ClusterError::Start(error.to_string()))?;
        let mut server = Server { child };
        server.ready(&url(directory, "postgres", "postgres"), &log).await?;
        Ok(server)
    }
}

impl Server {
    async fn ready(&mut self, url: &str, log: &Path) -> Result<(), ClusterError> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ClusterError::Start(format!("it ended with {status}; {}", tail(log))));
            }
            if let Ok(connection) = PgConnection::connect(url).await {
                let _ = connection.close().await;
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(ClusterError::Start(format!("it is not ready after 30 s; {}", tail(log))));
            }
            sleep(POLL).await;
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) async fn stop(&mut self, within: Duration) {
        self.signal(Signal::SIGINT);
        if timeout(within, self.child.wait()).await.is_err() {
            tracing::warn!("PostgreSQL takes too long to stop; killing it");
            self.signal(Signal::SIGQUIT);
            if timeout(Duration::from_secs(2), self.child.wait()).await.is_err() {
                let _ = self.child.kill().await;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::SIGINT);
    }
}

/// The settings of a server for one program on one machine, which uses little memory of its own.
fn settings(durability: Durability) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=",
        "max_connections=200",
        "shared_buffers=64MB",
        "max_wal_size=512MB",
        "checkpoint_timeout=15min",
        "jit=off",
        "unix_socket_permissions=0700",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_checkpoints=off",
        "logging_collector=off",
    ];
    if durability == Durability::Relaxed {
        settings.extend([
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=500",
        ]);
    }
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting.to_owned()]).collect()
}

/// Stops the server that a killed parent left running on this data.
pub(super) async fn stop_leftover(data: &Path) {
    let Some(pid) = leftover(data) else { return };
    tracing::warn!(pid = pid.as_raw(), "an earlier process left PostgreSQL running; stopping it");
    let _ = kill(pid, Signal::SIGINT);
    let deadline = Instant::now() + Duration::from_secs(5);
    while kill(pid, None).is_ok() {
        if Instant::now() > deadline {
            let _ = kill(pid, Signal::SIGQUIT);
        }
        if Instant::now() > deadline + Duration::from_secs(2) {
            return;
        }
        sleep(POLL).await;
    }
}

/// The process in `postmaster.pid`, if it is alive and is the server of this data.
fn leftover(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid: i32 = lines.next()?.trim().parse().ok()?;
    let of = PathBuf::from(lines.next()?.trim());
    // Without /proc, a live process with this id and data directory must suffice.
    let is_server = program(pid).is_none_or(|name| name == "postgres");
    let pid = Pid::from_raw(pid);
    (of == data && is_server && kill(pid, None).is_ok()).then_some(pid)
}

/// Deletes a lock file whose process id now belongs to another program. PostgreSQL would take any live process for a
/// server.
fn forget_strangers(data: &Path) {
    let file = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&file) else { return };
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()) else { return };
    // Without /proc nothing is known about the process, so the file stays.
    if program(pid).is_some_and(|name| name != "postgres") {
        tracing::warn!(pid, "the lock file of PostgreSQL names another program's process; deleting it");
        let _ = fs::remove_file(file);
    }
}

/// The name of the program that a process runs.
fn program(pid: i32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned())
}

fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = fs::File::open(log)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(600)))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_or_else(|error| error.to_string(), |text| text.trim().replace('\n', " | "))
}
