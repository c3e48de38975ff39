//! The data directory, which contains everything of `usher dev`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// What dev mode keeps.
const ENTRIES: [&str; 8] =
    ["postgres", "tenant.key", "proof.key", "secrets.json", "demo.json", "lock", CLOCK, CLOCK_SOCKET];
const CLOCK: &str = "clock.json";
/// The socket at which the clock is moved.
pub(super) const CLOCK_SOCKET: &str = "clock.sock";

/// How long to wait for the lock of another process.
const PATIENCE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// The directory, which is locked against other processes until this is dropped.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory if there is none, and locks it. Waits for the lock, because a process that was just
    /// killed may still hold it.
    pub(super) async fn open(path: &Path) -> anyhow::Result<Self> {
        let refused = || format!("{} can't be written to; choose another --data-dir", path.display());
        let fresh = !path.exists();
        fs::create_dir_all(path).with_context(refused)?;
        let path = path.canonicalize().with_context(refused)?;
        if fresh {
            // PostgreSQL, which refuses to run as root, must be able to enter its own subdirectory.
            let mode = if nix::unistd::Uid::effective().is_root() { 0o711 } else { 0o700 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).with_context(refused)?;
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .with_context(refused)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { path, _lock: lock }),
                Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => sleep(POLL).await,
                Err(fs::TryLockError::WouldBlock) => {
                    bail!("another usher dev uses {}; stop it, or choose another --data-dir", path.display())
                }
                Err(fs::TryLockError::Error(error)) => return Err(error).with_context(refused),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything was ever kept here.
    pub(super) fn has_data(&self) -> bool {
        self.cluster().exists()
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.path.join("postgres")
    }

    pub(super) fn demo(&self) -> PathBuf {
        self.path.join("demo.json")
    }

    /// The keys of the tenant service. Without them a copy of the database gives no access.
    pub(super) fn key_file(&self) -> PathBuf {
        self.path.join("tenant.key")
    }

    /// The key that signs the heads of ledgers.
    pub(super) fn proof_key(&self) -> PathBuf {
        self.path.join("proof.key")
    }

    /// Tokens and passwords in demo.json that can't be read back from the database.
    pub(super) fn secrets(&self) -> PathBuf {
        self.path.join("secrets.json")
    }

    pub(super) fn clock_socket(&self) -> PathBuf {
        self.path.join(CLOCK_SOCKET)
    }

    /// How far the clock is ahead of the machine's; none where it was never moved.
    pub(super) fn clock_offset(&self) -> anyhow::Result<Option<SignedDuration>> {
        let path = self.path.join(CLOCK);
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} can't be read", path.display())),
        };
        let kept = kept.with_context(|| format!("{} is damaged; --reset begins anew", path.display()))?;
        Ok(Some(SignedDuration::from_micros(kept.offset_micros)))
    }

    pub(super) fn write_clock_offset(&self, offset: SignedDuration) -> anyhow::Result<()> {
        let offset_micros = i64::try_from(offset.as_micros())?;
        write_private(&self.path.join(CLOCK), &serde_json::to_value(Kept { offset_micros })?)
    }

    /// Deletes everything that dev mode keeps here. A directory with anything else in it is left alone.
    pub(super) fn clear(&self) -> anyhow::Result<()> {
        let mut ours = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if !ENTRIES.iter().any(|known| name == *known) {
                bail!(
                    "{} has {} in it, which is not of usher dev; --reset deletes nothing here",
                    self.path.display(),
                    entry.path().display()
                );
            }
            if name != "lock" {
                ours.push(entry.path());
            }
        }
        for path in ours {
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .with_context(|| format!("{} can't be deleted", path.display()))?;
        }
        Ok(())
    }

    /// Takes demo.json away: it is there only while everything is ready. So is the socket of the clock.
    pub(super) fn remove_demo(&self) -> anyhow::Result<()> {
        self.remove_clock_socket()?;
        remove(&self.demo())
    }

    pub(super) fn remove_clock_socket(&self) -> anyhow::Result<()> {
        remove(&self.clock_socket())
    }

    /// Writes demo.json atomically, readable only by its owner.
    pub(super) fn write_demo(&self, document: &Value) -> anyhow::Result<()> {
        write_private(&self.demo(), document)
    }
}

/// What the file of the clock says.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    offset_micros: i64,
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be deleted", path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes a JSON file, whole or not at all, with mode 0600.
pub(super) fn write_private(path: &Path, document: &Value) -> anyhow::Result<()> {
    let partial = path.with_extension("json.partial");
    let write = || -> io::Result<()> {
        // A leftover of a crash might have another mode.
        let _ = fs::remove_file(&partial);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(serde_json::to_string_pretty(document)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("{} can't be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_with_something_else_in_it_is_never_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(folder.path()).await.unwrap();
        fs::write(folder.path().join("secrets.json"), "{}").unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();

        assert!(directory.clear().unwrap_err().to_string().contains("thesis.txt"));
        assert!(folder.path().join("secrets.json").exists());

        fs::remove_file(folder.path().join("thesis.txt")).unwrap();
        directory.clear().unwrap();
        assert!(!folder.path().join("secrets.json").exists());
    }

    #[tokio::test]
    async fn two_processes_never_share_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let _first = DataDirectory::open(folder.path()).await.unwrap();

        let refused = DataDirectory::open(folder.path()).await.unwrap_err().to_string();

        assert!(refused.contains("another usher dev"), "{refused}");
    }

    #[tokio::test]
    async fn a_clock_that_can_not_be_read_is_an_error_and_not_the_machines() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(folder.path()).await.unwrap();
        assert_eq!(directory.clock_offset().unwrap(), None);

        directory.write_clock_offset(SignedDuration::from_hours(-7)).unwrap();
        assert_eq!(directory.clock_offset().unwrap(), Some(SignedDuration::from_hours(-7)));

        fs::write(folder.path().join(CLOCK), "{}").unwrap();
        let refused = directory.clock_offset().unwrap_err().to_string();
        assert!(refused.contains("clock.json is damaged; --reset"), "{refused}");
    }

    #[tokio::test]
    async fn demo_json_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(folder.path()).await.unwrap();

        directory.write_demo(&serde_json::json!({"a": 1})).unwrap();

        let mode = fs::metadata(directory.demo()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
