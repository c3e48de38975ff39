//! What every error of a service tells the outside.

use crate::reason::Reason;

/// An error that can be sent to a caller. The reason decides codes; the message is for the person
/// who meets it; the source chain stays in the log.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// Why, from the closed list.
    fn reason(&self) -> Reason;

    /// What the caller is told: by default the error's own text, and a constant where that could
    /// show internals.
    fn message(&self) -> String {
        match self.reason() {
            Reason::Internal => {
                "something went wrong inside Usher; the request id finds it in the log".into()
            }
            Reason::Unavailable => "a part of Usher does not answer; try again".into(),
            _ => self.to_string(),
        }
    }

    /// Facts for programs: names and values that the reason's documentation lists.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An error's text with those of all its causes, for the log.
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
