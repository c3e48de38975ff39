//! What every error of a service shows to its callers.

use crate::reason::Reason;

/// An error that can be sent to a caller. The reason decides the status codes; the message is for the person who
/// reads it; the chain of sources stays in the log.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The reason, from the closed list.
    fn reason(&self) -> Reason;

    /// The message for the caller: the error's own text, or a constant if that text could reveal internals.
    fn message(&self) -> String {
        match self.reason() {
            Reason::Internal => "an internal error occurred; search the log for the request id".into(),
            Reason::Unavailable => "a part of Usher is unavailable; try again".into(),
            _ => self.to_string(),
        }
    }

    /// Details for programs: the names and values that the reason's documentation lists.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Joins the texts of an error and all its causes, for the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
