//! The results of a run: requests with their times, failed checks, and expected refusals.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The maximum number of failed checks that are stored with their text. All are counted.
const KEPT: usize = 40;

/// Collects results while the job runs. It is shared by everything that sends requests.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    requests: BTreeMap<&'static str, Requests>,
    retries: BTreeMap<String, u64>,
    checks: u64,
    failures: Vec<String>,
    failed: u64,
    refusals: BTreeMap<String, u64>,
    events: BTreeMap<&'static str, usize>,
}

#[derive(Debug)]
struct Requests {
    /// Microseconds.
    times: Histogram<u64>,
    statuses: BTreeMap<u16, u64>,
}

impl Default for Report {
    fn default() -> Self {
        Self { started: Instant::now(), inner: Mutex::default() }
    }
}

impl Report {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answered(&self, operation: &'static str, status: u16, took: Duration) {
        let mut inner = self.inner();
        let requests = inner.requests.entry(operation).or_insert_with(Requests::new);
        *requests.statuses.entry(status).or_default() += 1;
        requests.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn retried(&self, why: String) {
        *self.inner().retries.entry(why).or_default() += 1;
    }

    /// Counts a check, and stores the message if it fails. Returns whether it holds.
    pub(super) fn check(&self, holds: bool, message: impl FnOnce() -> String) -> bool {
        let mut inner = self.inner();
        inner.checks += 1;
        if !holds {
            inner.failed += 1;
            if inner.failures.len() < KEPT {
                inner.failures.push(message());
            }
        }
        holds
    }

    pub(super) fn refused(&self, why: &str) {
        *self.inner().refusals.entry(why.to_owned()).or_default() += 1;
    }

    /// Adds the events in the directory.
    pub fn lived(&self, life: &BTreeMap<&'static str, usize>) {
        let mut inner = self.inner();
        for (event, count) in life {
            *inner.events.entry(event).or_default() += count;
        }
    }

    /// The stored messages of failed checks.
    pub fn failures(&self) -> Vec<String> {
        self.inner().failures.clone()
    }

    /// The number of failed checks.
    pub fn failed(&self) -> u64 {
        self.inner().failed
    }

    /// The number of checks.
    pub fn checks(&self) -> u64 {
        self.inner().checks
    }

    /// The number of answered requests.
    pub fn requests(&self) -> u64 {
        self.inner().requests.values().map(|requests| requests.times.len()).sum()
    }

    /// The number of people who were refused, as expected.
    pub fn refusals(&self) -> u64 {
        self.inner().refusals.values().sum()
    }

    /// The number of retries.
    pub fn retries(&self) -> u64 {
        self.inner().retries.values().sum()
    }

    /// Fails the test with all failed checks, if there are any.
    #[track_caller]
    pub fn assert_clean(&self) {
        let failures = self.failures();
        assert!(failures.is_empty(), "{} checks failed:\n  {}", self.failed(), failures.join("\n  "));
    }
}

impl Requests {
    fn new() -> Self {
        let times = Histogram::new_with_bounds(1, 60_000_000, 3)
            .unwrap_or_else(|error| panic!("a minute in microseconds at three digits: {error}"));
        Self { times, statuses: BTreeMap::new() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        let seconds = self.started.elapsed().as_secs_f64();
        writeln!(
            f,
            "{:<12} {:>8} {:>9} {:>9} {:>9}  statuses",
            "request", "count", "p50 ms", "p99 ms", "max ms"
        )?;
        for (operation, requests) in &inner.requests {
            let at = |quantile| millis(requests.times.value_at_quantile(quantile));
            let statuses: Vec<String> =
                requests.statuses.iter().map(|(status, count)| format!("{status}×{count}")).collect();
            writeln!(
                f,
                "{operation:<12} {:>8} {:>9.1} {:>9.1} {:>9.1}  {}",
                requests.times.len(),
                at(0.5),
                at(0.99),
                millis(requests.times.max()),
                statuses.join(" ")
            )?;
        }
        let total: u64 = inner.requests.values().map(|requests| requests.times.len()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = total as f64 / seconds;
        writeln!(f, "\n{total} requests in {seconds:.1} s: {rate:.0} a second")?;
        section(f, "in the directory", &inner.events)?;
        section(f, "refused, rightly", &inner.refusals)?;
        section(f, "sent again", &inner.retries)?;
        writeln!(f, "{} checks, {} failed", inner.checks, inner.failed)?;
        for failure in &inner.failures {
            writeln!(f, "  FAILED {failure}")?;
        }
        Ok(())
    }
}

fn section<K: fmt::Display, V: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    counts: &BTreeMap<K, V>,
) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    writeln!(f, "{title}: {}", counts.join(", "))
}

#[expect(clippy::cast_precision_loss, reason = "times for people to read")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
