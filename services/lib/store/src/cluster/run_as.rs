//! The user that the server runs as where Usher runs as root, as whom PostgreSQL refuses to run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::{Uid, User};
use tokio::process::Command;

use super::ClusterError;

/// The users that are tried, in this order.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// The right to enter every directory, as capabilities(7) calls it.
const ENTER_DIRECTORIES: &str = "+dac_read_search";

/// A user without privileges.
#[derive(Clone, Debug)]
pub(super) struct RunAs {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether the data directory is below one that the user can't enter by itself, such as root's home.
    needs_right: bool,
}

impl RunAs {
    /// Returns `None` where Usher runs as an ordinary user, who is the server's user too.
    pub(super) fn find() -> Result<Option<Self>, ClusterError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        NAMES
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| {
                let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
                Some(Self { name: user.name, uid, gid, needs_right: false })
            })
            .ok_or(ClusterError::NoUser)
    }

    /// Makes sure that the server's commands can enter `directory`.
    ///
    /// # Errors
    /// The user can't, and the right to do so can't be given.
    pub(super) async fn enter(self, directory: &Path) -> Result<Self, ClusterError> {
        let Some(closed) = closed_parent(directory)? else { return Ok(self) };
        let user = Self { needs_right: true, ..self };
        // Not `test -x`: access(2) does not count rights beyond the user's own.
        let entered = user
            .command(Path::new("ls"))
            .arg("-d")
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
        match entered {
            Ok(status) if status.success() => Ok(user),
            _ => Err(ClusterError::NotTraversable { user: user.name, path: closed }),
        }
    }

    /// Returns a command that runs `program` as this user.
    pub(super) fn command(&self, program: &Path) -> Command {
        if self.needs_right {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={}", self.uid))
                .arg(format!("--regid={}", self.gid))
                .arg("--clear-groups")
                .arg(format!("--inh-caps={ENTER_DIRECTORIES}"))
                .arg(format!("--ambient-caps={ENTER_DIRECTORIES}"))
                .arg("--")
                .arg(program);
            command
        } else {
            let mut command = Command::new(program);
            command.uid(self.uid).gid(self.gid);
            command
        }
    }
}

/// The directory nearest to `directory`, above it, that others can't enter.
fn closed_parent(directory: &Path) -> Result<Option<PathBuf>, ClusterError> {
    for parent in directory.ancestors().skip(1) {
        let mode = fs::metadata(parent)
            .map_err(|source| ClusterError::Directory { path: parent.to_owned(), source })?
            .permissions()
            .mode();
        if mode & 0o001 == 0 {
            return Ok(Some(parent.to_owned()));
        }
    }
    Ok(None)
}
