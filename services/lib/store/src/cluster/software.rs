//! The installed PostgreSQL software.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::ClusterError;
use super::run_as::RunAs;

/// The minimum major version.
const OLDEST: u32 = 15;

/// Where distributions install servers that are not on the PATH.
const FOLDERS: [&str; 4] = ["/usr/lib/postgresql", "/usr", "/usr/local", "/opt/homebrew/opt"];

/// The newest installed version.
#[derive(Debug)]
pub(super) struct Software {
    bin: PathBuf,
    version: u32,
}

/// Finds the newest version on the PATH and in the usual directories.
pub(super) fn find() -> Result<Software, ClusterError> {
    let path = search_path();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for folder in FOLDERS {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            folders.push(entry.path().join("bin"));
        }
    }
    let newest = folders
        .into_iter()
        .filter(|bin| bin.join("postgres").is_file() && bin.join("initdb").is_file())
        .filter_map(|bin| version(&bin).map(|version| Software { bin, version }))
        .max_by_key(|software| software.version)
        .ok_or(ClusterError::NotInstalled)?;
    if newest.version < OLDEST { Err(ClusterError::TooOld(newest.version)) } else { Ok(newest) }
}

#[expect(clippy::disallowed_methods, reason = "the search path is the system's, not configuration of ours")]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn version(bin: &Path) -> Option<u32> {
    let output = std::process::Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_whitespace().nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl Software {
    /// A command of this version, which runs as the unprivileged user if there is one.
    pub(super) fn command(&self, name: &str, run_as: Option<&RunAs>) -> Command {
        let program = self.bin.join(name);
        let mut command = run_as.map_or_else(|| Command::new(&program), |user| user.command(&program));
        // The current folder may be one that the unprivileged user can't enter.
        command.current_dir("/").env_remove("PGDATA").env("LC_ALL", "C.UTF-8");
        command
    }

    /// Refuses data of another major version.
    pub(super) fn check_data(&self, data: &Path) -> Result<(), ClusterError> {
        let found = fs::read_to_string(data.join("PG_VERSION"))
            .map_err(|source| ClusterError::Directory { path: data.to_owned(), source })?;
        match found.trim().parse() {
            Ok(found) if found != self.version => {
                Err(ClusterError::OtherVersion { data: data.to_owned(), found, installed: self.version })
            }
            _ => Ok(()),
        }
    }

    /// Creates a cluster completely or not at all. Replaces what an interrupted start left behind.
    pub(super) async fn initialise(&self, data: &Path, run_as: Option<&RunAs>) -> Result<(), ClusterError> {
        let fault = |source| ClusterError::Directory { path: data.to_owned(), source };
        let partial = data.with_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(fault)?;
        }
        let output = self
            .command("initdb", run_as)
            .args(["--username=postgres", "--auth=peer", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg("--pgdata")
            .arg(&partial)
            .output()
            .await;
        match output {
            Ok(output) if output.status.success() => fs::rename(&partial, data).map_err(fault),
            Ok(output) => Err(ClusterError::Command {
                command: "initdb".into(),
                output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            }),
            Err(error) => Err(ClusterError::Command { command: "initdb".into(), output: error.to_string() }),
        }
    }
}
