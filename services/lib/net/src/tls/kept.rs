//! A value that is built from files, and rebuilt when they change.

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::files::{Source, TlsError};

type Build<C> = Box<dyn Fn(&[Vec<u8>]) -> Result<C, TlsError> + Send + Sync>;

/// A value that was built from the contents of some files.
pub(super) struct Kept<C> {
    current: ArcSwap<C>,
    files: Vec<Source>,
    build: Build<C>,
    /// The contents at the last check; `None` if a file could not be read.
    seen: Mutex<Option<Vec<Vec<u8>>>>,
}

impl<C> Kept<C> {
    /// Builds the value. `build` gets the contents in the order of the files.
    pub(super) fn load(files: Vec<Source>, build: Build<C>) -> Result<Self, TlsError> {
        let contents = read(&files)?;
        let current = ArcSwap::from_pointee(build(&contents)?);
        Ok(Self { current, files, build, seen: Mutex::new(Some(contents)) })
    }

    pub(super) fn current(&self) -> Arc<C> {
        self.current.load_full()
    }

    /// Rebuilds the value if the files have changed. Compares contents, because a replacement may swap a link to
    /// their directory. All files are used together; if they do not fit together, for example because they are just
    /// being replaced, the previous value is kept, and an error is logged once.
    pub(super) fn reload(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let built = match read(&self.files) {
            Ok(contents) if seen.as_ref() == Some(&contents) => return,
            Ok(contents) => {
                let built = (self.build)(&contents);
                *seen = Some(contents);
                built
            }
            Err(_) if seen.is_none() => return,
            Err(error) => {
                *seen = None;
                Err(error)
            }
        };
        let files: Vec<&PathBuf> = self.files.iter().map(|file| &file.path).collect();
        match built {
            Ok(built) => {
                self.current.store(Arc::new(built));
                tracing::info!(?files, "certificates were reloaded");
            }
            Err(error) => tracing::error!(
                error = &error as &dyn Error,
                ?files,
                "certificates have changed and can't be used; the previous ones stay in use"
            ),
        }
    }
}

fn read(files: &[Source]) -> Result<Vec<Vec<u8>>, TlsError> {
    files.iter().map(Source::read).collect()
}
