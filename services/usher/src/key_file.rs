//! Files with a service's own keys: one key per line, the newest first, readable only by their owner.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use usher_base::secret::ServerKey;

use crate::output;

/// `usher key-file`
#[derive(Clone, Debug, Args)]
pub struct KeyFileArgs {
    /// The file, such as /etc/usher/tenant.key. It is created if it does not exist.
    pub path: PathBuf,
    /// Append the new key: it is accepted, but not used yet.
    #[arg(long)]
    pub last: bool,
    /// Move the last key to the front instead of creating one.
    #[arg(long, conflicts_with = "last")]
    pub promote: bool,
}

/// Adds a new key at the front of the file, or at its end. The older keys stay, so that data made with them is
/// accepted until an operator removes them.
///
/// # Errors
/// The file can't be read or written, other users can read it, or there is no key to move.
pub fn run(args: &KeyFileArgs) -> anyhow::Result<()> {
    let shown = args.path.display();
    let before = if args.promote || args.path.exists() { read(&args.path)? } else { String::new() };
    let new = ServerKey::generate();
    let mut keys: Vec<&str> = before.lines().filter(|line| !line.trim().is_empty()).collect();
    if args.promote {
        let last = keys.iter().rposition(|line| !line.trim().starts_with('#'));
        let last = keys.remove(last.with_context(|| format!("{shown} has no key"))?);
        keys.insert(0, last);
    } else {
        keys.insert(if args.last { keys.len() } else { 0 }, new.expose());
    }
    write(&args.path, &format!("{}\n", keys.join("\n")))?;
    let done = if args.promote { "begins with its former last key" } else { "has a new key" };
    Ok(output::print(&format!("{shown} {done}; restart every replica of the service that reads it\n"))?)
}

/// Creates a file with one key, unless it exists.
///
/// # Errors
/// The file can't be written.
pub fn ensure(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    write(path, &format!("{}\n", ServerKey::generate().expose()))
}

/// Reads a service's own keys.
///
/// # Errors
/// As for [`read_secret`].
pub fn read(path: &Path) -> anyhow::Result<String> {
    if !path.exists() {
        let shown = path.display();
        bail!("there is no key file {shown}; create one with `usher key-file {shown}`");
    }
    read_secret(path)
}

/// Reads a file with a secret.
///
/// # Errors
/// The file can't be read, or other users can read or change it.
pub fn read_secret(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let metadata = fs::metadata(path).with_context(|| format!("can't read the key file {shown}"))?;
    if metadata.permissions().mode() & 0o027 != 0 {
        bail!("other users can read or change the key file {shown}; run: chmod 600 {shown}");
    }
    fs::read_to_string(path).with_context(|| format!("can't read the key file {shown}"))
}

/// Writes a file atomically, with mode 0600.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_added_extension("partial");
    let write = || -> io::Result<()> {
        // A leftover of a crash might have another mode.
        let _ = fs::remove_file(&partial);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("can't write the key file {}", path.display()))
}

#[cfg(test)]
mod tests {
    use usher_tenant::Keyring;

    use super::*;

    #[test]
    fn a_new_key_comes_first_and_the_older_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.key");

        let args = KeyFileArgs { path: path.clone(), last: false, promote: false };
        run(&args).unwrap();
        let first = read(&path).unwrap();
        ensure(&path).unwrap();
        run(&args).unwrap();
        let both = read(&path).unwrap();

        assert_eq!(both.lines().count(), 2);
        assert!(both.ends_with(&first) && both != first);
        assert!(Keyring::parse(&both).is_ok());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_can_be_added_last_so_that_all_replicas_know_it_before_one_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.key");
        let args = KeyFileArgs { path: path.clone(), last: false, promote: false };
        run(&args).unwrap();
        let first = read(&path).unwrap();

        run(&KeyFileArgs { last: true, ..args.clone() }).unwrap();
        let distributed = read(&path).unwrap();
        run(&KeyFileArgs { promote: true, ..args }).unwrap();
        let promoted = read(&path).unwrap();

        let new = distributed.strip_prefix(&first).unwrap();
        assert_eq!(new.lines().count(), 1);
        assert_eq!(promoted, format!("{new}{first}"));
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.key");
        ensure(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

        let refused = read(&path).unwrap_err().to_string();

        assert!(refused.contains("chmod 600"), "{refused}");
    }
}
