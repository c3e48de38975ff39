//! Interruptions of the connection to billing.

use std::time::Duration;

use super::RelayError;

/// The pause after the first failure.
const FIRST: Duration = Duration::from_millis(250);

/// An interruption, and the pause until the next attempt. Only its beginning and its end are logged, because billing
/// may be unavailable for long.
#[derive(Debug)]
pub(super) struct Interruption {
    /// What is interrupted.
    what: &'static str,
    longest: Duration,
    /// `None` if there is no interruption.
    pause: Option<Duration>,
}

impl Interruption {
    /// Starts without an interruption. Pauses will not exceed `longest`.
    pub(super) const fn none(what: &'static str, longest: Duration) -> Self {
        Self { what, longest, pause: None }
    }

    /// Records a failed attempt. Returns how long to pause before the next one.
    pub(super) fn failed(&mut self, error: &RelayError) -> Duration {
        if self.pause.is_none() {
            tracing::warn!(error = error as &dyn std::error::Error, "{} wait", self.what);
        }
        let pause = self.pause.map_or(FIRST, |pause| (pause * 2).min(self.longest));
        self.pause = Some(pause);
        pause
    }

    /// Records a successful attempt.
    pub(super) fn over(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("{} wait no more", self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_base::Reason;
    use usher_rpc::Failure;

    use super::*;

    #[test]
    fn pauses_grow_up_to_the_maximum_and_are_reset_by_a_success() {
        let error = RelayError::Call(Failure::new(Reason::Unavailable, "away"));
        let mut interruption = Interruption::none("limits", Duration::from_secs(2));
        let mut millis = || interruption.failed(&error).as_millis();

        assert_eq!([millis(), millis(), millis(), millis(), millis()], [250, 500, 1_000, 2_000, 2_000]);

        interruption.over();
        assert_eq!(interruption.failed(&error), FIRST);
    }
}
