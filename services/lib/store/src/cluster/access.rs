//! Who may connect to a private server: only the user that runs Usher, as the kernel reports the other end of the
//! socket. This is a second protection, beside the permissions of the socket's directory.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User, chown};

use super::ClusterError;
use super::run_as::RunAs;
use crate::ROLES;

/// PostgreSQL's superuser, which creates databases and roles.
const SUPERUSER: &str = "postgres";
/// The rule for the socket. Unless a test opens a port, there is no other access.
const RULES: &str = "local all all peer map=usher\n";

/// The files that define who may connect.
#[derive(Clone, Debug)]
pub(super) struct Access {
    rules: PathBuf,
    users: PathBuf,
}

impl Access {
    /// Writes the files again, with `more` rules, because another user than the last time may run Usher on this
    /// directory.
    pub(super) fn write(directory: &Path, run_as: Option<&RunAs>, more: &str) -> Result<Self, ClusterError> {
        let own = User::from_uid(Uid::effective()).ok().flatten().ok_or(ClusterError::Nameless)?.name;
        let names: BTreeSet<&str> =
            [Some(own.as_str()), run_as.map(|user| user.name.as_str())].into_iter().flatten().collect();
        let access = Self { rules: directory.join("pg_hba.conf"), users: directory.join("pg_ident.conf") };
        for (path, text) in [(&access.rules, format!("{RULES}{more}")), (&access.users, users(&names))] {
            write(path, &text, run_as)
                .map_err(|source| ClusterError::Directory { path: path.clone(), source })?;
        }
        Ok(access)
    }

    /// The settings that make the server use the files.
    pub(super) fn settings(&self) -> [String; 2] {
        [format!("hba_file={}", self.rules.display()), format!("ident_file={}", self.users.display())]
    }
}

fn users(names: &BTreeSet<&str>) -> String {
    let mut text = String::new();
    for name in names {
        for role in [SUPERUSER].iter().chain(&ROLES) {
            // Writing to a `String` does not fail.
            let _ = writeln!(text, "usher \"{name}\" {role}");
        }
    }
    text
}

/// Writes a file that only the server's user can read.
fn write(path: &Path, text: &str, run_as: Option<&RunAs>) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    match run_as {
        Some(user) => Ok(chown(path, Some(user.uid.into()), Some(user.gid.into()))?),
        None => Ok(()),
    }
}
