//! Times in which nothing gets through to billing or back.

use std::time::Duration;

use super::RelayError;

/// The pause after a first failure.
const FIRST: Duration = Duration::from_millis(250);

/// Whether something waits, and how long it pauses between tries. The log has where it begins and where it
/// ends, because billing may be away for long.
#[derive(Debug)]
pub(super) struct Interruption {
    /// What waits.
    what: &'static str,
    longest: Duration,
    /// None while nothing does.
    pause: Option<Duration>,
}

impl Interruption {
    /// Nothing waits as yet; what will does not pause for longer than `longest`.
    pub(super) const fn none(what: &'static str, longest: Duration) -> Self {
        Self { what, longest, pause: None }
    }

    /// A try failed: how long to pause before the next one.
    pub(super) fn failed(&mut self, error: &RelayError) -> Duration {
        if self.pause.is_none() {
            tracing::warn!(error = error as &dyn std::error::Error, "{} wait", self.what);
        }
        let pause = self.pause.map_or(FIRST, |pause| (pause * 2).min(self.longest));
        self.pause = Some(pause);
        pause
    }

    /// A try succeeded.
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
    fn pauses_grow_up_to_the_longest_and_begin_anew_after_a_success() {
        let error = RelayError::Call(Failure::new(Reason::Unavailable, "away"));
        let mut interruption = Interruption::none("limits", Duration::from_secs(2));
        let mut millis = || interruption.failed(&error).as_millis();

        assert_eq!([millis(), millis(), millis(), millis(), millis()], [250, 500, 1_000, 2_000, 2_000]);

        interruption.over();
        assert_eq!(interruption.failed(&error), FIRST);
    }
}
