//! Measures a quiet workspace alone, and then beside attacks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use usher_store::Durability;
use usher_tests::stack::processes::{Launch, ROLES};
use usher_tests::stack::{Processes, Workspace};
use usher_tests::usage;

use crate::quiet::{Figures, Quiet};

/// The duration of each measurement.
const TIME: Duration = Duration::from_millis(1_500);
/// How much slower the quiet workspace may become.
const SLOWER: u32 = 5;
/// No faster request counts as slow. The attackers, four roles without optimisation, PostgreSQL and everything else
/// share two cores, so that some tens of milliseconds say nothing about Usher; a successful attack costs seconds.
/// `make hostile`, which makes a release build, sets a lower value.
const FLOOR: Duration = Duration::from_secs(2);
/// Sets the floor, in milliseconds.
const FLOOR_VARIABLE: &str = "USHER_HOSTILE_FLOOR";
/// The maximum growth of a role's peak memory during an attack, in MiB.
const GROWTH: u64 = 128;
/// The same for all attacks together.
const GROWTH_OF_ALL: u64 = 2 * GROWTH;

/// A running Usher that is attacked while it is measured.
pub(crate) struct Siege {
    processes: Processes,
    quiet: Arc<Quiet>,
    /// The p99 beyond which the quiet workspace is disturbed.
    limit: Duration,
    alone: Duration,
    memory: BTreeMap<&'static str, u64>,
}

impl Siege {
    /// Starts Usher with the limits of a new installation, and measures the quiet workspace.
    pub(crate) async fn begin() -> Self {
        Self::begin_with(None).await
    }

    /// The same with a limit on descriptors for each role.
    pub(crate) async fn begin_with(descriptors: Option<u32>) -> Self {
        let launch = Launch { usual_rates: true, descriptors, ..Launch::unlimited(Durability::Relaxed) };
        let processes = Processes::start_as(launch).await;
        let quiet = Arc::new(Quiet::new(&processes).await);
        let figures = measure(&quiet).await;
        assert_eq!(figures.failures, Vec::<String>::new(), "without any attack");
        let memory = usage::memory(&processes).unwrap();
        let floor = floor();
        let alone = figures.p99();
        Self { processes, quiet, limit: floor.unwrap_or(FLOOR).max(alone * SLOWER), alone, memory }
    }

    pub(crate) const fn processes(&self) -> &Processes {
        &self.processes
    }

    /// The workspace of an attacker.
    pub(crate) async fn attacker(&self, slug: &str) -> Workspace {
        self.processes.workspace(slug).create().await
    }

    /// Measures the quiet workspace beside an attack, which continues until the measurement is done.
    ///
    /// # Panics
    /// A request of the quiet workspace fails or is slow, or the memory of a role grows.
    pub(crate) async fn withstands(&self, attack: &str, harm: impl Future<Output = ()>) {
        let memory = usage::memory(&self.processes).unwrap();
        for role in ROLES {
            usage::reset_peak(&self.processes, role).unwrap();
        }
        let figures = tokio::select! {
            biased;
            () = harm => panic!("{attack}: the attack ended by itself"),
            figures = measure(&self.quiet) => figures,
        };
        let (p99, limit) = (figures.p99(), self.limit);
        println!("{attack}: p99 {p99:?} of {} requests, {:?} alone", figures.requests(), self.alone);
        assert_eq!(
            figures.failures,
            Vec::<String>::new(),
            "{attack}: requests of the quiet workspace failed"
        );
        assert!(p99 <= limit, "{attack}: the quiet workspace's p99 is {p99:?}, more than {limit:?}");
        for role in ROLES {
            let (first, before) = (self.memory[role], memory[role]);
            let peak = usage::peak(&self.processes, role).unwrap();
            println!("  {role}: {first} MiB at first, {before} before, at most {peak}");
            let max = (before + GROWTH).min(first + GROWTH_OF_ALL);
            assert!(
                peak <= max,
                "{attack}: {role} had {first} MiB at first, {before} before, and then {peak}"
            );
        }
    }
}

async fn measure(quiet: &Arc<Quiet>) -> Figures {
    let quiet = Arc::clone(quiet);
    tokio::task::spawn_blocking(move || quiet.measure(TIME)).await.unwrap()
}

/// Returns the configured floor, or `None` if none is configured.
#[expect(clippy::disallowed_methods, reason = "a test can only be configured by its environment")]
fn floor() -> Option<Duration> {
    std::env::var(FLOOR_VARIABLE).ok().map(|text| Duration::from_millis(text.parse().unwrap()))
}
