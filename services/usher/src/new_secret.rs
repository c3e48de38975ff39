//! Where a secret goes that is shown once. What is redirected ends in logs, scroll-back of build
//! servers and shell history, so a secret goes there only if somebody says so.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

/// What is said of it on the command line.
#[derive(Clone, Debug, Args)]
pub struct SecretArgs {
    /// Write the secret to this new file, which only you can read, in place of showing it.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Show the secret although standard output is not a terminal.
    #[arg(long, conflicts_with = "to")]
    pub show: bool,
}

/// A place for one secret.
#[derive(Debug)]
pub enum Place {
    /// Standard output.
    Shown,
    /// A file that was made for it.
    File(File, PathBuf),
}

impl SecretArgs {
    /// Finds the place, before there is a secret that would be lost.
    ///
    /// # Errors
    /// Standard output is redirected and nothing is said of it, or the file can't be made.
    pub fn open(&self) -> anyhow::Result<Place> {
        if let Some(path) = &self.to {
            let file = File::options().write(true).create_new(true).mode(0o600).open(path);
            let file = file.with_context(|| {
                format!("{} can't be made; --to takes a file that is not there yet", path.display())
            })?;
            return Ok(Place::File(file, path.clone()));
        }
        if self.show || std::io::stdout().is_terminal() {
            return Ok(Place::Shown);
        }
        bail!("standard output is not a terminal, and what is redirected is kept: add --to FILE, or --show");
    }
}

impl Place {
    /// Puts the secret there; gives it back where it is to be shown. A file that can't be written is taken away.
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

    /// Takes the file away again, where nothing came that could be put there.
    pub fn discard(self) {
        if let Self::File(_, path) = self {
            // The error that led here is what the person must know.
            let _ = std::fs::remove_file(path);
        }
    }

    /// The file, where it is one.
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
        assert!(args.open().unwrap_err().to_string().contains("not there yet"));
    }

    #[test]
    fn a_file_that_can_t_be_written_is_no_obstacle_to_the_next_try() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        File::create(&path).unwrap();
        // Open for reading only, it takes nothing.
        let place = Place::File(File::open(&path).unwrap(), path.clone());

        place.put("ush_x".to_owned()).unwrap_err();

        assert!(SecretArgs { to: Some(path), show: false }.open().is_ok());
    }
}
