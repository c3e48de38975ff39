//! The server's process: start, readiness, stop, and what a killed owner left behind.

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

use super::software::Software;
use super::{ClusterError, Durability, RunAs, url};

const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

impl Server {
    pub(super) async fn start(
        software: &Software,
        directory: &Path,
        socket_dir: &Path,
        durability: Durability,
        run_as: Option<&RunAs>,
    ) -> Result<Self, ClusterError> {
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
            .arg(socket_dir)
            .args(settings(durability))
            // Ctrl-C on the terminal is for us; the server is stopped when its clients are done.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| ClusterError::Start(error.to_string()))?;
        let mut server = Self { child };
        server.ready(&url(directory, "postgres", "postgres"), &log).await?;
        Ok(server)
    }

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
            tracing::warn!("postgres takes too long to stop; stopping it at once");
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

/// Settings of a server for one program on one machine, with next to no memory of its own.
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

/// Stops the server that a killed owner left running on this data.
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

/// The process of `postmaster.pid`, if it lives and really is the server of this data.
fn leftover(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid: i32 = lines.next()?.trim().parse().ok()?;
    let of = PathBuf::from(lines.next()?.trim());
    let command = fs::read_to_string(format!("/proc/{pid}/cmdline"));
    // Where there is no /proc, a live process of that id and that data folder has to do.
    let is_server = command.map_or(true, |command| command.contains("postgres"));
    let pid = Pid::from_raw(pid);
    (of == data && is_server && kill(pid, None).is_ok()).then_some(pid)
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
