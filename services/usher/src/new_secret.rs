//! The destination of a secret that is shown only once. Redirected output ends up in logs, scroll-back of build
//! servers and shell history, so a secret is redirected only if the user says so.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

/// The options for the destination.
#[derive(Clone, Debug, Args)]
pub struct SecretArgs {
    /// Write the secret to this new file, readable only by you, instead of showing it.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Show the secret even if standard output is not a terminal.
    #[arg(long, conflicts_with = "to")]
    pub show: bool,
}

/// The destination of one secret.
#[derive(Debug)]
pub enum Place {
    /// Standard output.
    Shown,
    /// A file that was created for it.
    File(File, PathBuf),
}

impl SecretArgs {
    /// Opens the destination before there is a secret that could get lost.
    ///
    /// # Errors
    /// Standard output is redirected without --show, or the file can't be created.
    pub fn open(&self) -> anyhow::Result<Place> {
        if let Some(path) = &self.to {
            let file = File::options().write(true).create_new(true).mode(0o600).open(path);
            let file = file.with_context(|| {
                format!("{} can't be created; --to takes a file that does not exist yet", path.display())
            })?;
            return Ok(Place::File(file, path.clone()));
        }
        if self.show || std::io::stdout().is_terminal() {
            return Ok(Place::Shown);
        }
        bail!(
            "standard output is not a terminal, and redirected output may be stored: add --to FILE, or \
             --show"
        );
    }
}

impl Place {
    /// Writes the secret to the file, or returns it if it is to be shown. Deletes a file that can't be written.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn put(self, secret: String) -> anyhow::Result<Option<String>> {
        match self {
            Self::Shown => Ok(Some(secret)),
            Self::File(mut file, path) => {
                let written = file.write_all(format!("{secret}\n").as_bytes()).and_then(|()| file.sync_all());
                if written.is_err() {
                    let _ = std::fs::remove_file(&path);
                }
                written.with_context(|| format!("{} can't be written", path.display()))?;
                Ok(None)
            }
        }
    }

    /// Deletes the file if no secret was created.
    pub fn discard(self) {
        if let Self::File(_, path) = self {
            // The error that led here is more important.
            let _ = std::fs::remove_file(path);
        }
    }

    /// The path, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Shown => None,
            Self::File(_, path) => Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_for_a_secret_is_new_and_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let args = SecretArgs { to: Some(path.clone()), show: false };

        let place = args.open().unwrap();
        assert_eq!(place.put("ush_x".to_owned()).unwrap(), None);

        assert_eq!(std::fs::read_to_string(&path).unwrap(), "ush_x\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(args.open().unwrap_err().to_string().contains("does not exist yet"));
    }

    #[test]
    fn a_file_that_can_t_be_written_does_not_prevent_the_next_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        File::create(&path).unwrap();
        // Opened read-only, so that writing fails.
        let place = Place::File(File::open(&path).unwrap(), path.clone());

        place.put("ush_x".to_owned()).unwrap_err();

        assert!(SecretArgs { to: Some(path), show: false }.open().is_ok());
    }
}
