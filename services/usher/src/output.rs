//! Results on standard output.

use std::io::{self, Write as _};

/// Prints a result. It is not an error if the reader closes the pipe (`| head`).
///
/// # Errors
/// Standard output can't be written to.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
