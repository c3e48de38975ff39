//! Programs from the Python package index that know SCIM, in an environment in the build directory.
#![expect(clippy::unwrap_used, reason = "a test can't continue without these programs")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// All packages with their versions.
const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// The environment's directory of programs. It is created when it is first needed, and again when the versions
/// change.
pub fn programs() -> PathBuf {
    let target = target();
    let folder = target.join("scim2");
    let lock = File::create(target.join("scim2.lock")).unwrap();
    lock.lock().unwrap();
    let stamp = folder.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return folder.join("bin");
    }
    let _ = fs::remove_dir_all(&folder);
    done(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let wanted = target.join("scim2.requirements.txt");
    fs::write(&wanted, REQUIREMENTS).unwrap();
    done(
        Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&wanted),
    );
    fs::rename(&wanted, &stamp).unwrap();
    folder.join("bin")
}

/// A script of this crate, by name.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

/// The build directory, which contains this program.
fn target() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let profile = this.ancestors().find(|folder| folder.join("deps").is_dir()).unwrap();
    profile.parent().unwrap().to_owned()
}

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; the tests need Python 3 with venv (apt-get install python3-venv)")
    });
    let Output { status, stderr, .. } = &output;
    assert!(status.success(), "{command:?}: {status}: {}", String::from_utf8_lossy(stderr));
}
